"""The writes of one connection that have no answer yet, and how each is answered. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass

from consumers.outlet import Outlet
from messaging.errors import ChatError
from messaging.protocol.batch import Key
from messaging.protocol.codec import encode, encode_error
from messaging.protocol.frames import Ack
from messaging.write import Outcome


@dataclass(slots=True, eq=False)
class Pending:
    """A write of this connection that has no answer yet; `outcome` is there when only its place in the stream is missing."""

    chat: int
    id: str
    content_hash: str
    # When it was sent, on whatever clock the edge has.
    since: float = 0.0
    outcome: Outcome | None = None
    answered: bool = False


class PendingWrites:
    """All unanswered writes of one connection of `user`, by chat and id: the same id may have been sent several times."""

    def __init__(self, user: int, outlet: Outlet) -> None:
        self._user = user
        self._outlet = outlet
        self._by_id: dict[tuple[int, str], list[Pending]] = {}
        # How many there are.
        self.count = 0

    def oldest(self) -> float | None:
        """Return since when the oldest one waits, or None where there is none."""
        # In the order they came, but for a repeat whose first is answered: then it was answered with it.
        return next((several[0].since for several in self._by_id.values()), None)

    def add(self, pending: Pending) -> None:
        """Note a write before it is submitted: its event may come before its answer."""
        self._by_id.setdefault((pending.chat, pending.id), []).append(pending)
        self.count += 1

    def settled_by(self, chat: int, seq: int, key: Key) -> list[Pending]:
        """Return those that event `seq` answers, the oldest first."""
        if key.sender != self._user or key.id is None:
            return []
        same = self._by_id.get((chat, key.id), ())
        # Where the writer has said that this is the event, the content was forgotten since the event was published.
        return [p for p in same if key.settles(p.content_hash) or (p.outcome is not None and p.outcome.seq == seq)]

    def with_outcome(self, chat: int) -> list[tuple[Pending, Outcome]]:
        """Return those of a chat of which only the place in the stream is missing."""
        of_chat = [p for several in self._by_id.values() for p in several if p.chat == chat]
        return [(pending, pending.outcome) for pending in of_chat if pending.outcome is not None]

    # Answers

    def acknowledge_in_place(self, same: list[Pending], *, seq: int, at: str) -> None:
        """Answer the first of `same` in the place of its event; a repeat with an outcome stands outside of the stream."""
        first, *repeats = same
        self._forget(first)
        self._outlet.send(encode(Ack(id=first.id, chat=first.chat, seq=seq, at=at)))
        for repeat in repeats:
            if repeat.outcome is not None:
                self.acknowledge_outside(repeat, repeat.outcome)

    def acknowledge_outside(self, pending: Pending, outcome: Outcome) -> None:
        """Answer a write that has no event, or one that the stream has passed."""
        self._forget(pending)
        ack = Ack(id=pending.id, chat=pending.chat, seq=outcome.seq, at=outcome.at)
        ack.noop, ack.duplicate = outcome.seq is None, outcome.seq is not None
        self._outlet.send(encode(ack))

    def refuse(self, pending: Pending, error: ChatError) -> None:
        """Answer a write with an error; errors have no place in the stream."""
        if not pending.answered:
            self._forget(pending)
            self._outlet.send(encode_error(error, id=pending.id, chat=pending.chat))

    def _forget(self, pending: Pending) -> None:
        pending.answered = True
        several = self._by_id[pending.chat, pending.id]
        several.remove(pending)
        if not several:
            del self._by_id[pending.chat, pending.id]
        self.count -= 1
