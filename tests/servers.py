"""Fixtures: real servers, real sockets, real people, and proxies to come between them; for end-to-end and browser tests."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from django.db import connection

from tests.proxy import Proxy
from tests.server import ENTRIES, PATIENCE, SERVER, Person, Server

StartServer = Callable[..., Awaitable[Server]]
SignUp = Callable[..., Awaitable[list[Person]]]

# Marks a test of what is the server's to do: it runs on each.
on_each_server = pytest.mark.parametrize("server_kind", list(ENTRIES), indirect=True)


@pytest.fixture
def server_kind(request: pytest.FixtureRequest) -> str:
    """Return which server a test runs: SERVER, unless it runs on each."""
    return getattr(request, "param", SERVER)


@pytest.fixture
async def start_server(transactional_db: None, tmp_path: Path, server_kind: str) -> AsyncIterator[StartServer]:
    """Return a function that starts a server; all of them are stopped, and end well, when the test is over."""
    started: list[Server] = []

    async def start(*arguments: str, **environment: str) -> Server:
        server = Server(tmp_path / f"server-{len(started)}.log", *arguments, kind=server_kind, **environment)
        started.append(server)
        await server.start()
        return server

    yield start
    await asyncio.gather(*(server.stop() for server in started))


@pytest.fixture
async def server(start_server: StartServer) -> Server:
    """Return a running server."""
    return await start_server()


@pytest.fixture
async def sign_up() -> AsyncIterator[SignUp]:
    """Return a function that makes people with accounts; their sockets are closed when the test is over."""
    people: list[Person] = []

    async def make(server: Server, *names: str) -> list[Person]:
        made = [Person(server.url, name) for name in names]
        people.extend(made)
        for person in made:
            await person.sign_up()
        return made

    yield make
    await asyncio.gather(*(person.close() for person in people))


@pytest.fixture
async def enrol(transactional_db: None) -> AsyncIterator[SignUp]:
    """Return a function that makes people, many where need be, who have tokens and no password."""
    people: list[Person] = []
    # One for all: to make one takes longer than all else that is done for a person here.
    http = httpx.AsyncClient(timeout=PATIENCE)

    async def make(server: Server, *names: str) -> list[Person]:
        made = [Person(server.url, name, http=http) for name in names]
        people.extend(made)
        for person in made:
            await person.enrol()
        return made

    yield make
    await asyncio.gather(*(person.close() for person in people))
    await http.aclose()


@pytest.fixture
async def database_proxy(transactional_db: None) -> AsyncIterator[Proxy]:
    """Yield a proxy in front of the test's PostgreSQL; `database_url` tells the way through it."""
    given = connection.settings_dict
    async with Proxy(socket.gethostbyname(given["HOST"]), int(given["PORT"])) as proxy:
        yield proxy


@pytest.fixture
async def redis_proxy() -> AsyncIterator[Proxy]:
    """Yield a proxy in front of the test's Redis."""
    async with Proxy("127.0.0.1", urlsplit(os.environ["REDIS_URL"]).port or 6379) as proxy:
        yield proxy
