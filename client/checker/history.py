"""What clients saw, in the order they saw it: the entries of a history, and its file of one JSON object a line."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from client.frames import Frame


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. The kinds, and what their frame holds:

    ======================  ==========================================================================================
    opened                  a socket was accepted; {"server": name} where it is known, {"path"} of the handshake
    sent, received          the frame
    ended                   {"code", "reason"}, and "own" where this side closed the socket or cut it
    asked                   a REST call begins: {"call": number, "method", "path", "json"}
    answered, failed        {"call", "status", "body"} · {"call"}, for a call without an answer
    stalled, reading        the client stops reading its sockets, and goes on; the one socket where one is named
    fault                   {"name", "target"}, a moment
    fault_begins, _ends     {"name", "target"}, a span
    log                     {"chat", "head", "events"}: the whole log of a chat, read when all was healed and quiet
    members                 {"chat", "users"}, read with it
    probe                   {"connected", "user_probed"}, and the number of the REST "call" or the time it "began"
    ======================  ==========================================================================================
    """

    # Seconds, on the one monotonic clock of the process that ran all clients.
    at: float
    kind: str
    # 0 is nobody, as for faults and logs.
    user: int = 0
    # The number of the user's socket: 1, 2 …; 0 is none.
    connection: int = 0
    frame: Frame = field(default_factory=dict)


class History:
    """Entries, oldest first."""

    def __init__(self, entries: list[Entry] | None = None) -> None:
        self.entries: list[Entry] = entries or []
        self._sockets: Counter[int] = Counter()
        self._calls = 0

    def add(self, kind: str, *, user: int = 0, connection: int = 0, frame: Frame | None = None) -> Entry:
        """Add an entry that happens at this moment."""
        entry = Entry(time.monotonic(), kind, user, connection, frame or {})
        self.entries.append(entry)
        return entry

    def next_connection(self, user: int) -> int:
        """Return the number of a further socket of `user`."""
        self._sockets[user] += 1
        return self._sockets[user]

    def next_call(self) -> int:
        """Return the number of a further REST call."""
        self._calls += 1
        return self._calls

    def save(self, path: Path | str) -> None:
        """Write the history as JSON lines."""
        with Path(path).open("w") as lines:
            lines.writelines(json.dumps(asdict(entry)) + "\n" for entry in self.entries)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read what `save` wrote."""
        with Path(path).open() as lines:
            return cls([Entry(**json.loads(line)) for line in lines])
