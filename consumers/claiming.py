"""The claim of one connection, from its handshake until it is given back, and who is told of it meanwhile."""

from __future__ import annotations

import asyncio
import uuid

from consumers.connection_log import ConnectionLog
from messaging import metrics
from messaging.access import Access
from messaging.conf import get_limits, get_settings
from messaging.connections.claims import Claim, release_claim, take_claim
from messaging.connections.local import LocalConnection
from messaging.database import run_in_thread
from messaging.fanout import tell_claimed
from messaging.runtime import Runtime
from messaging.tickets import Ticket


class Claiming:
    """What one connection has to do with its claim: `take`, then `open` where it was taken, and `release` in any case."""

    def __init__(self, access: Access, ticket: Ticket, *, runtime: Runtime, log: ConnectionLog) -> None:
        self._access = access
        self._ticket = ticket
        self._runtime = runtime
        self._log = log
        self._taking: asyncio.Task[bool] | None = None
        self._claim: Claim
        # Whether the handshake is over and the connection one of those of the process.
        self.is_open = False

    async def take(self) -> Claim | None:
        """Take the claim and return it; None where it is refused, or the store does not answer in time."""
        try:
            # Bounded, turn included: a client that has given up has tried again, and its newer claim must not be replaced.
            async with asyncio.timeout(get_limits().hello_seconds), self._runtime.opening():
                self._claim = claim = self._make(await self._runtime.beat.registered())
                self._log.begin(claim.connection)
                self._runtime.connections.open(claim.connection)
                self._taking = self._runtime.spawn(run_in_thread(take_claim, claim))
                # Shielded: a claim that commits after its handshake was cancelled is released all the same.
                return claim if await asyncio.shield(self._taking) else None
        except Exception:
            self._log.warning("The claim of a connection could not be taken.", exc_info=True)
            return None

    def _make(self, node: str) -> Claim:
        return Claim(
            user=self._access.user,
            connection=uuid.uuid4().hex,
            device=self._ticket.device,
            node=node,
            token_version=self._access.token_version,
            replaces=self._ticket.take or get_settings().connection_policy == "replace",
        )

    def open(self, connection: LocalConnection) -> None:
        """Enter the connection among those of the process, and tell of it, an earlier one of its user first of all."""
        claim = self._claim
        self.is_open = True
        metrics.CONNECTIONS.inc()
        self._runtime.connections.add(connection)
        self._runtime.publisher.publish([tell_claimed(claim.user, claim.connection)])
        self._runtime.signals.tell_connected(claim.user, connection=claim.connection, device=claim.device)

    def release(self) -> None:
        """Give the claim back, if it was asked for at all; the work belongs to the process."""
        if self.is_open:
            metrics.CONNECTIONS.dec()
        if self._taking is not None:
            self._runtime.spawn(self._release(self._taking))

    async def _release(self, taking: asyncio.Task[bool]) -> None:
        """Give the claim back, once it is known whether it was taken; the beat finds it where the database was away."""
        claim = self._claim
        await asyncio.wait([taking])
        try:
            await run_in_thread(release_claim, claim.connection)
        except Exception:
            self._log.warning("A claim could not be released; the beat will.", exc_info=True)
        finally:
            self._runtime.connections.discard(claim.connection)
            if self.is_open:
                self._runtime.signals.tell_disconnected(claim.user, connection=claim.connection, device=claim.device)
