"""The connections that live in this process, and what may be asked of one from outside its consumer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from messaging.connections.claims import Claim
from messaging.protocol.codes import CloseCode


class LocalConnection(Protocol):
    """One open WebSocket, as the beat and the drain see it."""

    claim: Claim

    def end(self, code: CloseCode, *, retry_after: float | None = None) -> None:
        """Say bye and close, soon; calling it again changes nothing."""


class LocalConnections:
    """The open connections of this process, by connection id."""

    def __init__(self) -> None:
        self._by_id: dict[str, LocalConnection] = {}
        # Ids whose claim is being taken: they have no connection yet, and their claim must not look like an orphan.
        self._opening: set[str] = set()

    def __len__(self) -> int:
        return len(self._by_id) + len(self._opening)

    def __iter__(self) -> Iterator[LocalConnection]:
        return iter(list(self._by_id.values()))

    def open(self, connection: str) -> None:
        """Note a handshake that is about to claim."""
        self._opening.add(connection)

    def add(self, connection: LocalConnection) -> None:
        """Note a connection whose claim has committed."""
        self._opening.discard(connection.claim.connection)
        self._by_id[connection.claim.connection] = connection

    def holds(self, connection: str) -> bool:
        """Tell whether this is an open connection, past its handshake."""
        return connection in self._by_id

    def discard(self, connection: str) -> None:
        """Forget a connection or handshake that has ended."""
        self._opening.discard(connection)
        self._by_id.pop(connection, None)

    def ids(self) -> list[str]:
        """Return the ids of all connections and handshakes."""
        return [*self._by_id, *self._opening]
