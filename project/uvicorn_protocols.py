"""What uvicorn speaks with a client over a WebSocket: its own protocol, with the bounds and the short cuts of Daphne's.

`PacedProtocol` also serves where uvicorn is started by hand, with `--ws project.uvicorn_protocols:PacedProtocol`.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from collections import deque
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame
from websockets.protocol import Protocol, State
from websockets.streams import StreamReader

from project import process
from project.frame_in import take_text
from project.pongs import PongBound
from project.tcp import count_unacknowledged, is_silent

# For a handshake to be let in or refused, and for a client to answer a close frame or to read what stands before it.
_HANDSHAKE_SECONDS = 20.0
_CLOSE_SECONDS = 1.0


class _Queue:
    """The messages for one application; asyncio's looks its loop up and settles with many who wait, of whom here is one."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._messages: deque[Any] = deque()
        self._waiting: asyncio.Future[None] | None = None

    def put_nowait(self, message: Any) -> None:
        self._messages.append(message)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> Any:
        while not self._messages:
            self._waiting = self._loop.create_future()
            await self._waiting
        return self._messages.popleft()

    def empty(self) -> bool:
        return not self._messages

    def qsize(self) -> int:
        return len(self._messages)


class Transport:
    """The ASGI extension `onesocket` of a WebSocket scope."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: PacedProtocol) -> None:
        self._protocol = protocol

    def pending(self) -> int:
        """Return how many bytes were taken for the peer and are not yet handed to the kernel; 0 where it is gone."""
        return self._protocol.transport.get_write_buffer_size()

    def write(self, data: bytes) -> bool:
        """Write encoded WebSocket frames; return False, and write nothing, unless the socket is open."""
        if not self._protocol.is_open:
            return False
        self._protocol.transport.write(data)
        return True

    def abort(self) -> None:
        """Cut the connection, with all that waits in it."""
        self._protocol.transport.abort()


class PacedProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which leaves in the kernel what the application is not ready to take, and waits for no peer.

    A ping that waits behind unread data does not end a connection: how long a peer may be slow is the application's to say.
    """

    slow_seconds = 60.0

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.queue: Any = _Queue(self.loop)
        # A frame that is compressed for one client is not the same bytes for all.
        self.conn.available_extensions = []
        self.pongs = PongBound()
        self.heard_at = 0.0
        self.silences = 0
        self.handshake_timer: TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        """Whether frames may be written."""
        return self.handshake_complete and not self.close_sent and not self.transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_handshake_timer()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1006})
        super().connection_lost(exc)

    def eof_received(self) -> None:
        # What was written to a peer that sends nothing more would be waited for, however long it does not read.
        if not self.transport.is_closing():
            self.transport.abort()

    # What a client sends

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self.heard_at = self.loop.time()
        start = self._take_whole(data) if _is_between_messages(self.conn) else 0
        if start < len(data):
            self._parse(data[start:] if start else data)

    def _take_whole(self, data: bytes) -> int:
        """Take the whole frames of text at the beginning of `data`; return where the rest begins."""
        start = 0
        while self.is_open and (frame := take_text(data, start)) is not None:
            if len(frame.payload) > self.config.ws_max_size:
                break
            start = frame.end
            self._put({"type": "websocket.receive", "text": frame.payload.decode()})
        return start

    def _parse(self, data: bytes) -> None:
        self.conn.receive_data(data)
        # What came before a violation counts.
        self.handle_events()
        if self.conn.parser_exc is not None and not self.close_sent:
            self.handle_parser_exception()

    def _refuse(self, code: int, reason: str = "") -> None:
        # The parser may have found another violation behind this one, and said so.
        if self.conn.state is State.OPEN:
            self.conn.send_close(code, reason)
        self.handle_parser_exception()

    def send_receive_event_to_app(self) -> None:
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type == "bytes":
            self._put({"type": "websocket.receive", "bytes": bytes(data)})
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self._refuse(1007)
        else:
            self._put({"type": "websocket.receive", "text": text})

    def _put(self, message: dict[str, Any]) -> None:
        self.queue.put_nowait(message)
        if self.queue.qsize() >= process.FRAMES_UNREAD:
            self._pause()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) < process.PARTS_MOST:
            super().handle_cont(event)
        else:
            self._refuse(1009, "A message comes in too many parts.")

    def handle_ping(self) -> None:
        self.pongs.count(self.transport.get_write_buffer_size, self.read_on)
        super().handle_ping()
        if self.pongs.passed:
            self._pause()

    def _pause(self) -> None:
        if not self.read_paused and not self.transport.is_closing():
            self.read_paused = True
            self.transport.pause_reading()

    def read_on(self) -> None:
        """Read on, if the application has taken everything there was, and the peer its pongs."""
        if self.read_paused and self.queue.empty() and not self.pongs.passed and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    async def receive(self) -> Any:
        """Return the next message of the client, and have the next ones read if it was the last."""
        message = await self.queue.get()
        self.read_on()
        return message

    # The application

    def handle_connect(self, event: Any) -> None:
        self.handshake_timer = self.loop.call_later(_HANDSHAKE_SECONDS, self._give_up_handshake)
        super().handle_connect(event)

    def _give_up_handshake(self) -> None:
        self.send_500_response()
        if not self.handshake_complete:
            self.transport.close()

    def _cancel_handshake_timer(self) -> None:
        if self.handshake_timer is not None:
            self.handshake_timer.cancel()
            self.handshake_timer = None

    async def run_asgi(self) -> None:
        """Run the application; whatever ends it, the connection ends with it."""
        scope: Any = self.scope
        scope["extensions"]["onesocket"] = Transport(self)
        try:
            await self.app(scope, self.receive, self.send)
        except asyncio.CancelledError:
            self.transport.abort()
        except ClientDisconnected:
            pass
        except Exception:
            self.logger.exception("Exception inside application.")
        if self.is_open:
            self._say_close(1011)
        elif not self.close_sent and not self.transport.is_closing():
            self.send_500_response()
            self.transport.close()

    async def send(self, message: Any) -> None:
        """Take a message of the application; a close frame stands behind what a peer has not read, and waits for nobody."""
        if message["type"] == "websocket.close" and self.handshake_complete:
            if self.is_open:
                self._say_close(message.get("code", 1000))
            return
        await super().send(message)
        if self.handshake_complete:
            self._cancel_handshake_timer()

    # The end of a connection

    def _say_close(self, code: int) -> None:
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self._cut_soon()

    def _cut_soon(self) -> None:
        # A transport that closes waits for its peer to read, however long that takes.
        if self.close_timer is None and not self.disconnected:
            self.close_timer = self.loop.call_later(_CLOSE_SECONDS, self.transport.abort)

    def handle_close(self, event: Frame) -> None:
        super().handle_close(event)
        self._cut_soon()

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._cut_soon()

    # Pings

    def send_keepalive_ping(self) -> None:
        self.silences = 0
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        self.pong_timer = None
        if not self.is_open:
            return
        if self.heard_at > self.ping_sent_at:
            self.pending_ping_payload = None
            self.schedule_ping()
        elif self._is_reading():
            self.pong_timer = self.loop.call_later(process.LOOK_SECONDS, self.keepalive_timeout)
        else:
            self.transport.abort()

    def _is_reading(self) -> bool:
        """Tell whether a ping that is late may wait behind unread data of a peer that has not vanished."""
        connection = self.transport.get_extra_info("socket")
        self.silences = self.silences + 1 if is_silent(connection) else 0
        patience = self.slow_seconds + (self.ping_timeout or 0.0)
        waits = self.read_paused or count_unacknowledged(connection) > 0
        return waits and self.silences < process.SILENCES and self.loop.time() - self.ping_sent_at < patience


def _is_between_messages(connection: Protocol) -> bool:
    """Tell whether the parser holds no part of a frame, and no message is under way."""
    parser: Any = connection.parser
    while parser.gi_yieldfrom is not None:
        parser = parser.gi_yieldfrom
    return connection.current_size is None and parser.gi_code is StreamReader.at_eof.__code__
