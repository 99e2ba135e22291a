"""Connections of a server process without a socket, and claims as they ask for them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from messaging.connections.beat import Beat
from messaging.connections.claims import Claim, take_claim
from messaging.connections.local import LocalConnections
from messaging.database import run_in_thread
from messaging.models import Account, Connection, Node
from messaging.protocol.codes import CloseCode
from tests.vocabulary import PATIENCE

_ids = itertools.count(1)


def claim_of(user: int, *, node: str = "n1", device: str = "phone", **fields: Any) -> Claim:
    """Return a claim with a connection id of its own unless one is given."""
    fields = {"connection": f"c{next(_ids)}", "token_version": 0, **fields}
    return Claim(user=user, node=node, device=device, **fields)


def make_nodes(*ids: str) -> None:
    """Make server processes known."""
    for id in ids:
        Node.objects.create(pk=id)


def holder_of(user: int) -> str | None:
    """Return the connection that has the user's claim."""
    return Connection.objects.filter(user=user).values_list("connection", flat=True).first()


def last_seen_of(user: int) -> datetime | None:
    """Return when the user's last claim ended, None where none has."""
    return Account.objects.filter(pk=user).values_list("last_seen_at", flat=True).first()


@dataclass
class Peer:
    """A connection as the beat and a drain see it; remembers how it was ended, and how many seconds it is to wait."""

    claim: Claim
    hears_receipts: bool = True
    ends: list[CloseCode] = field(default_factory=list)
    waits: list[float | None] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    unanswered: int = 0

    async def rejoin(self) -> None:
        """Join nothing."""

    def end(self, code: CloseCode, *, retry_after: float | None = None) -> None:
        """Note that the connection is to end."""
        self.ends.append(code)
        self.waits.append(retry_after)
        self.ended.set()

    async def expect_end(self, code: CloseCode) -> None:
        """Wait for the end, which is for this reason."""
        await asyncio.wait_for(self.ended.wait(), PATIENCE)
        assert self.ends[0] is code


async def take(user: int, node: str, **fields: Any) -> Peer:
    """Return a connection whose claim was taken."""
    peer = Peer(claim_of(user, node=node, **fields))
    assert await run_in_thread(take_claim, peer.claim)
    return peer


def age(rows: Any, column: str, seconds: float) -> None:
    """Make what rows say of now a thing of the past."""
    rows.update(**{column: timezone.now() - timedelta(seconds=seconds)})


async def until(question: Callable[[], Any]) -> None:
    """Wait until a question to the database is answered with yes."""
    async with asyncio.timeout(PATIENCE):
        while not await run_in_thread(question):  # noqa: ASYNC110 - what is waited for is in the database
            await asyncio.sleep(0.005)


class Process:
    """What beats, and the connections that it beats for."""

    def __init__(self) -> None:
        self.local = LocalConnections()
        self.beat = Beat(self.local)

    async def connect(self, user: int, **fields: Any) -> Peer:
        """Open a connection as a handshake does."""
        peer = Peer(claim_of(user, node=await self.beat.registered(), **fields))
        self.local.open(peer.claim.connection)
        assert await run_in_thread(take_claim, peer.claim)
        self.local.add(peer)
        return peer

    async def beats(self) -> None:
        """Wait until it has beaten once more."""

        def since() -> object:
            return Node.objects.filter(pk=self.beat.node).values_list("beat_at", flat=True).first()

        before = await run_in_thread(since)
        await until(lambda: since() not in (before, None))
