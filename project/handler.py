"""Django's handler of HTTP requests, on threads that are kept from one request to the next.

Django's own starts a thread for each request, which makes objects of its own for the database and the cache; and it goes
to that thread and back for each half of each synchronous middleware, and for the view.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
from asgiref.sync import ThreadSensitiveContext, iscoroutinefunction
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_started
from django.db import close_old_connections, connections, reset_queries

# Idle threads beyond these end: they are there after a storm.
_KEPT = 16


class Handler(ASGIHandler):
    """An ASGI application for HTTP; a request has a thread to itself for as long as it lasts.

    Asynchronous middleware stands before all that is synchronous: it answers on the loop. The rest is one trip to the thread.
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
        return super().adapt_method_mode(is_async, method, *args, **kwargs)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer one request."""
        thread = self._idle.pop() if self._idle else ThreadPoolExecutor(1, thread_name_prefix="http")
        is_answered = False

        async def send_on(message: Mapping[str, Any]) -> None:
            nonlocal is_answered
            await send(message)
            is_answered = message["type"] == "http.response.body" and not message.get("more_body")

        try:
            async with ThreadSensitiveContext(executor=thread):
                await self.handle(scope, receive, send_on)
        finally:
            # One whose client has gone may be at work still.
            if is_answered and len(self._idle) < _KEPT:
                self._idle.append(thread)
            else:
                thread.submit(connections.close_all)
                thread.shutdown(wait=False)


def get_handler() -> Handler:
    """Set Django up and return its handler."""
    django.setup(set_prefix=False)
    # A request leaves its thread in order: what Django does at the beginning of the next would be a trip for nothing.
    for receiver in (reset_queries, close_old_connections):
        request_started.disconnect(receiver)
    return Handler()
