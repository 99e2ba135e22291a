"""One socket: opened with a token, it sends and receives frames until it ends, and then knows how it ended."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self, cast
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Origin, Subprotocol

from client import commands
from client.errors import ConnectionEnded, End, HandshakeRefused, TransportError
from client.frames import Frame, decode, encode
from messaging.protocol.codes import PROTOCOL_NAME

# An answer to `sync` may hold 200 messages of 4,000 characters, `ready` 2,000 chats.
MAX_FRAME_BYTES = 16 * 1024 * 1024
# How long a peer may take for its half of the closing handshake before the socket is cut.
CLOSE_SECONDS = 2.0

# At DEBUG the library logs headers and frames, that is tokens and messages: one has to ask for that by this name.
_transport_logger = logging.getLogger("client.connection.transport")
_transport_logger.setLevel(logging.INFO)

# Called with `opened`, `sent`, `received` or `ended`, and the frame or what there is to say of it.
Tap = Callable[[str, Frame], None]


class _Connect(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """Follow none: the token is for the server that was asked."""
        return exc


class Connection:
    """An open WebSocket that carries frames."""

    def __init__(self, websocket: ClientConnection, tap: Tap | None = None) -> None:
        self._websocket = websocket
        self._tap = tap
        self._leaving = False
        self.bye: Frame | None = None
        if tap:
            # The end counts when it comes, though frames from before it may still wait to be received.
            self._watch = asyncio.create_task(websocket.wait_closed())
            self._watch.add_done_callback(self._tell_end)

    @classmethod
    async def open(
        cls,
        base_url: str,
        *,
        path: str = "/ws/",
        token: str | None = None,
        browser: bool = False,
        headers: Mapping[str, str] | None = None,
        origin: str | None = None,
        ping_seconds: float | None = 20.0,
        open_seconds: float = 10.0,
        tap: Tap | None = None,
    ) -> Self:
        """Do the handshake; a token goes into a header, or the way of browsers into the subprotocol.

        `tap` hears of everything that goes over the socket, from `opened` to `ended`.

        Raises HandshakeRefused where the server answered, TransportError where it did not.
        """
        bearer = {"Authorization": f"Bearer {token}"} if token and not browser else {}
        protocols = [Subprotocol(PROTOCOL_NAME), Subprotocol(f"bearer.{token}")] if token and browser else None
        try:
            websocket = await _Connect(
                socket_url(base_url, path),
                additional_headers={**bearer, **(headers or {})},
                subprotocols=protocols,
                origin=cast("Origin | None", origin),
                compression=None,
                ping_interval=ping_seconds,
                ping_timeout=ping_seconds,
                open_timeout=open_seconds,
                close_timeout=CLOSE_SECONDS,
                max_size=MAX_FRAME_BYTES,
                logger=_transport_logger,
            )
        except InvalidStatus as error:
            raise HandshakeRefused(error.response.status_code) from error
        except (OSError, WebSocketException) as error:
            raise TransportError(f"no connection: {type(error).__name__}") from error
        if tap:
            tap("opened", {"path": path})
        return cls(websocket, tap)

    @property
    def transport(self) -> asyncio.Transport:
        """The transport under the socket, to pull the plug on."""
        return self._websocket.transport

    @property
    def subprotocol(self) -> str | None:
        """What the server selected."""
        return self._websocket.subprotocol

    @property
    def end(self) -> End | None:
        """How the socket ended, None while it has not; a `bye` says more than the close frame."""
        code = self._websocket.close_code
        if code is None:
            return None
        return end_of(self.bye) if self.bye else End(code, self._websocket.close_reason or "")

    async def send(self, frame: Frame) -> None:
        """Send a frame."""
        await self.raw(encode(frame))

    async def raw(self, data: str | bytes) -> None:
        """Send a message as it stands, frame or not."""
        if self._tap:
            self._tap("sent", _as_frame(data))
        try:
            await self._websocket.send(data)
        except ConnectionClosed as error:
            raise self._ended() from error

    async def receive(self, timeout: float | None = None) -> Frame:  # noqa: ASYNC109
        """Return the next frame; raise ConnectionEnded after the last, TimeoutError when none comes in time."""
        try:
            async with asyncio.timeout(timeout):
                frame = decode(await self._websocket.recv())
        except ConnectionClosed as error:
            raise self._ended() from error
        if self._tap:
            self._tap("received", frame)
        if frame["type"] == "bye":
            self.bye = frame
        return frame

    async def hello(
        self,
        resume: dict[int, int] | None = None,
        epoch: str | None = None,
        *,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> Frame:
        """Say hello and return the next frame, which should be `ready`."""
        await self.send(commands.hello(resume, epoch))
        return await self.receive(timeout)

    async def close(self, code: int = 1000) -> None:
        """Close politely; cut the socket if the peer does not do its part."""
        self._leaving = True
        await self._websocket.close(code)

    async def abort(self) -> None:
        """Cut the socket without a word."""
        self._leaving = True
        self.transport.abort()
        await self._websocket.wait_closed()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _ended(self) -> ConnectionEnded:
        return ConnectionEnded(self.end or End(None))

    def _tell_end(self, _watch: asyncio.Task[None]) -> None:
        if self._tap:
            frame = {"code": self._websocket.close_code, "reason": self._websocket.close_reason or ""}
            self._tap("ended", frame | ({"own": True} if self._leaving else {}))


def end_of(bye: Frame) -> End:
    """Return the end that `bye` announces."""
    return End(bye["code"], bye.get("reason", ""), bye.get("retry_after"))


def socket_url(base_url: str, path: str) -> str:
    """Return the WebSocket address of `path`, always on the host of `base_url`."""
    base = urlsplit(base_url)
    path, _, query = path.partition("?")
    return urlunsplit(("wss" if base.scheme == "https" else "ws", base.netloc, path, query, ""))


def _as_frame(data: str | bytes) -> Frame:
    try:
        frame = json.loads(data)
    except ValueError:
        frame = None
    return frame if isinstance(frame, dict) else {"unreadable": len(data)}
