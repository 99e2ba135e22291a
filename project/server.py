"""The Daphne entry, `python -m project.server -b HOST -p PORT`: our defaults, our end of a process, our extension.

Four things Daphne does not do are added here: a process that is told to stop says goodbye to its clients and finishes
its writes; a consumer sees how many bytes a slow reader leaves waiting; frames encoded once are written as they are; and a
client is not read faster than its frames are taken.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from threading import Timer
from typing import Any

# Before anything of Twisted: it installs the asyncio reactor.
from daphne.cli import CommandLineInterface
from daphne.server import Server as DaphneServer
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from project.env import load
from project.tcp import bound_send_buffer, count_unacknowledged, is_silent

logger = logging.getLogger("project.server")  # which runs as __main__
reactor: Any = _reactor  # what it can do is only known once it is installed

Receive = Callable[[], Awaitable[dict[str, Any]]]

APPLICATION = "project.asgi:application"
HOST = "127.0.0.1"

# Over our own limit on a frame, so that one beyond it is answered and not cut off.
_MESSAGE_BYTES = 256 * 1024
# A ping that is late is looked at so often, and a peer whose kernel was silent so often in a row has vanished.
_LOOK_SECONDS = 2.0
_SILENCES = 3
# Frames of a client that wait for the application, beyond which the socket is not read; up to a few of one read more.
_FRAMES_UNREAD = 16
# After the clients had their time: to cancel what is left, to stop the runtime, and to be gone whatever hangs.
_CANCEL_SECONDS = 0.5
_STOP_SECONDS = 1.0
_HANG_SECONDS = 2.0
# For threads to end by themselves, once everything is done.
_JOIN_SECONDS = 0.3
# honcho and its supervisor may both pass on the same signal.
_SECOND_SIGNAL_SECONDS = 1.0
_POLL_SECONDS = 0.02


class PacedProtocol(WebSocketProtocol):
    """Daphne's protocol, which leaves in the kernel what the application is not ready to take.

    A ping that waits behind unread data does not end a connection: how long a peer may be slow is the application's to say.
    """

    slow_seconds = 60.0
    paused = False
    silences = 0

    def onMessage(self, payload: bytes, isBinary: bool) -> None:
        super().onMessage(payload, isBinary)
        if not self.paused and not self.muted and self.application_queue.qsize() >= _FRAMES_UNREAD:
            self.paused = True
            self.transport.pauseProducing()

    def taken(self) -> None:
        """Read on, if the application has taken everything there was."""
        if self.paused and self.application_queue.empty():
            self.paused = False
            self.transport.resumeProducing()

    def _sendAutoPing(self) -> None:
        # One at a time: the answer to the first may be far behind.
        if self.autoPingTimeoutCall is None:
            self.silences = 0
            super()._sendAutoPing()

    def onAutoPingTimeout(self) -> None:
        if self._is_reading():
            self.autoPingTimeoutCall = self.factory._batched_timer.call_later(_LOOK_SECONDS, self.onAutoPingTimeout)
        else:
            super().onAutoPingTimeout()

    def _is_reading(self) -> bool:
        """Tell whether a ping that is late may wait behind unread data of a peer that has not vanished."""
        connection = self.transport.getHandle()
        self.silences = self.silences + 1 if is_silent(connection) else 0
        seconds = (time.time_ns() - self.autoPingPendingSent) / 1e9
        patience = self.slow_seconds + self.autoPingTimeout
        return self.silences < _SILENCES and seconds < patience and count_unacknowledged(connection) > 0


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
        # What is loaded by now lives as long as the process: no collection need look at it again, and with thousands
        # of connections a full one is long.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        super().run()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self._ports.append(port)
        bound_send_buffer(port.socket)
        address = port.getHost()
        where = f"http://{_bracket(address.host)}:{address.port}" if hasattr(address, "port") else address
        # Not before the signal handlers are there.
        reactor.callWhenRunning(logger.info, "Serving on %s", where)

    def listen_error(self, failure: Failure) -> None:
        self.failed = True
        print(f"onesocket: {failure.getErrorMessage().rstrip('.')}.", file=sys.stderr)
        self.stop()

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        if scope["type"] == "websocket" and Transport.can_count(protocol.transport):
            scope.setdefault("extensions", {})["onesocket"] = Transport(protocol)
        return super().create_application(protocol, scope)

    def kill_all_applications(self) -> Deferred[None]:
        """Let the process end in good order; Daphne's own way tells nobody and dies on sockets a second young."""
        return Deferred.fromFuture(asyncio.ensure_future(self._end()))

    async def _end(self) -> None:
        # Not at the top: the application is loaded after this module.
        from messaging.runtime import get_runtime

        loop = asyncio.get_running_loop()
        seconds = load().limits.drain_seconds
        deadline = loop.time() + seconds
        loop.call_later(_SECOND_SIGNAL_SECONDS, _let_signals_kill)
        _exit_after(seconds + _HANG_SECONDS, status=1)
        runtime = get_runtime()
        if runtime is not None:
            # The port stays open for as long as that takes: a balancer reads at /readyz that it is to look elsewhere.
            await _within(seconds, runtime.drain())
        for port in self._ports:
            port.stopListening()
        while self._is_busy() and loop.time() < deadline:  # noqa: ASYNC110 -- Daphne tells nobody that one has ended
            await asyncio.sleep(_POLL_SECONDS)
        await self._cancel_applications()
        if runtime is not None:
            await _within(max(0.0, deadline - loop.time()) + _STOP_SECONDS, runtime.stop())
        # The interpreter waits for its threads, and one may wait for a database that is away: all is done without it.
        _exit_after(_JOIN_SECONDS, status=0)

    def _is_busy(self) -> bool:
        """Tell whether an answer is under way or a WebSocket has not finished its closing handshake."""
        return bool(self._running()) or any(
            isinstance(protocol, WebSocketProtocol) and "disconnected" not in details
            for protocol, details in self.connections.items()
        )

    def _running(self) -> list[asyncio.Future[Any]]:
        # A connection has no application before its request is whole, nor after the application was reaped.
        tasks = (details.get("application_instance") for details in self.connections.values())
        return [task for task in tasks if task is not None and not task.done()]

    async def _cancel_applications(self) -> None:
        running = self._running()
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=_CANCEL_SECONDS)


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
            websocket_max_message_size=_MESSAGE_BYTES,
            websocket_max_frame_size=_MESSAGE_BYTES,
            ping_interval=15,
            ping_timeout=12,
        )

    def run(self, arguments: Sequence[str]) -> None:
        """Serve as the arguments say; without an address, on HOST and PORT."""
        given = self.parser.parse_args([*arguments, APPLICATION])
        elsewhere = given.unix_socket or given.file_descriptor is not None or given.socket_strings
        if given.port is not None:
            # Before the settings are read: the origins allowed by default name the port.
            os.environ["PORT"] = str(given.port)
        default = load().port
        if given.host or given.port is not None or not elsewhere:
            arguments = [*arguments, "-b", given.host or HOST, "-p", str(given.port or default)]
        super().run([*arguments, APPLICATION])
        if self.server.failed:
            sys.exit(1)


def _paced(application: Any) -> Any:
    async def serve(scope: dict[str, Any], receive: Receive, send: Any) -> None:
        transport = scope.get("extensions", {}).get("onesocket")
        await application(scope, receive if transport is None else partial(transport.receive, receive), send)

    return serve


def _bracket(host: str) -> str:
    return f"[{host}]" if ":" in host else host


async def _within(seconds: float, work: Awaitable[None]) -> None:
    """Wait for one step of the end; whatever becomes of it, the next one follows."""
    try:
        await asyncio.wait_for(work, seconds)
    except Exception:
        logger.exception("A step of the shutdown failed.")


def _exit_after(seconds: float, *, status: int) -> None:
    # From a thread: the event loop, or a database thread that the interpreter waits for, may be what hangs.
    timer = Timer(seconds, os._exit, [status])
    timer.daemon = True
    timer.start()


def _let_signals_kill() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


if __name__ == "__main__":
    CommandLine.entrypoint()
