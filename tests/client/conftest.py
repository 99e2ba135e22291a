"""What the client's tests share: a scripted server, and clients that are closed when the test ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from client import Client, Options, Waits
from tests.client.peer import Server, serving

# Failures wait some milliseconds, and half of what they could.
SWIFT = Options(waits=Waits(base=0.01, cap=0.05, steady=10.0), random=lambda: 0.5)

MakeClient = Callable[..., Client]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Serve a script."""
    async with serving() as server:
        yield server


@pytest.fixture
async def make_client(server: Server) -> AsyncIterator[MakeClient]:
    """Make clients of the scripted server, and close them in the end."""
    async with AsyncExitStack() as stack:

        def make(*, start: bool = True, **more: Any) -> Client:
            settings: dict[str, Any] = {"password": "secret", "device": "phone", "options": SWIFT} | more
            client = Client(server.base_url, "ada", **settings)
            stack.push_async_callback(client.close)
            if start:
                client.start()
            return client

        yield make
