"""What one server process runs beside its sockets: publisher, writer, log reader, beat and sweep.

A `Runtime` belongs to one event loop; it starts with the first scope that the process serves (Daphne has no lifespan) and
is stopped by the server or by lifespan.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any

from messaging.conf import get_limits
from messaging.connections.beat import Beat
from messaging.connections.local import LocalConnections
from messaging.errors import ChatError, Unavailable
from messaging.fanout import Publication, Publisher
from messaging.log import Outcome, Write
from messaging.protocol.codes import CloseCode
from messaging.reader import LogReader
from messaging.writer import Writer

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Runtime:
    """The parts of one server process, in the order they depend on each other."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.connections = LocalConnections()
        self.publisher = Publisher()
        self.writer = Writer(self.publisher)
        self.reader = LogReader()
        self.beat = Beat(self.connections)
        self.draining = False
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` in the background, past the end of the connection that asked for it."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def write_from_thread(self, write: Write) -> Outcome:
        """Write from another thread of this process and wait for the answer; raises ChatError."""
        future: Future[Outcome | ChatError] = Future()
        self.loop.call_soon_threadsafe(self._submit, write, future)
        try:
            outcome = future.result(timeout=get_limits().answer_seconds)
        except TimeoutError:
            raise Unavailable(retry_after=1.0) from None
        if isinstance(outcome, ChatError):
            raise outcome
        return outcome

    def _submit(self, write: Write, future: Future[Outcome | ChatError]) -> None:
        try:
            self.writer.submit(write, lambda outcome, _epoch: future.set_result(outcome))
        except ChatError as error:
            future.set_result(error)

    def publish_from_thread(self, publications: list[Publication]) -> None:
        """Publish from another thread of this process."""
        self.loop.call_soon_threadsafe(self.publisher.publish, publications)

    async def drain(self) -> None:
        """Send every connection away to another process, answer what is written, publish it and release the claims.

        Clients are told to come back at moments spread over some seconds, so that they do not arrive all at once.
        """
        self.draining = True
        for connection in self.connections:
            spread = random.uniform(0.1, get_limits().drain_retry_seconds)  # noqa: S311
            connection.end(CloseCode.DRAINING, retry_after=round(spread, 2))
        await self.writer.drain()
        await self.publisher.drain()

    async def settle(self) -> None:
        """Return when what connections left behind is done: claims released, groups left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=get_limits().drain_seconds)

    async def stop(self) -> None:
        """End the background work, after what is still under way."""
        global _runtime
        await self.settle()
        await self.writer.drain()
        await self.publisher.drain()
        await self.beat.stop()
        self.writer.close()
        if _runtime is self:
            _runtime = None


_runtime: Runtime | None = None


def get_runtime() -> Runtime | None:
    """Return the runtime of this process, or None where none is running."""
    return _runtime


def ensure_runtime() -> Runtime:
    """Return the runtime of the running loop; the first call starts it."""
    global _runtime
    if _runtime is None or _runtime.loop is not asyncio.get_running_loop():
        _runtime = Runtime()
        _runtime.beat.start()
    return _runtime


def with_runtime(application: Application) -> Application:
    """Wrap an ASGI application so that the first scope starts the runtime and lifespan, where there is one, ends it."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        runtime = ensure_runtime()
        if scope["type"] == "lifespan":
            await _live(runtime, receive, send)
        else:
            await application(scope, receive, send)

    return serve


async def _live(runtime: Runtime, receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await runtime.drain()
            await runtime.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
