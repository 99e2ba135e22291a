"""The connections that live in this process, and what may be asked of one from outside its consumer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Protocol

from messaging.conf import get_limits
from messaging.connections.claims import Claim
from messaging.protocol.codes import CloseCode


class LocalConnection(Protocol):
    """One open WebSocket, as the beat, the canary and the drain see it."""

    claim: Claim
    # Whether its user is told how far others have read.
    hears_receipts: bool

    @property
    def unanswered(self) -> int:
        """How many writes have no answer yet."""

    async def rejoin(self) -> None:
        """Join all groups again: the channel layer may have lost it."""

    def end(self, code: CloseCode, *, retry_after: float | None = None) -> None:
        """Say bye and close, soon; calling it again changes nothing."""


class LocalConnections:
    """The open connections of this process, by connection id."""

    def __init__(self) -> None:
        self._by_id: dict[str, LocalConnection] = {}
        # Ids whose claim is being taken: they have no connection yet, and their claim must not look like an orphan.
        self._opening: set[str] = set()
        # How many bytes each may leave unread, so that all of them together stay within the bound of the process.
        self.pending_most = get_limits().pending_bytes

    def __len__(self) -> int:
        return len(self._by_id) + len(self._opening)

    def __iter__(self) -> Iterator[LocalConnection]:
        return iter(list(self._by_id.values()))

    @property
    def opening(self) -> int:
        """How many are still in their handshake."""
        return len(self._opening)

    def open(self, connection: str) -> None:
        """Note a handshake that is about to claim."""
        self._opening.add(connection)

    def add(self, connection: LocalConnection) -> None:
        """Note a connection whose claim has committed."""
        self._opening.discard(connection.claim.connection)
        self._by_id[connection.claim.connection] = connection
        self._share()

    def holds(self, connection: str) -> bool:
        """Tell whether this is an open connection, past its handshake."""
        return connection in self._by_id

    def discard(self, connection: str) -> None:
        """Forget a connection or handshake that has ended."""
        self._opening.discard(connection)
        self._by_id.pop(connection, None)
        self._share()

    def _share(self) -> None:
        limits = get_limits()
        self.pending_most = min(limits.pending_bytes, limits.process_pending_bytes // max(len(self._by_id), 1))

    def ids(self) -> list[str]:
        """Return the ids of all connections and handshakes."""
        return [*self._by_id, *self._opening]


def send_away(connection: LocalConnection) -> None:
    """Tell a client to come back at another process, or to this one anew; not all of them at the same moment."""
    spread = random.uniform(0.1, get_limits().drain_retry_seconds)  # noqa: S311
    connection.end(CloseCode.DRAINING, retry_after=round(spread, 2))
