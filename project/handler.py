"""Django's handler of HTTP requests, on threads that are kept from one request to the next.

Django's own starts a thread for each request, which makes objects of its own for the database and the cache.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import django
from asgiref.sync import ThreadSensitiveContext
from django.core.handlers.asgi import ASGIHandler
from django.db import connections

# Idle threads beyond these end: they are there after a storm.
_KEPT = 16


class Handler(ASGIHandler):
    """An ASGI application for HTTP; a request has a thread to itself for as long as it lasts."""

    def __init__(self) -> None:
        super().__init__()
        self._idle: deque[ThreadPoolExecutor] = deque()

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
    return Handler()
