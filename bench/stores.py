"""The throw-away stores: databases of one PostgreSQL or SQLite files, and a Redis, empty for each server."""

from __future__ import annotations

import itertools
import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg
import redis
from psycopg import sql

Row = Sequence[Any]

_names = itertools.count(1)


class Store(Protocol):
    """A database that rows are filled into."""

    @property
    def url(self) -> str:
        """The address, as DATABASE_URL says it."""

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Add many rows."""

    def ask(self, query: str) -> Row:
        """Return the first row of a query."""

    def settle(self) -> None:
        """Gather statistics and write out what was filled, so that it is not done during a measurement."""


@dataclass(frozen=True)
class Postgresql:
    """A database of the server that with-services.sh has started."""

    url: str

    @classmethod
    def create(cls) -> Postgresql:
        """Make an empty database."""
        return cls(_create_database(template="template0"))

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with psycopg.connect(self.url) as connection, connection.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def ask(self, query: str) -> Row:
        with psycopg.connect(self.url) as connection:
            row: Row | None = connection.execute(query.encode()).fetchone()
        assert row is not None
        return row

    def settle(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")

    def copy(self) -> Postgresql:
        """Return a database that begins with what this one holds."""
        return Postgresql(_create_database(template=self.url.rpartition("/")[2]))


@dataclass(frozen=True)
class Sqlite:
    """An SQLite file."""

    folder: Path

    @property
    def file(self) -> Path:
        """Where it is."""
        return self.folder / "bench.sqlite3"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    def insert(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        places = ", ".join("?" * len(columns))
        with sqlite3.connect(self.file) as connection:
            connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows)  # noqa: S608

    def ask(self, query: str) -> Row:
        with sqlite3.connect(self.file) as connection:
            row: Row = connection.execute(query).fetchone()
        return row

    def settle(self) -> None:
        with sqlite3.connect(self.file) as connection:
            connection.execute("ANALYZE")


def make_durable() -> int:
    """Let PostgreSQL wait for the disk at each commit, which throw-away servers do not; return the id of its process."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(sql.SQL("ALTER SYSTEM SET {} = on").format(sql.SQL(name)))
        connection.execute("SELECT pg_reload_conf()")
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            row = connection.execute(sql.SQL("SHOW {}").format(sql.SQL(name))).fetchone()
            if row != ("on",):
                raise RuntimeError(f"PostgreSQL runs with {name} {row}.")
        backend = Path(f"/proc/{connection.info.backend_pid}/stat").read_text()
    return int(backend.rpartition(")")[2].split()[1])


def empty_redis(number: int) -> str:
    """Empty a database of Redis, so that a server finds nothing of the one before it; return its URL."""
    url = f"{os.environ['REDIS_URL'].rpartition('/')[0]}/{number}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


def _create_database(*, template: str) -> str:
    name = f"bench_{next(_names)}"
    server = os.environ["DATABASE_URL"]
    with psycopg.connect(server, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
        connection.execute(statement)
    return f"{server.rpartition('/')[0]}/{name}"
