"""The uvicorn entry, `python -m project.uvicorn_server -b HOST -p PORT`: the faster server.

What a client or an operator sees is the same as with `project.server`: defaults, bounds, pings, drain, slow readers and
exit codes.
"""

import argparse
import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from project import process, tcp
from project.env import load
from project.uvicorn_http import BoundedHttpProtocol
from project.uvicorn_protocols import PacedProtocol

# A connection that says nothing is closed after this.
_IDLE_SECONDS = 60


class Server(uvicorn.Server):
    """uvicorn's server, with an end that clients are told about."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on the sockets, which listen already."""
        await super().startup(sockets)
        for each in sockets or []:
            process.tell_serving(each.getsockname())

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at a signal; uvicorn would raise it again at the end, and exit with its number."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Have the main loop end."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let the process end in good order."""
        await process.end(self)

    def close_ports(self) -> None:
        """Take no more connections."""
        for server in self.servers:
            server.close()

    def is_busy(self) -> bool:
        """Tell whether an answer is under way or a WebSocket has not finished its closing handshake."""
        return bool(self.running()) or any(
            isinstance(connection, WebSocketsSansIOProtocol) for connection in self.server_state.connections
        )

    def running(self) -> list[asyncio.Future[Any]]:
        """Return the applications that have not ended."""
        return list(self.server_state.tasks)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says; `port` is None where it says nothing of it."""
    parser = argparse.ArgumentParser(prog="project.uvicorn_server", description="Serve Onesocket with uvicorn.")
    parser.add_argument("-b", "--bind", dest="host", default=process.HOST, help="the address to listen on")
    parser.add_argument("-p", "--port", type=int, help="the port to listen on, PORT where it is not given")
    parser.add_argument("--ping-interval", type=int, default=process.PING_SECONDS, help="seconds from ping to ping")
    parser.add_argument("--ping-timeout", type=int, default=process.PONG_SECONDS, help="seconds to wait for an answer")
    return parser.parse_args(arguments)


def configure(given: argparse.Namespace) -> uvicorn.Config:
    """Return uvicorn's configuration; the application is loaded."""
    config = uvicorn.Config(
        process.APPLICATION,
        interface="asgi3",
        # The runtime begins with the first request and ends in `process.end`.
        lifespan="off",
        loop="uvloop",
        http=BoundedHttpProtocol,
        ws=PacedProtocol,
        ws_max_size=process.MESSAGE_BYTES,
        ws_ping_interval=given.ping_interval,
        ws_ping_timeout=given.ping_timeout,
        ws_per_message_deflate=False,
        timeout_keep_alive=_IDLE_SECONDS,
        backlog=process.BACKLOG,
        # Whose address a request has is for TRUSTED_PROXIES to say.
        proxy_headers=False,
        server_header=False,
        # Django's settings have the format; what a client did wrong is told to the client.
        log_config=None,
        log_level="error",
        access_log=False,
    )
    config.load()
    return config


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the address; raises OSError."""
    family, type_, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, type_, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    tcp.bound_send_buffer(listener)
    return listener


def run(arguments: Sequence[str]) -> None:
    """Serve as the arguments say; without an address, on HOST and PORT."""
    given = parse(arguments)
    port = process.choose_port(given.port)
    config = configure(given)
    try:
        listener = listen(given.host, port)
    except OSError as error:
        process.tell_refused(f"Couldn't listen on {given.host}:{port}: {error}")
        sys.exit(1)
    PacedProtocol.slow_seconds = load().limits.slow_seconds
    process.freeze_memory()
    process.share_interpreter()
    Server(config).run([listener])


if __name__ == "__main__":
    run(sys.argv[1:])
