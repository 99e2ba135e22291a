"""A user's way to the cluster: each connection goes to some server that is up, as behind a balancer without stickiness.

Every user has a door of its own, so that one user's network can fail: a reader that stalls, a socket cut in mid-frame.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress

from tests.faults.cluster import Node

_CHUNK = 65_536
# What a client asks a balancer for when it opens a socket.
_SOCKET_REQUEST = b"GET /ws/"


class Door:
    """Listens on a local port and passes each connection on to a server that takes it."""

    def __init__(
        self, nodes: Sequence[Node], draw: random.Random, *, on_socket: Callable[[str], None] = lambda _name: None
    ) -> None:
        """Take `on_socket`: told the name of the server that the next WebSocket leads to."""
        self._nodes = nodes
        self._draw = draw
        self._on_socket = on_socket
        self._reading = asyncio.Event()
        self._reading.set()
        self._cut_next = False
        self._links: set[asyncio.Task[None]] = set()
        self._sockets: set[asyncio.Task[None]] = set()

    async def open(self) -> str:
        """Listen, and return the address."""
        self._listener = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Listen no more and cut what is open."""
        self._listener.close()
        self._reading.set()
        links = set(self._links)
        self.sever()
        for link in links:
            link.cancel()
        if links:
            await asyncio.wait(links)

    def sever(self) -> None:
        """Cut the user's WebSockets without a word."""
        for link in self._sockets:
            link.cancel()

    def cut_in_mid_frame(self) -> None:
        """Let half of what the client sends next through, and cut the socket."""
        self._cut_next = True

    def stall(self) -> None:
        """Pass on nothing that a server sends over a WebSocket."""
        self._reading.clear()

    def read_on(self) -> None:
        """Pass on what was kept."""
        self._reading.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        with suppress(OSError, asyncio.CancelledError, ExceptionGroup):
            await self._join(link, reader, writer)
        self._links.discard(link)
        self._sockets.discard(link)
        writer.transport.abort()

    async def _join(self, link: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.read(_CHUNK)
        is_socket = first.startswith(_SOCKET_REQUEST)
        node, far_reader, far_writer = await self._connect()
        if is_socket:
            self._sockets.add(link)
            self._on_socket(node.name)
        try:
            far_writer.write(first)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, far_writer, link=link if is_socket else None))
                group.create_task(self._pass(far_reader, writer, stalls=is_socket))
        finally:
            far_writer.transport.abort()

    async def _connect(self) -> tuple[Node, asyncio.StreamReader, asyncio.StreamWriter]:
        """Try the servers in any order, those known to be down not at all."""
        up = [node for node in self._nodes if node.up]
        for node in self._draw.sample(up, len(up)):
            with suppress(OSError):
                return node, *await asyncio.open_connection("127.0.0.1", node.server.port)
        raise ConnectionRefusedError

    async def _pass(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        *,
        link: asyncio.Task[None] | None = None,
        stalls: bool = False,
    ) -> None:
        while data := await source.read(_CHUNK):
            if stalls:
                await self._reading.wait()
            if link is not None and self._cut_next:
                self._cut_next = False
                sink.write(data[: max(1, len(data) // 2)])
                await sink.drain()
                link.cancel()
                return
            sink.write(data)
            await sink.drain()
        with suppress(OSError):
            sink.write_eof()
