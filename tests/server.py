"""The real server in a process of its own, on the test's database, for tests that speak over real sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.db import connection
from prometheus_client.parser import text_string_to_metric_families

from bench.ports import free_port
from client import Connection, ConnectionEnded, HandshakeRefused, Rest, Tokens
from messaging.access import issue_tokens
from messaging.database import run_in_thread
from messaging.models import User
from tests.proxy import Proxy
from tests.vocabulary import PATIENCE, ClosedError, Frame, Talk

ROOT = Path(__file__).parent.parent
# The modules of our servers; and which of them the tests run that do not run on each.
ENTRIES = {"daphne": "project.server", "uvicorn": "project.uvicorn_server"}
SERVER = os.environ.get("SERVER", "daphne")
PASSWORD = "correct horse battery"
METRICS_TOKEN = "for Prometheus, and for nobody else"


def database_url(proxy: Proxy | None = None) -> str:
    """Return the address of the test's own database, as a server is told it; with a proxy, the way through it."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    place = f"{given['HOST']}:{given['PORT']}" if proxy is None else f"127.0.0.1:{proxy.port}"
    return f"postgres://{given['USER']}:{given['PASSWORD']}@{place}/{given['NAME']}"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process holds: resident memory in bytes, and open files."""

    memory: int
    files: int


class Server:
    """One server process; `arguments` and `environment` add to what every server of the tests is started with.

    `kind` is a key of ENTRIES.
    """

    def __init__(self, log: Path, *arguments: str, kind: str = SERVER, **environment: str) -> None:
        self.port = free_port()
        self._entry = ENTRIES[kind]
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = log
        self._arguments = arguments
        self._environment = _base_environment() | {"PORT": str(self.port)} | environment
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and return when it answers."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self._entry, "-b", "127.0.0.1", "-p", str(self.port), *self._arguments),
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(30), httpx.AsyncClient() as http:
            while not await _answers(http, f"{self.url}/healthz"):
                assert self._process.returncode is None, self.log()
                await asyncio.sleep(0.05)

    async def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask it to stop as a process manager does; it ends well, and soon."""
        if self._process is not None:
            self.resume()
            self._process.send_signal(number)
            async with asyncio.timeout(15):
                status = await self._process.wait()
            self._process = None
            assert status == 0, self.log()

    async def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        with suppress(ProcessLookupError):  # it has ended by itself
            self._process.kill()
        await self._process.wait()
        self._process = None

    @property
    def pid(self) -> int:
        """The id of the process, which is running."""
        assert self._process is not None
        return self._process.pid

    def pause(self) -> None:
        """Stop the process where it stands, as a paused host does; the kernel keeps its sockets open."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let the process go on."""
        os.kill(self.pid, signal.SIGCONT)

    def usage(self) -> Usage:
        """Return what the process holds now."""
        proc = Path(f"/proc/{self.pid}")
        pages = int((proc / "statm").read_text().split()[1])
        return Usage(pages * os.sysconf("SC_PAGE_SIZE"), len(list((proc / "fd").iterdir())))

    async def metrics(self) -> dict[tuple[str, ...], float]:
        """Return every sample of its metrics, by name and labels, which are in the order of their names."""
        async with httpx.AsyncClient() as http:
            answer = await http.get(f"{self.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
        families = text_string_to_metric_families(answer.raise_for_status().text)
        return {
            (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
            for family in families
            for sample in family.samples
        }

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
        "METRICS_TOKEN": METRICS_TOKEN,
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

    def __init__(self, url: str, name: str, *, http: httpx.AsyncClient | None = None) -> None:
        self.name = name
        self.rest = Rest(url, http=http)
        self._url = url
        self._open: list[Connection] = []
        self._elsewhere: list[Person] = []
        self.id = 0

    async def sign_up(self) -> None:
        """Make the account and log in."""
        self.id = (await self.rest.register(self.name, PASSWORD)).id
        await self.sign_in()

    async def sign_in(self) -> None:
        """Get tokens."""
        await self.rest.login(self.name, PASSWORD)

    async def enrol(self) -> None:
        """Make the account and tokens in the database: no password, and no time spent on one."""
        user = await User.objects.acreate(username=self.name)
        tokens = await run_in_thread(issue_tokens, user.pk)
        self.id, self.rest.tokens = user.pk, Tokens(tokens.access, tokens.refresh)

    def at(self, server: Server) -> Person:
        """Return the same user, with the same tokens, at another server."""
        return self._go(server.url)

    def through(self, network: Proxy) -> Person:
        """Return the same user, with the same tokens, whose every call and socket passes a proxy."""
        return self._go(f"http://127.0.0.1:{network.port}")

    def _go(self, url: str) -> Person:
        other = Person(url, self.name)
        other.id, other.rest.tokens = self.id, self.rest.tokens
        self._elsewhere.append(other)
        return other

    async def connect(self, *, device: str = "phone", take: bool = False, **options: Any) -> SocketTalk:
        """Get a ticket and open a socket."""
        ticket = await self.rest.ticket(device, take=take)
        return await self.enter(ticket.path, **options)

    async def enter(self, path: str, **options: Any) -> SocketTalk:
        """Open a socket with a ticket that was got."""
        talk = SocketTalk(self.id, await Connection.open(self._url, path=path, token=self.rest.access, **options))
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
        for person in self._elsewhere:
            await person.close()
        await self.rest.close()


__all__ = ["PATIENCE", "HandshakeRefused", "Person", "Server", "SocketTalk"]
