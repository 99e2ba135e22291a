"""What a peer says, one message after another; and whether it is still there, while something is done that takes long."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from channels.exceptions import StopConsumer

T = TypeVar("T")
Message = dict[str, Any]

# Messages that are read while one is still being carried out; after them nobody looks whether the peer is gone.
_AHEAD_MOST = 16


class Inbox:
    """The messages of one ASGI `receive`, in order."""

    def __init__(self, receive: Callable[[], Awaitable[Message]]) -> None:
        self._receive = receive
        self._ahead: deque[Message] = deque()
        # A read that was begun and not finished: what it brings is the next message.
        self._reading: asyncio.Future[Message] | None = None
        # With what code the peer left while something was done for it.
        self.left_with: int | None = None

    async def take(self) -> Message:
        """Return the next message."""
        if self._ahead:
            return self._ahead.popleft()
        if self._reading is not None:
            reading, self._reading = self._reading, None
            return await reading
        return await self._receive()

    async def unless_gone(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what `work` returns; where the peer leaves first it is cancelled, and StopConsumer raised."""
        task = asyncio.ensure_future(work)
        try:
            while not task.done() and len(self._ahead) < _AHEAD_MOST:
                self._reading = self._reading or asyncio.ensure_future(self._receive())
                both: set[asyncio.Future[Any]] = {task, self._reading}
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                self._keep_what_came()
            return await task
        finally:
            task.cancel()

    def _keep_what_came(self) -> None:
        if self._reading is None or not self._reading.done():
            return
        message, self._reading = self._reading.result(), None
        if message["type"] == "websocket.disconnect":
            self.left_with = message.get("code")
            raise StopConsumer
        self._ahead.append(message)

    def close(self) -> None:
        """Read nothing more."""
        if self._reading is not None:
            self._reading.cancel()
