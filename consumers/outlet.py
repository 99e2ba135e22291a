"""The way out of a connection: frames in order, joined per turn of the loop where the server takes prepared bytes.

Our servers put an extension in the scope, of three calls: `pending()` bytes not yet handed to the kernel, `write(bytes)`,
`abort()`. Elsewhere frames go through ASGI's own `send`, one after another.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from messaging.protocol.batch import EventBatch, prepare_frame

logger = logging.getLogger(__name__)

EXTENSION = "onesocket"

AsgiSend = Callable[[dict[str, Any]], Awaitable[None]]


class Transport(Protocol):
    """The ASGI extension of our servers."""

    def pending(self) -> int:
        """Return how many bytes wait for the peer to read."""

    def write(self, data: bytes) -> bool:
        """Write prepared WebSocket frames; tell whether the connection took them."""

    def abort(self) -> None:
        """Cut the connection."""


class Bounds(Protocol):
    """What a connection may leave unread, in bytes: it falls when more connections share what the process keeps."""

    pending_most: int


class Outlet(Protocol):
    """Where frames go, in order."""

    @property
    def room(self) -> int:
        """How many bytes more are kept for a peer that does not read; without room events wait in the log."""

    def send(self, payload: bytes) -> None:
        """Send one frame."""

    def send_batch(self, batch: EventBatch) -> None:
        """Send the frames of a batch."""


class PreparedOutlet:
    """Writes prepared frames to the transport, those of one turn of the loop at once."""

    def __init__(self, transport: Transport, bounds: Bounds) -> None:
        self._transport = transport
        self._bounds = bounds
        self._buffer: list[bytes] = []
        self._buffered = 0
        self._sealed = False
        # How many frames were taken.
        self.frames = 0
        self._loop = asyncio.get_running_loop()

    @property
    def room(self) -> int:
        """How many bytes more are kept for the peer; 0 or less: events wait in the log."""
        return self._bounds.pending_most - self._buffered - self._transport.pending()

    def send(self, payload: bytes) -> None:
        """Send one frame."""
        self._write(prepare_frame(payload), 1)

    def send_batch(self, batch: EventBatch) -> None:
        """Send the frames of a batch, prepared once for all receivers."""
        self._write(batch.prepared, len(batch))

    def _write(self, data: bytes, frames: int) -> None:
        if self._sealed:
            return
        self.frames += frames
        if not self._buffer:
            self._loop.call_soon(self._flush)
        self._buffer.append(data)
        self._buffered += len(data)

    def _flush(self) -> None:
        data, self._buffer, self._buffered = b"".join(self._buffer), [], 0
        if data:
            self._transport.write(data)

    async def flush(self) -> None:
        """Return when everything sent was handed to the transport."""
        self._flush()

    def give_up(self) -> None:
        """Hand over nothing more."""
        self._buffer, self._buffered = [], 0

    def seal(self) -> None:
        """Take nothing more; what was sent goes out."""
        self._sealed = True


class PlainOutlet:
    """Sends text messages through ASGI, in order, from a task of its own."""

    def __init__(self, send: AsgiSend, bounds: Bounds) -> None:
        self._send = send
        self._bounds = bounds
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._sealed = False
        # How many frames were taken.
        self.frames = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def room(self) -> int:
        """How many bytes more are kept for the peer; it falls only where the server makes `send` wait for the peer."""
        return self._bounds.pending_most - self._waiting_bytes

    def send(self, payload: bytes) -> None:
        """Send one frame."""
        if self._sealed:
            return
        self.frames += 1
        self._waiting.append(payload)
        self._waiting_bytes += len(payload)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def send_batch(self, batch: EventBatch) -> None:
        """Send the frames of a batch."""
        for frame in batch.frames:
            self.send(frame)

    async def _run(self) -> None:
        try:
            while self._waiting:
                payload = self._waiting.popleft()
                await self._send({"type": "websocket.send", "text": payload.decode()})
                self._waiting_bytes -= len(payload)
        except Exception:
            # Servers differ in what they raise for a peer that has gone; its disconnect follows.
            self._waiting.clear()
            self._waiting_bytes = 0
            logger.debug("A frame was not sent.", exc_info=True)
        finally:
            self._task = None

    def give_up(self) -> None:
        """Hand over nothing more."""
        self._waiting.clear()
        self._waiting_bytes = 0
        if self._task is not None:
            self._task.cancel()

    async def flush(self) -> None:
        """Return when everything sent was handed to the server."""
        while self._task is not None:
            await asyncio.wait([self._task])

    def seal(self) -> None:
        """Take nothing more; what was sent goes out."""
        self._sealed = True


AnyOutlet = PreparedOutlet | PlainOutlet


def make_outlet(scope: dict[str, Any], send: AsgiSend, bounds: Bounds) -> AnyOutlet:
    """Return the best way out that the server offers."""
    transport = scope.get("extensions", {}).get(EXTENSION)
    return PlainOutlet(send, bounds) if transport is None else PreparedOutlet(transport, bounds)
