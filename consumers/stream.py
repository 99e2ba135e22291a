"""The streams of one connection: a place in the log of each chat. No I/O, no clock.

Whatever offers events (the channel layer, the writer's answer, a read of the log) and however it loses, repeats or
reorders them, each event is sent once and in its place, and the event of an own unanswered write is sent as its ack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from consumers.outlet import Outlet
from consumers.pending import Pending, PendingWrites
from messaging.protocol.batch import EventBatch, Key, time_of
from messaging.protocol.codec import add_id, encode
from messaging.protocol.frames import CaughtUp, ChatJoined
from messaging.write import Outcome


class Verdict(Enum):
    """What an offer came to, and so what its caller does next."""

    DONE = "nothing more to do"
    HOLE = "something smaller is missing: read the log"
    ENDED = "the user was removed: the stream is gone"
    UNOPENED = "the user has no stream of this chat: open one"


@dataclass(slots=True, eq=False)
class Stream:
    """The place of one chat: every event below `next` was sent. 0, before the first seq, while it is being opened."""

    chat: int
    next: int = 0
    # The highest seq there is a reason to wait for, and the highest heard of since the read under way began.
    goal: int = 0
    heard: int = 0
    # Events that came before a smaller one; those in `suspects` before the read under way began.
    held: dict[int, tuple[bytes, Key]] = field(default_factory=dict)
    suspects: frozenset[int] = frozenset()
    # Marks of the edge: somebody is seeing to the hole; the user was said to have joined once more while it was opened.
    attended: bool = False
    joined_again: bool = False

    def hear_of(self, seq: int) -> None:
        """Note that `seq` exists, as far as anybody says."""
        self.goal = max(self.goal, seq)
        self.heard = max(self.heard, seq)

    @property
    def behind(self) -> bool:
        """Whether something that exists was not sent yet."""
        return 0 < self.next <= self.goal


class Streams:
    """All streams of one connection of `user`; `held_most` bounds what one stream keeps while it waits."""

    def __init__(self, user: int, outlet: Outlet, writes: PendingWrites, *, held_most: int) -> None:
        # None until `ready`: what is offered before that is held, whatever epoch it is of.
        self.epoch: str | None = None
        self._early_epochs: set[str] = set()
        self._user = user
        self._outlet = outlet
        self._writes = writes
        self._held_most = held_most
        self._streams: dict[int, Stream] = {}
        # The head told in `ready`, of each chat that has not reached it.
        self._targets: dict[int, int] | None = None

    def __iter__(self) -> Iterator[Stream]:
        return iter(list(self._streams.values()))

    def __contains__(self, chat: int) -> bool:
        return chat in self._streams

    def get(self, chat: int) -> Stream | None:
        """Return the stream of a chat, or None."""
        return self._streams.get(chat)

    # Opening and ending

    def expect(self, chat: int) -> Stream:
        """Begin to hold what is offered of `chat`, before its place is known."""
        return self._streams.setdefault(chat, Stream(chat))

    def drop(self, chat: int) -> None:
        """Forget a chat that the user is not in after all."""
        self._streams.pop(chat, None)
        self._settle_waiting(chat)

    def begin(self, epoch: str, starts: Sequence[tuple[int, int, int]]) -> list[int]:
        """Open all streams of `ready`, given as (chat, from, head); `caught_up` follows when all heads are reached.

        Return the chats whose stream has ended at once, by a removal that was heard of meanwhile.
        """
        self.epoch = epoch
        if self._early_epochs - {epoch}:
            # Something of another history is among what was held: the log is read instead.
            for stream in self:
                stream.held.clear()
        self._targets = {chat: head for chat, from_, head in starts if head >= from_}
        ended = [chat for chat, from_, head in starts if self._open(self._streams[chat], from_, head) is Verdict.ENDED]
        self._tell_caught_up()
        return ended

    def join(self, chat: int, from_: int, head: int) -> Verdict:
        """Open a stream after `ready`: `chat.joined` goes before anything of the chat."""
        self._outlet.send(encode(ChatJoined(chat=chat, head=head, from_=from_)))
        return self._open(self._streams[chat], from_, head)

    def _open(self, stream: Stream, from_: int, head: int) -> Verdict:
        stream.next = from_
        stream.hear_of(head)
        self._settle_waiting(stream.chat)
        return self._send_held(stream)

    def _end(self, stream: Stream) -> Verdict:
        del self._streams[stream.chat]
        self._reach_target(stream.chat, None)
        self._settle_waiting(stream.chat)
        return Verdict.ENDED

    # Events

    def offer(self, batch: EventBatch) -> Verdict:
        """Send what is next, hold what is early, drop what was sent."""
        stream = self._streams.get(batch.chat)
        if self.epoch is None:
            self._early_epochs.add(batch.epoch)
        elif batch.epoch != self.epoch:
            return Verdict.DONE
        if stream is None:
            return Verdict.DONE
        room = self._outlet.room
        if batch.first == stream.next and batch.size <= room and not stream.held and self._user not in batch.concerns:
            self._outlet.send_batch(batch)
            stream.next += len(batch)
            return self._progress(stream)
        return self._offer_each(stream, batch)

    def _offer_each(self, stream: Stream, batch: EventBatch) -> Verdict:
        stream.hear_of(batch.first + len(batch) - 1)
        if self._outlet.room <= 0:
            # Nor is anything held for a peer that does not read: the log has it.
            stream.held.clear()
            return self._progress(stream)
        for seq, frame, key in batch:
            if stream.next < seq:
                self._hold(stream, seq, frame, key)
            elif stream.next == seq and self._outlet.room <= 0:
                # A peer that does not read is caught up from the log when it does.
                return self._progress(stream)
            elif stream.next == seq and self._send_event(stream, frame, key) is Verdict.ENDED:
                return Verdict.ENDED
        return self._send_held(stream)

    def _hold(self, stream: Stream, seq: int, frame: bytes, key: Key) -> None:
        if len(stream.held) < self._held_most:
            stream.held[seq] = frame, key

    def _send_held(self, stream: Stream) -> Verdict:
        while stream.next in stream.held and self._outlet.room > 0:
            if self._send_event(stream, *stream.held.pop(stream.next)) is Verdict.ENDED:
                return Verdict.ENDED
        return self._progress(stream)

    def _progress(self, stream: Stream) -> Verdict:
        if not stream.next:
            return Verdict.DONE
        if stream.held:
            stream.held = {seq: event for seq, event in stream.held.items() if seq >= stream.next}
        self._reach_target(stream.chat, stream.next - 1)
        return Verdict.HOLE if stream.behind else Verdict.DONE

    def _send_event(self, stream: Stream, frame: bytes, key: Key) -> Verdict:
        seq = stream.next
        stream.next = seq + 1
        own = self._writes.settled_by(stream.chat, seq, key)
        if own:
            self._writes.acknowledge_in_place(own, seq=seq, at=time_of(frame))
        elif key.sender == self._user and key.id is not None:
            self._outlet.send(add_id(frame, key.id))
        else:
            self._outlet.send(frame)
        return self._end(stream) if key.removed == self._user else Verdict.DONE

    # Reading the log where something is missing

    def begin_read(self, stream: Stream) -> int:
        """Return after which seq to read; from now on it is known which offers are older than the read."""
        stream.suspects = frozenset(stream.held)
        stream.heard = 0
        return stream.next - 1

    def finish_read(self, stream: Stream, events: EventBatch | None, head: int) -> Verdict:
        """Send what the read found; what was offered above `head` before the read began is not in the log: it is dropped."""
        if self._streams.get(stream.chat) is not stream:
            return Verdict.DONE
        stream.goal = max(stream.heard, head)
        for seq in stream.suspects:
            if seq > head:
                stream.held.pop(seq, None)
        stream.suspects = frozenset()
        return self._offer_each(stream, events) if events is not None else self._send_held(stream)

    # Own writes

    def settle(self, pending: Pending, outcome: Outcome, batch: EventBatch | None) -> Verdict:
        """Take the writer's answer: the ack goes out where the stream reaches the event, or at once if it lies elsewhere.

        `batch` is what was committed to the chat together with the write.
        """
        if pending.answered:
            return Verdict.DONE
        pending.outcome = outcome
        stream = self._streams.get(pending.chat)
        if stream is None and outcome.event is not None:
            return Verdict.UNOPENED
        if stream is not None and not stream.next:
            return Verdict.DONE
        if stream is None or outcome.seq is None or outcome.seq < stream.next:
            self._writes.acknowledge_outside(pending, outcome)
            return Verdict.DONE
        stream.hear_of(outcome.seq)
        if outcome.event is not None and batch is not None:
            return self.offer(batch)
        return Verdict.HOLE

    def _settle_waiting(self, chat: int) -> None:
        """Look again at the answers that waited for a stream which has now opened, or ended."""
        stream = self._streams.get(chat)
        for pending, outcome in self._writes.with_outcome(chat):
            if stream is None or outcome.seq is None or outcome.seq < stream.next:
                self._writes.acknowledge_outside(pending, outcome)
            else:
                stream.hear_of(outcome.seq)

    # caught_up

    def _reach_target(self, chat: int, seq: int | None) -> None:
        """Note that `chat` has come to `seq`, or to its end (None)."""
        if self._targets is not None and chat in self._targets and (seq is None or seq >= self._targets[chat]):
            del self._targets[chat]
            self._tell_caught_up()

    def _tell_caught_up(self) -> None:
        if self._targets is not None and not self._targets:
            self._targets = None
            self._outlet.send(encode(CaughtUp()))
