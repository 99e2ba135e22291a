"""The real server in a process of its own, on the test's database, for tests that speak over real sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.db import connection

from client import Connection, ConnectionEnded, HandshakeRefused, Rest
from tests.vocabulary import PATIENCE, ClosedError, Frame, Talk

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse battery"


def free_port() -> int:
    """Return a port that nothing listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def database_url() -> str:
    """Return the address of the test's own database, as a server is told it."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process holds: resident memory in bytes, and open files."""

    memory: int
    files: int


class Server:
    """One server process; `environment` adds to what every server of the tests is started with."""

    def __init__(self, log: Path, **environment: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        self._environment = _base_environment() | {"PORT": str(self.port)} | environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and return when it answers."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "project.server", "-b", "127.0.0.1", "-p", str(self.port)),
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(30), httpx.AsyncClient() as http:
            while not await _answers(http, f"{self.url}/healthz"):
                assert self._process.returncode is None, self.log()
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """Ask it to stop as a process manager does; it ends well, and soon."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(15):
                status = await self._process.wait()
            self._process = None
            assert status == 0, self.log()

    async def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        self._process = None

    def usage(self) -> Usage:
        """Return what the process holds now."""
        assert self._process is not None
        proc = Path(f"/proc/{self._process.pid}")
        pages = int((proc / "statm").read_text().split()[1])
        return Usage(pages * os.sysconf("SC_PAGE_SIZE"), len(list((proc / "fd").iterdir())))

    def log(self) -> str:
        """Return what it printed."""
        return self._log.read_text()


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).status_code == 200
    except httpx.TransportError:
        return False


def _base_environment() -> dict[str, str]:
    own = {
        "DATABASE_URL": database_url(),
        "DOTENV": os.devnull,
        "SECRET_KEY": settings.SECRET_KEY,
        "OPEN_REGISTRATION": "1",
        "THROTTLES": "0",
        "LOG_LEVEL": "INFO",
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "REDIS_URL") if name in os.environ}
    return kept | own


class SocketTalk(Talk):
    """A connection over a real socket."""

    def __init__(self, user: int, connection: Connection) -> None:
        self.user = user
        self.connection = connection

    async def put(self, text: str) -> None:
        await self.connection.raw(text)

    async def take(self) -> Frame:
        try:
            return await self.connection.receive()
        except ConnectionEnded as ended:
            raise ClosedError(ended.end.code) from ended


class Person:
    """A user with an account, its REST calls and its sockets."""

    def __init__(self, server: Server, name: str) -> None:
        self.name = name
        self.rest = Rest(server.url)
        self._url = server.url
        self._open: list[Connection] = []
        self.id = 0

    async def sign_up(self) -> None:
        """Make the account and log in."""
        self.id = (await self.rest.register(self.name, PASSWORD)).id
        await self.sign_in()

    async def sign_in(self) -> None:
        """Get tokens."""
        await self.rest.login(self.name, PASSWORD)

    async def connect(self, *, device: str = "phone", take: bool = False, **options: Any) -> SocketTalk:
        """Get a ticket and open a socket."""
        ticket = await self.rest.ticket(device, take=take)
        token = self.rest.access
        talk = SocketTalk(self.id, await Connection.open(self._url, path=ticket.path, token=token, **options))
        self._open.append(talk.connection)
        return talk

    async def join(
        self, *, resume: dict[int, int] | None = None, epoch: str | None = None, **options: Any
    ) -> SocketTalk:
        """Open a socket and say hello; where nothing is replayed, `caught_up` is taken too."""
        talk = await self.connect(**options)
        await talk.hello(**({} if resume is None else {"resume": resume, "epoch": epoch}))
        if all(chat["head"] < chat["from"] for chat in talk.ready["chats"]):
            await talk.expect("caught_up")
        return talk

    async def close(self) -> None:
        """End the sockets and the REST calls."""
        for each in self._open:
            await each.close()
        await self.rest.close()


__all__ = ["PATIENCE", "HandshakeRefused", "Person", "Server", "SocketTalk"]
