"""The Daphne entry, `python -m project.server -b HOST -p PORT`: our defaults, our end of a process, our extension.

Five things Daphne does not do are added here: a process that is told to stop says goodbye to its clients and finishes
its writes; a consumer sees how many bytes a slow reader leaves waiting; frames encoded once are written as they are; a
client is not read faster than its frames are taken and its pings are answered; and a connection ends with its application.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

# Before anything of Twisted: it installs the asyncio reactor.
from daphne.cli import CommandLineInterface
from daphne.server import Server as DaphneServer
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from project import process
from project.env import load
from project.frame_in import WholeFrames
from project.pongs import PongBound
from project.tcp import bound_send_buffer, count_unacknowledged, is_silent

reactor: Any = _reactor  # what it can do is only known once it is installed

Receive = Callable[[], Awaitable[dict[str, Any]]]


class PacedProtocol(WholeFrames, WebSocketProtocol):
    """Daphne's protocol, which leaves in the kernel what the application is not ready to take.

    A ping that waits behind unread data does not end a connection: how long a peer may be slow is the application's to say.
    """

    # autobahn copies its options one by one, and prints them as a page of text for its log, whether it has one or not.
    CONFIG_ATTRS: Sequence[str] = ()

    slow_seconds = 60.0
    paused = False
    silences = 0

    def __init__(self) -> None:
        super().__init__()
        self.pongs = PongBound()

    def _connectionMade(self) -> None:
        for name in WebSocketProtocol.CONFIG_ATTRS:
            setattr(self, name, getattr(self.factory, name))
        super()._connectionMade()

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        super().onMessage(payload, isBinary)
        if not self.muted and self.application_queue.qsize() >= process.FRAMES_UNREAD:
            self._pause()

    def onMessageBegin(self, isBinary: bool) -> None:
        self.parts = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:
        self.parts += 1
        super().onMessageFrameBegin(length)
        if self.parts > process.PARTS_MOST and not self.failedByMe:
            self._fail_connection(self.CLOSE_STATUS_CODE_MESSAGE_TOO_BIG, "A message comes in too many parts.")

    def onPing(self, payload: bytes) -> None:
        if Transport.can_count(self.transport):
            self.pongs.count(Transport(self).pending, self.taken)
        super().onPing(payload)
        if self.pongs.passed:
            self._pause()

    def _pause(self) -> None:
        if not self.paused:
            self.paused = True
            self.transport.pauseProducing()

    def taken(self) -> None:
        """Read on, if the application has taken everything there was, and the peer its pongs."""
        if self.paused and self.application_queue.empty() and not self.pongs.passed:
            self.paused = False
            self.transport.resumeProducing()

    def application_ended(self, application: asyncio.Future[None]) -> None:
        """End the connection with its application; Daphne does so only after an exception."""
        if application.cancelled():
            self.transport.abortConnection()
        elif application.exception() is None and (self.state == self.STATE_OPEN or hasattr(self, "handshake_deferred")):
            self.handle_exception(None)

    def _sendAutoPing(self) -> None:
        # One at a time: the answer to the first may be far behind.
        if self.autoPingTimeoutCall is None:
            self.silences = 0
            super()._sendAutoPing()

    def onAutoPingTimeout(self) -> None:
        if self._is_reading():
            self.autoPingTimeoutCall = self.factory._batched_timer.call_later(
                process.LOOK_SECONDS, self.onAutoPingTimeout
            )
        else:
            super().onAutoPingTimeout()

    def _is_reading(self) -> bool:
        """Tell whether a late ping may wait behind unread data, or its answer behind what we do not read."""
        connection = self.transport.getHandle()
        self.silences = self.silences + 1 if is_silent(connection) else 0
        seconds = (time.time_ns() - self.autoPingPendingSent) / 1e9
        patience = self.slow_seconds + self.autoPingTimeout
        waits = self.paused or count_unacknowledged(connection) > 0
        return self.silences < process.SILENCES and seconds < patience and waits


# Daphne's factory has no other way to be told.
WebSocketFactory.protocol = PacedProtocol


class Transport:
    """The ASGI extension `onesocket` of a WebSocket scope."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: PacedProtocol) -> None:
        self._protocol = protocol

    @staticmethod
    def can_count(transport: Any) -> bool:
        """Tell whether a transport has the private fields that `pending` adds up (Twisted 26; not under TLS)."""
        fields = {"dataBuffer": bytes, "offset": int, "_tempDataLen": int}
        return all(isinstance(getattr(transport, name, None), type_) for name, type_ in fields.items())

    def pending(self) -> int:
        """Return how many bytes were taken for the peer and are not yet handed to the kernel; 0 where it is gone."""
        if self._protocol.state == self._protocol.STATE_CLOSED:
            return 0
        transport = self._protocol.transport
        return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)

    def write(self, data: bytes) -> bool:
        """Write encoded WebSocket frames; return False, and write nothing, unless the socket is open."""
        protocol = self._protocol
        if protocol.state != protocol.STATE_OPEN:
            return False
        transport = protocol.transport
        if not self.pending() and transport.connected and not transport.disconnecting:
            # At once: by way of the buffer each write costs two changes of what is polled, and a turn of the loop.
            sent = transport.writeSomeData(data)
            if isinstance(sent, int):
                data = data[sent:]
        if data:
            transport.write(data)
        return True

    async def receive(self, receive: Receive) -> dict[str, Any]:
        """Return the next message of the client, and have the next one read."""
        message = await receive()
        self._protocol.taken()
        return message

    def abort(self) -> None:
        """Cut the connection, with all that waits in it."""
        self._protocol.transport.abortConnection()


