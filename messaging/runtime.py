"""What one server process runs beside its sockets: publisher, writer, signals, log reader, beat, sweep, tail watcher,
presence watcher, canary.

A `Runtime` belongs to one event loop; it starts with the first scope that the process serves (Daphne has no lifespan) and
is stopped by the server or by lifespan.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Any

from messaging.canary import Canary
from messaging.conf import get_limits
from messaging.connections.beat import Beat
from messaging.connections.local import LocalConnections, send_away
from messaging.errors import ChatError, Unavailable
from messaging.fanout import Publication, Publisher
from messaging.presence import PresenceWatcher
from messaging.reader import LogReader
from messaging.signals import SignalSender
from messaging.tail import TailWatcher
from messaging.write import Outcome, Write
from messaging.writer import Writer

logger = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
# How often an end that nobody tells of is looked for; and how many connections are sent away between two looks.
_LOOK_SECONDS = 0.02
_SENT_AWAY_AT_ONCE = 100

Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class Seat:
    """What one WebSocket takes of a process: entered before its handshake begins, left when it has ended."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._opening = False

    def __enter__(self) -> Seat:
        self._opening = True
        self._runtime.sockets += 1
        self._runtime.sockets_opening += 1
        return self

    def opened(self) -> None:
        """Take note that the connection is ready."""
        if self._opening:
            self._opening = False
            self._runtime.sockets_opening -= 1

    def __exit__(self, *_error: object) -> None:
        self.opened()
        self._runtime.sockets -= 1


class Runtime:
    """The parts of one server process, in the order they depend on each other."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.connections = LocalConnections()
        self.publisher = Publisher()
        self.signals = SignalSender()
        self.writer = Writer(self.publisher, self.signals)
        self.reader = LogReader()
        self.beat = Beat(self.connections)
        self.tail = TailWatcher()
        self.presence = PresenceWatcher()
        self.canary = Canary(self.beat.node, self._rejoin)
        self.draining = False
        # Held while a connection is opened: a storm of them waits here, and not in front of everybody else's work.
        self._openings = asyncio.Semaphore(get_limits().openings_at_once)
        # Sockets from before their handshake to their end; and those of them that are not ready yet.
        self.sockets = 0
        self.sockets_opening = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        # Writes that threads wait for. After the end none is taken any more: it would never be answered.
        self._asked: set[Future[Outcome | ChatError]] = set()
        self._ended = False

    def start(self) -> None:
        """Begin the background work."""
        self.beat.start()
        self.tail.start()
        self.presence.start()
        self.canary.start()

    @property
    def unready(self) -> list[str]:
        """Why this process should get no visitors, in words for its operators; empty where it should."""
        return ["draining"] * self.draining + ["database"] * (not self.beat.answered)

    @property
    def degraded(self) -> list[str]:
        """What does not work and is made up for."""
        return ["channel_layer"] * self.canary.deaf

    @property
    def is_full(self) -> bool:
        """Whether no more connections are to be opened here, for the moment."""
        limits = get_limits()
        return (
            self.draining
            or self.sockets >= limits.connections
            or self.sockets_opening >= limits.openings_waiting + limits.openings_at_once
        )

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[None]:
        """Take one's turn at the work that opens a connection."""
        async with self._openings:
            yield

    async def _rejoin(self) -> None:
        for connection in self.connections:
            await connection.rejoin()

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run `work` in the background, past the end of the connection that asked for it."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def write_from_thread(self, write: Write) -> Outcome:
        """Write from another thread of this process and wait for the answer; raises ChatError."""
        future: Future[Outcome | ChatError] = Future()
        self._asked.add(future)
        try:
            # After the line above: an end that comes now finds the future.
            if self._ended:
                raise Unavailable(retry_after=1.0)
            self.loop.call_soon_threadsafe(self._submit, write, future)
            outcome = future.result(timeout=get_limits().answer_seconds)
        except (TimeoutError, RuntimeError):
            # In vain, or the loop is closed.
            raise Unavailable(retry_after=1.0) from None
        finally:
            self._asked.discard(future)
        if isinstance(outcome, ChatError):
            raise outcome
        return outcome

    def _submit(self, write: Write, future: Future[Outcome | ChatError]) -> None:
        try:
            self.writer.submit(write, lambda outcome, _batch: _settle(future, outcome))
        except ChatError as error:
            _settle(future, error)

    def _release_threads(self) -> None:
        """Let no thread wait for a loop that ends: the process would wait for the thread."""
        self._ended = True
        for future in list(self._asked):
            _settle(future, Unavailable(retry_after=1.0))

    def publish_from_thread(self, publications: list[Publication]) -> None:
        """Publish from another thread of this process."""
        self.loop.call_soon_threadsafe(self.publisher.publish, publications)

    async def drain(self) -> None:
        """Read no more, answer what was read, and send every connection away to another process.

        Where the database does not answer, half of the time is spent on it.
        """
        self.draining = True
        deadline = self.loop.time() + get_limits().drain_seconds / 2
        await self._within(self._finish())
        while self.loop.time() < deadline and any(connection.unanswered for connection in self.connections):  # noqa: ASYNC110
            # What is committed is answered in its place in the stream: something smaller may still be missing there.
            await asyncio.sleep(_LOOK_SECONDS)
        await self._send_away()

    async def _within(self, work: Coroutine[Any, Any, None]) -> None:
        """Give `work`, which may wait for a database that is away, half of the time for the end; it goes on after that."""
        await asyncio.wait([self.spawn(work)], timeout=get_limits().drain_seconds / 2)

    async def _finish(self) -> None:
        await self.writer.drain()
        await self.publisher.drain()
        await self.signals.drain()

    async def _send_away(self) -> None:
        """Say goodbye to some after some: a thousand reconnections at the same moment would be a storm elsewhere."""
        connections = list(self.connections)
        slices = math.ceil(len(connections) / _SENT_AWAY_AT_ONCE)
        pause = min(_LOOK_SECONDS, get_limits().drain_seconds / 4 / max(slices, 1))
        for start in range(0, len(connections), _SENT_AWAY_AT_ONCE):
            for connection in connections[start : start + _SENT_AWAY_AT_ONCE]:
                send_away(connection)
            await asyncio.sleep(pause)

    async def settle(self) -> None:
        """Return when what connections left behind is done: claims released, groups left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=get_limits().drain_seconds)

    async def stop(self) -> None:
        """End the background work, after what is still under way."""
        global _runtime
        try:
            await self.settle()
            await self._within(self._finish())
            await asyncio.gather(self.tail.stop(), self.presence.stop(), self.canary.stop())
            await self._within(self.beat.stop())
        finally:
            self._release_threads()
            self.writer.close()
            self.signals.close()
            if _runtime is self:
                _runtime = None


def _settle(future: Future[Outcome | ChatError], outcome: Outcome | ChatError) -> None:
    if not future.done():
        future.set_result(outcome)


_runtime: Runtime | None = None


def get_runtime() -> Runtime | None:
    """Return the runtime of this process, or None where none is running."""
    return _runtime


def ensure_runtime() -> Runtime:
    """Return the runtime of the running loop; the first call starts it."""
    global _runtime
    if _runtime is None or _runtime.loop is not asyncio.get_running_loop():
        _runtime = Runtime()
        _runtime.start()
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
