"""A server as a test writes it: REST answers and sockets from a script, over a real port.

It keeps no rules of its own: what a client may expect is in the test that plays the server.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.frames import Frame as WebSocketFrame
from websockets.frames import Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from tests.client.server_frames import ack, error, ready_frame

PATIENCE = 5.0


@dataclass
class Call:
    """One REST call as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass
class Reply:
    """One answer of the script."""

    status: int
    body: Any = None
    headers: tuple[str, ...] = ()
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)


class Socket:
    """The server's end of one WebSocket."""

    def __init__(self, protocol: ServerProtocol, writer: asyncio.StreamWriter, request: Request) -> None:
        self.request = request
        self.protocol = protocol
        self.close_code: int | None = None
        self.ended = asyncio.Event()
        self._writer = writer
        self._frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def next(self) -> dict[str, Any]:
        """Return the next frame."""
        async with asyncio.timeout(PATIENCE):
            return await self._frames.get()

    async def expect(self, kind: str) -> dict[str, Any]:
        """Return the next frame, which is of this kind."""
        frame = await self.next()
        assert frame["type"] == kind
        return frame

    def nothing(self) -> bool:
        """Tell whether no frame waits to be expected."""
        return self._frames.empty()

    async def send(self, frame: dict[str, Any]) -> None:
        """Send a frame."""
        await self.raw(json.dumps(frame))

    async def raw(self, text: str) -> None:
        """Send a text as it stands."""
        self.protocol.send_text(text.encode())
        self.flush()

    async def welcome(self, *chats: tuple[int, int, int], caught_up: bool = True, **ready: Any) -> dict[str, Any]:
        """Take the hello and answer `ready` with (chat, head, from) and whatever else is said."""
        hello = await self.expect("hello")
        await self.send(ready_frame(*chats, id=hello["id"], **ready))
        if caught_up:
            await self.send({"type": "caught_up"})
        return hello

    async def ack(self, command: dict[str, Any], seq: int, **more: Any) -> None:
        """Confirm a write."""
        await self.send(ack(command, seq, **more))

    async def refuse(self, command: dict[str, Any], status: int, code: str, **more: Any) -> None:
        """Answer a command with an error."""
        await self.send(error(command, status, code, **more))

    async def close(self, code: int, *, bye: bool = False, **more: Any) -> None:
        """Close, with or without a `bye` before."""
        if bye:
            await self.send({"type": "bye", "code": code, "reason": "test", **more})
        self.protocol.send_close(code)
        self.flush()

    def cut(self) -> None:
        """Cut the line."""
        self._writer.transport.abort()

    async def closed(self) -> int | None:
        """Wait until the client has ended the socket, and return its close code."""
        async with asyncio.timeout(PATIENCE):
            await self.ended.wait()
        return self.close_code

    def flush(self) -> None:
        """Write what the protocol wants to be written."""
        for data in self.protocol.data_to_send():
            if data and not self._writer.is_closing():
                self._writer.write(data)

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Read until the end of the line."""
        while not self.ended.is_set():
            data = await reader.read(65536)
            if data:
                self.protocol.receive_data(data)
            else:
                self.protocol.receive_eof()
                self.ended.set()
            self._take()
            self.flush()
            if self.protocol.close_expected():
                self.ended.set()

    def _take(self) -> None:
        for event in self.protocol.events_received():
            assert isinstance(event, WebSocketFrame)
            if event.opcode is Opcode.TEXT:
                self._frames.put_nowait(json.loads(bytes(event.data)))
            elif event.opcode is Opcode.CLOSE:
                self.close_code = int.from_bytes(bytes(event.data[:2]), "big") or None


class Server:
    """A base URL with a script behind it; what is not in the script goes well."""

    def __init__(self) -> None:
        self.base_url = ""
        self.calls: list[Call] = []
        self._script: defaultdict[str, deque[Reply]] = defaultdict(deque)
        self._sockets: asyncio.Queue[Socket] = asyncio.Queue()
        self._tokens = 0

    async def socket(self) -> Socket:
        """Return the next socket that a client has opened."""
        async with asyncio.timeout(PATIENCE):
            return await self._sockets.get()

    async def welcomed(self, *chats: tuple[int, int, int]) -> Socket:
        """Return the next socket, in these chats or in chat 7."""
        socket = await self.socket()
        await socket.welcome(*(chats or ((7, 0, 1),)))
        return socket

    def no_socket(self) -> bool:
        """Tell whether no further socket was opened."""
        return self._sockets.empty()

    def reply(self, route: str, status: int, body: Any = None, *headers: str, held: bool = False) -> Reply:
        """Answer the next call of `route` ("GET /api/chats/") this way, if `held` once its gate is opened."""
        reply = Reply(status, body, headers)
        if not held:
            reply.gate.set()
        self._script[route].append(reply)
        return reply

    def refuse(self, route: str, status: int, code: str, *headers: str, **more: Any) -> None:
        """Answer the next call of `route` with an error object."""
        body = {"status": status, "code": code, "detail": "", "retry": status in (429, 500, 503), **more}
        self.reply(route, status, {"error": body}, *headers)

    def called(self, route: str) -> list[Call]:
        """Return the calls of one route."""
        return [call for call in self.calls if f"{call.method} {call.path}" == route]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one TCP connection."""
        try:
            while head := await _head(reader):
                call = await _call(head, reader)
                self.calls.append(call)
                reply = await self._reply(call)
                if call.path == "/ws/" and reply.status == 101:
                    await self._upgrade(head, reader, writer)
                    return
                _write(writer, reply)
        except ConnectionError:
            pass  # a client may cut the line whenever it likes
        finally:
            writer.close()

    async def _upgrade(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = ServerProtocol(select_subprotocol=_select)
        protocol.receive_data(head)
        [request] = protocol.events_received()
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        socket = Socket(protocol, writer, request)
        socket.flush()
        self._sockets.put_nowait(socket)
        try:
            await socket.read(reader)
        finally:
            socket.ended.set()

    async def _reply(self, call: Call) -> Reply:
        script = self._script[f"{call.method} {call.path}"]
        if not script:
            return self._default(call)
        reply = script.popleft()
        reply.asked.set()
        await reply.gate.wait()
        return reply

    def _default(self, call: Call) -> Reply:
        match call.path:
            case "/api/token/" | "/api/token/refresh/":
                self._tokens += 1
                return Reply(200, {"access": f"access-{self._tokens}", "refresh": f"refresh-{self._tokens}"})
            case "/api/ws-ticket/":
                path = f"/ws/?device={call.query['device']}"
                return Reply(200, {"expires_in": 60, "protocol": "chat.v1", "path": path, "chats": []})
            case "/ws/":
                return Reply(101)
            case _:
                return Reply(200, {"results": [], "next": None})


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """Serve on a free port, and end every connection with the block."""
    server = Server()
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        await server.handle(reader, writer)

    listener = await asyncio.start_server(handle, "127.0.0.1", 0)
    server.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


async def _call(head: bytes, reader: asyncio.StreamReader) -> Call:
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    url = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(url.query).items()}
    return Call(method, url.path, query, headers, json.loads(body) if body else None)


def _write(writer: asyncio.StreamWriter, reply: Reply) -> None:
    body = reply.body.encode() if isinstance(reply.body, str) else json.dumps(reply.body).encode()
    body = b"" if reply.body is None else body
    lines = [f"HTTP/1.1 {reply.status} Scripted", f"Content-Length: {len(body)}", *reply.headers, "", ""]
    writer.write("\r\n".join(lines).encode() + body)


def _select(protocol: ServerProtocol, offered: Any) -> Subprotocol | None:
    return Subprotocol("chat.v1") if "chat.v1" in offered else None