class Server(DaphneServer):
    """Daphne's server with the extension, and with an end that clients are told about."""

    failed = False

    def __init__(self, application: Any, **options: Any) -> None:
        super().__init__(_paced(application), **options)

    def run(self) -> None:
        """Serve until a signal comes."""
        PacedProtocol.slow_seconds = load().limits.slow_seconds
        self._ports: list[Any] = []
        process.freeze_memory()
        process.share_interpreter()
        super().run()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)
        bound_send_buffer(port.socket)
        # Twisted lets 50 wait: when thousands come back at once, the others would try again seconds later.
        port.socket.listen(process.BACKLOG)
        address = port.getHost()
        where = (address.host, address.port) if hasattr(address, "port") else address
        # Not before the signal handlers are there.
        reactor.callWhenRunning(process.tell_serving, where)

    def listen_error(self, failure: Failure) -> None:
        self.failed = True
        process.tell_refused(failure.getErrorMessage())
        self.stop()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] == "websocket" and Transport.can_count(protocol.transport):
            scope.setdefault("extensions", {})["onesocket"] = Transport(protocol)
        queue = super().create_application(protocol, scope)
        if queue is not None and scope["type"] == "websocket":
            self.connections[protocol]["application_instance"].add_done_callback(protocol.application_ended)
        return queue

    def kill_all_applications(self) -> Deferred[None]:
        """Let the process end in good order; Daphne's own way tells nobody and dies on sockets a second young."""
        return Deferred.fromFuture(asyncio.ensure_future(process.end(self)))

    def close_ports(self) -> None:
        """Take no more connections."""
        for port in self._ports:
            port.stopListening()

    def is_busy(self) -> bool:
        """Tell whether an answer is under way or a WebSocket has not finished its closing handshake."""
        return bool(self.running()) or any(
            isinstance(protocol, WebSocketProtocol) and "disconnected" not in details
            for protocol, details in self.connections.items()
        )

    def running(self) -> list[asyncio.Future[Any]]:
        """Return the applications that have not ended."""
        # A connection has no application before its request is whole, nor after the application was reaped.
        tasks = (details.get("application_instance") for details in self.connections.values())
        return [task for task in tasks if task is not None and not task.done()]


class CommandLine(CommandLineInterface):
    """Daphne's command line with our defaults, serving our application."""

    description = "Serve Onesocket."
    server_class = Server

    def __init__(self) -> None:
        super().__init__()
        self.parser.set_defaults(
            verbosity=0,  # no access log; `--access-log -` turns it on
            server_name="",
            http_timeout=30,
            websocket_timeout=-1,
            websocket_connect_timeout=20,
            websocket_max_message_size=process.MESSAGE_BYTES,
            websocket_max_frame_size=process.MESSAGE_BYTES,
            ping_interval=process.PING_SECONDS,
            ping_timeout=process.PONG_SECONDS,
        )

    def run(self, arguments: Sequence[str]) -> None:
        """Serve as the arguments say; without an address, on HOST and PORT."""
        given = self.parser.parse_args([*arguments, process.APPLICATION])
        elsewhere = given.unix_socket or given.file_descriptor is not None or given.socket_strings
        port = process.choose_port(given.port)
        if given.host or given.port is not None or not elsewhere:
            arguments = [*arguments, "-b", given.host or process.HOST, "-p", str(port)]
        super().run([*arguments, process.APPLICATION])
        if self.server.failed:
            sys.exit(1)


def _paced(application: Any) -> Any:
    async def serve(scope: dict[str, Any], receive: Receive, send: Any) -> None:
        transport = scope.get("extensions", {}).get("onesocket")
        await application(scope, receive if transport is None else partial(transport.receive, receive), send)

    return serve


if __name__ == "__main__":
    CommandLine.entrypoint()
