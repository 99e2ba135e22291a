"""Servers that break the contract, each in one way that a checker must see; BROKEN names the one that a process is.

They are the proof of the checker: a history of each shows a violation of the rule that is named beside it in `RULES`.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

from messaging.errors import ChatError, NotAMember
from messaging.write import Outcome, Write

# Of the package's functions the modules have the names.
_append: Any = importlib.import_module("messaging.log.append")
_load: Any = importlib.import_module("messaging.log.load")
_store: Any = importlib.import_module("messaging.log.store")
_read: Any = importlib.import_module("messaging.log.read")


def fan_out_before_commit() -> None:
    """Publish from inside the transaction, of which every fourth is rolled back after all."""
    from messaging.fanout import announce
    from messaging.protocol.batch import EventBatch
    from messaging.runtime import get_runtime

    load, store, counter, epochs = _append.load, _append.store, itertools.count(1), [""]

    def load_and_remember(*args: Any) -> Any:
        state, epochs[0] = load(*args)
        return state, epochs[0]

    def store_and_publish(state: Any) -> None:
        store(state)
        runtime = get_runtime()
        assert runtime is not None
        runtime.publish_from_thread(
            announce(EventBatch.of_each_chat([row.event for row in state.events], epoch=epochs[0]))
        )
        if next(counter) % 4 == 0:
            raise RuntimeError("rolled back after the fan-out")

    _append.load, _append.store = load_and_remember, store_and_publish


def no_dedupe() -> None:
    """Know no earlier id, and store none that could be refused."""
    event_row = _store._event_row
    _load._take_known = lambda _rows: {}
    _store._event_row = lambda row, **moment: {**event_row(row, **moment), "client_id": None}


def checks_before_dedupe() -> None:
    """Refuse a sender who is no member before looking whether the id has an answer already."""
    prepare = _append.prepare

    def check_first(state: Any, write: Write) -> Outcome | ChatError:
        chat = state.chats.get(write.chat)
        sender = chat.members.get(write.sender) if chat else None
        if sender is None or sender.left_seq is not None:
            return NotAMember()
        answer: Outcome | ChatError = prepare(state, write)
        return answer

    _append.prepare = check_first


def leaking_member() -> None:
    """Go on with a stream after the own removal, and let those who were members once read."""
    from consumers.stream import Stream, Streams, Verdict
    from messaging.models import Membership
    from messaging.protocol.batch import Key

    send_event = Streams._send_event

    def send_on(self: Streams, stream: Stream, frame: bytes, key: Key) -> Verdict:
        return send_event(self, stream, frame, key._replace(removed=0))

    def once_member(user: int, chat: int) -> Membership:
        rows: QuerySet[Membership] = Membership.objects.select_related("chat").filter(chat=chat, user=user)
        membership = rows.first()
        if membership is None:
            raise NotAMember
        return membership

    Streams._send_event = send_on  # type: ignore[method-assign]
    _read.membership_of = once_member


def lost_tail() -> None:
    """Lose every second publication of events, and never look at the log by itself."""
    counter = itertools.count(1)
    _lose(lambda message: message["type"] == "chat.events" and next(counter) % 2 == 0)


def lost_joined() -> None:
    """Lose every word of a new membership, and never look at the memberships by itself."""
    _lose(lambda message: message["type"] == "user.joined")


def _lose(is_lost: Callable[[dict[str, Any]], bool]) -> None:
    from messaging.tail import TailWatcher
    from tests.faults.layer import FaultyLayer

    send_groups = FaultyLayer.send_groups

    async def send_rest(self: FaultyLayer, publications: Any) -> None:
        await send_groups(self, [each for each in publications if not is_lost(each[1])])

    async def look_away(self: TailWatcher) -> None:
        """See nothing."""

    FaultyLayer.send_groups = send_rest  # type: ignore[method-assign]
    TailWatcher._look = TailWatcher._compare = look_away  # type: ignore[method-assign]


def stuck_claim() -> None:
    """Never give a claim back, neither at the end of its connection nor in the beat."""
    claiming: Any = importlib.import_module("consumers.claiming")
    beat: Any = importlib.import_module("messaging.connections.beat")

    def keep(*_args: Any, **_kwargs: Any) -> None:
        """Give nothing back."""

    claiming.release_claim = keep
    beat._release_orphans = keep
    beat.sweep_once = lambda *_args, **_kwargs: 0


def moving_duplicate() -> None:
    """Send an ack that stands outside the stream as if it stood in it."""
    from consumers.pending import Pending, PendingWrites
    from messaging.protocol.codec import encode
    from messaging.protocol.frames import Ack

    def acknowledge(self: PendingWrites, pending: Pending, outcome: Outcome) -> None:
        self._forget(pending)
        self._outlet.send(encode(Ack(id=pending.id, chat=pending.chat, seq=outcome.seq, at=outcome.at)))

    PendingWrites.acknowledge_outside = acknowledge  # type: ignore[method-assign]


def ack_ahead() -> None:
    """Acknowledge a write as soon as it is stored, as one that the stream has passed."""
    from consumers.pending import Pending
    from consumers.stream import Streams, Verdict
    from messaging.protocol.batch import EventBatch

    settle = Streams.settle

    def settle_ahead(self: Streams, pending: Pending, outcome: Outcome, batch: EventBatch | None) -> Verdict:
        if pending.answered or outcome.event is None or batch is None:
            return settle(self, pending, outcome, batch)
        self._writes.acknowledge_outside(pending, outcome)
        return self.offer(batch)

    Streams.settle = settle_ahead  # type: ignore[method-assign]


def forgotten_cursor() -> None:
    """Begin each stream at the head, whatever the client says it has."""
    starts: Any = importlib.import_module("consumers.starts")
    starts.start_of = lambda *, head, **_where: (head + 1, False)


def kept_text() -> None:
    """Tell that a message is deleted, and keep it as it was."""
    message_row = _store._message_row
    _store._message_row = lambda chat, message, at: (
        message_row(chat, message, at) | ({"text": None, "deleted_at": None} if message.deleted else {})
    )


def forgotten_reaction() -> None:
    """Count of each emoji only who put it on first."""
    folded: Any = importlib.import_module("messaging.folded")
    count = folded._count_reactions
    folded._count_reactions = lambda reactions, viewer: count(
        {emoji: users[:1] for emoji, users in reactions.items()}, viewer
    )


VARIANTS: dict[str, Callable[[], None]] = {
    variant.__name__: variant
    for variant in (
        fan_out_before_commit,
        no_dedupe,
        checks_before_dedupe,
        leaking_member,
        lost_tail,
        lost_joined,
        stuck_claim,
        moving_duplicate,
        ack_ahead,
        forgotten_cursor,
        kept_text,
        forgotten_reaction,
    )
}
# Which rule each breaks: of the contract (PROTOCOL §3), or that of folded messages (§2).
RULES = {
    "fan_out_before_commit": "C4",
    "no_dedupe": "C3",
    "checks_before_dedupe": "C3",
    "leaking_member": "C5",
    "lost_tail": "C7",
    "lost_joined": "C7",
    "stuck_claim": "C8",
    "moving_duplicate": "C1",
    "ack_ahead": "C2",
    "forgotten_cursor": "C6",
    "kept_text": "history",
    "forgotten_reaction": "history",
}
