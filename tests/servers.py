"""Fixtures: real servers, real sockets, real people; for the end-to-end and the browser tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.server import Person, Server

StartServer = Callable[..., Awaitable[Server]]
SignUp = Callable[..., Awaitable[list[Person]]]


@pytest.fixture
async def start_server(transactional_db: None, tmp_path: Path) -> AsyncIterator[StartServer]:
    """Return a function that starts a server; all of them are stopped, and end well, when the test is over."""
    started: list[Server] = []

    async def start(**environment: str) -> Server:
        server = Server(tmp_path / f"server-{len(started)}.log", **environment)
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
        made = [Person(server, name) for name in names]
        people.extend(made)
        for person in made:
            await person.sign_up()
        return made

    yield make
    for person in people:
        await person.close()
