"""A TCP proxy that a test breaks and heals: what stands between a server and its database, its Redis or its clients."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Self

# So many bytes are one chunk, and so many chunks are under way in one direction; what is beyond them is not read.
_CHUNK, _CHUNKS = 65_536, 16
# A socket that lingers for no time is closed with a reset.
_RESET = struct.pack("ii", 1, 0)

_Chunks = asyncio.Queue[tuple[float, bytes]]


class Proxy:
    """Passes each connection on to `host`:`port`; faults act on all connections, at once and until `heal` ends them."""

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self._upstream = host, port
        self._cut = False
        self._delay = 0.0
        self._passing = asyncio.Event()
        self._passing.set()
        self._links: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on a free port of the loopback, which is then `port`."""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._accepting = asyncio.create_task(self._accept_forever())

    async def close(self) -> None:
        """Listen no more and reset what is open."""
        self._accepting.cancel()
        self.sever()
        await asyncio.wait([self._accepting, *self._links])
        self._listener.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    def cut(self) -> None:
        """Reset every connection, and each that is tried."""
        self._cut = True
        self.sever()

    def sever(self) -> None:
        """Reset every connection there is; later ones pass."""
        for link in self._links:
            link.cancel()

    def stall(self) -> None:
        """Pass nothing in either direction; connections stay open, others are accepted, and what is sent is kept."""
        self._passing.clear()

    def delay(self, seconds: float) -> None:
        """Pass every chunk so much later, in order."""
        self._delay = seconds

    def heal(self) -> None:
        """End all faults; what was stalled goes on."""
        self._cut = False
        self._delay = 0.0
        self._passing.set()

    async def _accept_forever(self) -> None:
        while True:
            near, _ = await asyncio.get_running_loop().sock_accept(self._listener)
            if self._cut:
                _reset(near)
                continue
            link = asyncio.create_task(self._join(near))
            self._links.add(link)
            link.add_done_callback(self._links.discard)
            # A task that is cancelled before its first step closes nothing itself.
            link.add_done_callback(lambda _link, near=near: _reset(near))  # type: ignore[misc]

    async def _join(self, near: socket.socket) -> None:
        far = socket.socket()
        far.setblocking(False)
        close: Callable[[socket.socket], None] = _reset
        try:
            await self._passing.wait()
            await asyncio.get_running_loop().sock_connect(far, self._upstream)
            async with asyncio.TaskGroup() as group:
                for source, sink in ((near, far), (far, near)):
                    chunks = _Chunks(_CHUNKS)
                    group.create_task(self._read(source, chunks))
                    group.create_task(self._write(sink, chunks))
            # Both ends have closed; a reset would take from them what they have not read yet.
            close = socket.socket.close
        except* OSError:
            pass  # one end is gone: the other learns of it by the reset
        finally:
            close(near)
            close(far)

    async def _read(self, source: socket.socket, chunks: _Chunks) -> None:
        loop, data = asyncio.get_running_loop(), b"-"
        while data:
            await self._passing.wait()
            data = await loop.sock_recv(source, _CHUNK)
            await chunks.put((loop.time() + self._delay, data))

    async def _write(self, sink: socket.socket, chunks: _Chunks) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await chunks.get()
            await asyncio.sleep(due - loop.time())
            await self._passing.wait()
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            await loop.sock_sendall(sink, data)


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    end.close()
