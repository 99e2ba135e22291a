"""What the database says of a person's connection, and what the ticket makes of it; and servers that beat fast."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from client import RestError
from messaging.database import run_in_thread
from messaging.models import Connection, Node, User
from tests.server import Person
from tests.vocabulary import PATIENCE

# A server is swept after a second and a half of silence, a claim that nobody holds is released after half a second.
FAST = {
    "BEAT_SECONDS": "0.3",
    "SWEEP_SECONDS": "0.2",
    "NODE_SILENCE_SECONDS": "1.5",
    "ORPHAN_CLAIM_SECONDS": "0.5",
    "TAIL_SECONDS": "0.2",
}


async def until(question: Callable[[], Any]) -> None:
    """Wait until a question to the database is answered with yes."""
    async with asyncio.timeout(PATIENCE):
        while not await run_in_thread(question):  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.02)


def is_connected(person: Person) -> bool:
    """Return what the database says of a person's connection."""
    return bool(User.objects.get(pk=person.id).is_ws_connected)


def holder_of(person: Person) -> str | None:
    """Return the id of the connection that has the person's claim."""
    return Connection.objects.filter(user=person.id).values_list("connection", flat=True).first()


async def expect_claimed(person: Person, connection: str) -> None:
    """Expect that this connection has the claim, and that another device is told so."""
    assert await run_in_thread(holder_of, person) == connection
    assert await run_in_thread(is_connected, person)
    with pytest.raises(RestError, match="already_connected"):
        await person.rest.ticket("another")


async def expect_freed(person: Person) -> None:
    """Wait until the person has no connection and another device is let in.

    A handshake that was given up may still be on its way to its claim: the claim then stands for a moment after it was
    seen to be free.
    """
    async with asyncio.timeout(PATIENCE):
        while True:
            await until(lambda: not is_connected(person))
            try:
                await person.rest.ticket("another")
            except RestError as error:
                if error.code != "already_connected":
                    raise
            else:
                return


async def expect_beats(count: int) -> None:
    """Wait until every server process has beaten so often."""
    for _ in range(count):
        before = await run_in_thread(_beats)
        await until(lambda before=before: _beats().isdisjoint(before))  # type: ignore[misc]


def _beats() -> set[tuple[str, datetime]]:
    return set(Node.objects.values_list("pk", "beat_at"))
