"""A Redis and a database of the suite's own, to be killed, paused and restarted without harm to others."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bench.ports import free_port
from tests.server import ROOT


class Redis:
    """One redis-server process, which keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start, and return when it takes connections."""
        with (self._folder / "redis.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *("redis-server", "--bind", "127.0.0.1", "--port", str(self.port)),
                *("--save", "", "--appendonly", "no", "--dir", str(self._folder)),
                stdout=log,
                stderr=log,
            )
        async with asyncio.timeout(10):
            while not await _listens(self.port):  # noqa: ASYNC110 -- it tells nobody
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Stop the process where it stands."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let the process go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


class Database:
    """A database with the project's tables, on the PostgreSQL that DATABASE_URL names; gone after `drop`."""

    def __init__(self, url: str, name: str, *, alone: bool) -> None:
        """Take the address of any database of that server, by which others are made.

        `alone` says that nobody minds when the server itself crashes.
        """
        self.name = name
        self._given = url
        self._restarts = alone and is_throwaway()
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "localhost", parts.port or 5432
        self._credentials = f"{parts.username}:{parts.password}"

    def url(self, port: int | None = None) -> str:
        """Return its address, or the address of the way to it through a local port."""
        place = f"{self.host}:{self.port}" if port is None else f"127.0.0.1:{port}"
        return f"postgres://{self._credentials}@{place}/{self.name}"

    async def create(self) -> None:
        """Make it, with all tables."""
        await self._execute("CREATE DATABASE {}")
        await self.manage("migrate", "--verbosity", "0")

    async def drop(self) -> None:
        """Remove it, whoever is connected."""
        await self._execute("DROP DATABASE IF EXISTS {} WITH (FORCE)")

    async def manage(self, *arguments: str) -> None:
        """Run a management command of the project on it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "manage.py", *arguments),
            cwd=ROOT,
            env=_environment() | {"DATABASE_URL": self.url()},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()

    async def cut_sessions(self) -> None:
        """End every session on this database, and nothing else of the server."""
        await self._execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}", literal=True)

    async def restart_server(self) -> None:
        """Restart PostgreSQL as after a crash, where that is nobody else's; if it is, end the sessions on this database."""
        if not self._restarts:
            await self.cut_sessions()
            return
        await _control("stop", "-m", "immediate")
        async with asyncio.timeout(60):
            # Its children may take a moment to be gone, and until then it does not start.
            while not await self._answers():
                await _control("start")

    async def _answers(self) -> bool:
        try:
            await self._execute("SELECT {}", literal=True)
        except psycopg.OperationalError:
            return False
        return True

    async def _execute(self, statement: str, *, literal: bool = False) -> None:
        name = sql.Literal(self.name) if literal else sql.Identifier(self.name)
        connection = await psycopg.AsyncConnection.connect(self._given, autocommit=True)
        async with connection:
            await connection.execute(sql.SQL(statement).format(name))


async def _control(*arguments: str) -> None:
    verb, *rest = arguments
    process = await asyncio.create_subprocess_exec(
        *("pg_ctlcluster", os.environ["PGVERSION"], "regress", verb, *rest),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.wait()


def is_throwaway() -> bool:
    """Tell whether the PostgreSQL is the one that pg_virtualenv made for this run."""
    return "PG_CLUSTER_CONF_ROOT" in os.environ and shutil.which("pg_ctlcluster") is not None


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DOTENV": os.devnull, "SECRET_KEY": "only for tests, and long enough for it"}
