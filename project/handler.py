"""Django's handler of HTTP requests, on threads that are kept from one request to the next.

Django's own starts a thread for each request, which makes objects of its own for the database and the cache; and it goes
to that thread and back for each half of each synchronous middleware, and for the view. Where a server gives a request up,
Django's leaves its tasks behind and the client without an answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import django
from asgiref.sync import ThreadSensitiveContext, iscoroutinefunction
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_started
from django.db import close_old_connections, connections, reset_queries
from django.http import HttpResponse

# Idle threads beyond these end: they are there after a storm.
_KEPT = 16
# For Django's side of a request that is given up to end.
_END_SECONDS = 0.1

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Handler(ASGIHandler):
    """An ASGI application for HTTP; a request has a thread to itself for as long as it lasts.

    One that the server cancels is refused with 503, if its answer has not begun, and ends well. Asynchronous middleware
    stands before all that is synchronous: it answers on the loop. The rest is one trip to the thread.
    """

    _middleware_chain: Any

    def __init__(self) -> None:
        super().__init__()
        self._idle: deque[ThreadPoolExecutor] = deque()

    def load_middleware(self, is_async: bool = False) -> None:
        """Load what can be synchronous as such, the view first."""
        super().load_middleware(is_async=False)
        self._middleware_chain = self.adapt_method_mode(is_async, self._middleware_chain)

    def adapt_method_mode(self, is_async: bool, method: Any, *args: Any, **kwargs: Any) -> Callable[..., Any]:
        """Leave what is asynchronous as it is: nothing synchronous stands before it."""
        if iscoroutinefunction(method):
            return method  # type: ignore[no-any-return]
        return super().adapt_method_mode(is_async, _in_order(method) if is_async else method, *args, **kwargs)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request."""
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="http")
        exchange = _Exchange(receive, send)
        try:
            async with ThreadSensitiveContext(executor=thread):
                await self._serve(scope, exchange, send)
        finally:
            # One whose client has gone, or that was given up, may be at work still.
            if exchange.is_answered and len(self._idle) < _KEPT:
                self._idle.append(thread)
            else:
                thread.submit(connections.close_all)
                thread.shutdown(wait=False)

    async def _serve(self, scope: dict[str, Any], exchange: _Exchange, send: Send) -> None:
        # A task of its own: a cancellation would take Django's away from under its children, which nobody then ends.
        serving = asyncio.create_task(self.handle(scope, exchange.receive, exchange.send))
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            if not exchange.give_up():
                await self.send_response(_refuse(), send)
            # It cleans up in its thread, which may be at work for long.
            with suppress(TimeoutError):
                await asyncio.wait_for(serving, _END_SECONDS)


def _in_order(method: Callable[..., Any]) -> Callable[..., Any]:
    """Have what goes to the thread leave it in order: who reads an answer slowly must not keep a connection of the pool."""

    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return method(*args, **kwargs)
        finally:
            close_old_connections()

    return call


class _Exchange:
    """The messages of one request and its answer; one that is given up looks to Django like one whose client has gone."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._receiving: asyncio.Task[Any] | None = None
        self._is_given_up = False
        self._has_begun = False
        self.is_answered = False

    async def receive(self) -> Message:
        """Return the next message of the client."""
        self._receiving = asyncio.current_task()
        try:
            return {"type": "http.disconnect"} if self._is_given_up else await self._receive()
        except asyncio.CancelledError:
            if not self._is_given_up:
                raise
            return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on."""
        if self._is_given_up and not self._has_begun:
            return
        self._has_begun = True
        await self._send(message)
        self.is_answered = message["type"] == "http.response.body" and not message.get("more_body")

    def give_up(self) -> bool:
        """Let Django's side end; return whether the answer has begun. One that has not is not Django's any more."""
        self._is_given_up = True
        if self._receiving is not None:
            self._receiving.cancel()
        return self._has_begun


def _refuse() -> HttpResponse:
    # Not at the top: Django is set up after this module is loaded.
    from messaging.api.errors import given_up

    return given_up()


def get_handler() -> Handler:
    """Set Django up and return its handler."""
    django.setup(set_prefix=False)
    # A request leaves its thread in order: what Django does at the beginning of the next would be a trip for nothing.
    for receiver in (reset_queries, close_old_connections):
        request_started.disconnect(receiver)
    return Handler()
