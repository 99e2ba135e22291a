"""Streams without a socket: whatever is offered, in whatever order, each event goes out once and in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.stream import Pending, Streams, Verdict, start_of
from messaging.errors import IdConflict
from messaging.log import Outcome
from messaging.protocol.batch import EventBatch
from messaging.protocol.frames import Event
from messaging.protocol.kinds import Kind

ME, OTHER, CHAT, EPOCH = 1, 2, 7, "now"


class Sent:
    """An outlet that remembers."""

    def __init__(self) -> None:
        self.room = 1_000_000
        self.frames: list[dict[str, Any]] = []

    def send(self, payload: bytes) -> None:
        self.room -= len(payload)
        self.frames.append(json.loads(payload))

    def send_batch(self, batch: EventBatch) -> None:
        for frame in batch.frames:
            self.send(frame)

    def take(self) -> list[Any]:
        """Return what was sent since the last look: seqs of events, and (type, …) of everything else."""
        frames, self.frames = self.frames, []
        return [_brief(frame) for frame in frames]


def _brief(frame: dict[str, Any]) -> Any:
    if frame["type"] == "ack":
        return ("ack", frame["id"], frame.get("seq"), frame.get("duplicate", False))
    return frame["seq"] if "seq" in frame and frame["type"] != "chat.joined" else frame["type"]


def event(seq: int, *, sender: int = OTHER, id: str | None = None, hash: str | None = None, **body: Any) -> Event:
    kind = body.pop("kind", Kind.MESSAGE_CREATED)
    return Event(
        chat=CHAT, seq=seq, at="t", kind=kind, sender=sender, id=id, content_hash=hash, body=body or {"text": str(seq)}
    )


def batch(*events: Event, epoch: str = EPOCH) -> EventBatch:
    return EventBatch.from_events(events, epoch=epoch)


def seqs(first: int, last: int) -> EventBatch:
    return batch(*(event(seq) for seq in range(first, last + 1)))


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def streams(sent: Sent) -> Streams:
    """Return streams with one chat, live from seq 1."""
    made = Streams(ME, sent, held_most=8)
    made.expect(CHAT)
    made.begin(EPOCH, [(CHAT, 1, 0)])
    assert sent.take() == ["caught_up"]
    return made


def read(streams: Streams, log: list[Event]) -> Verdict:
    """Answer a read of the log as it stands."""
    stream = streams.get(CHAT)
    assert stream is not None
    after = streams.begin_read(stream)
    found = [e for e in log if e.seq > after]
    return streams.finish_read(stream, batch(*found) if found else None, len(log))


def submit(streams: Streams, id: str, hash: str = "h") -> Pending:
    pending = Pending(CHAT, id, hash)
    streams.add_pending(pending)
    return pending


def test_events_in_order_go_straight_out(streams, sent):
    assert streams.offer(seqs(1, 3)) is Verdict.DONE
    assert sent.take() == [1, 2, 3]


def test_a_repeat_is_dropped(streams, sent):
    streams.offer(seqs(1, 3))
    streams.offer(seqs(2, 4))
    assert sent.take() == [1, 2, 3, 4]


def test_an_early_event_waits_for_its_neighbour(streams, sent):
    assert streams.offer(seqs(2, 2)) is Verdict.HOLE
    assert sent.take() == []
    assert streams.offer(seqs(1, 1)) is Verdict.DONE
    assert sent.take() == [1, 2]


def test_a_hole_is_filled_from_the_log(streams, sent):
    streams.offer(seqs(3, 3))
    assert read(streams, [event(n) for n in (1, 2, 3)]) is Verdict.DONE
    assert sent.take() == [1, 2, 3]


def test_more_early_events_than_are_held_are_left_to_the_log(streams, sent):
    streams.offer(seqs(2, 30))
    assert read(streams, [event(n) for n in range(1, 31)]) is Verdict.DONE
    assert sent.take() == list(range(1, 31))


def test_what_was_offered_above_the_head_before_the_read_began_is_not_in_the_log(streams, sent):
    streams.offer(seqs(9, 9))
    assert read(streams, []) is Verdict.DONE
    assert streams.offer(seqs(1, 8)) is Verdict.DONE
    assert sent.take() == list(range(1, 9))


def test_what_was_offered_during_the_read_is_kept(streams, sent):
    streams.offer(seqs(2, 2))
    stream = streams.get(CHAT)
    streams.begin_read(stream)
    streams.offer(seqs(3, 3))
    assert streams.finish_read(stream, seqs(1, 2), 2) is Verdict.DONE
    assert sent.take() == [1, 2, 3]


def test_a_peer_that_does_not_read_is_caught_up_from_the_log(streams, sent):
    sent.room = 0
    assert streams.offer(seqs(1, 2)) is Verdict.HOLE
    sent.room = 1_000_000
    assert streams.offer(seqs(3, 3)) is Verdict.HOLE
    assert sent.take() == []
    read(streams, [event(n) for n in (1, 2, 3)])
    assert sent.take() == [1, 2, 3]


def test_a_batch_is_sent_as_far_as_there_is_room(streams, sent):
    sent.room = 1
    assert streams.offer(seqs(1, 3)) is Verdict.HOLE
    assert sent.take() == [1]
    sent.room = 1_000_000
    read(streams, [event(n) for n in (2, 3)])
    assert sent.take() == [2, 3]


def test_nothing_is_held_for_a_peer_that_does_not_read(streams, sent):
    streams.offer(seqs(3, 3))
    sent.room = 0
    assert streams.offer(seqs(4, 9)) is Verdict.HOLE
    assert streams.get(CHAT).held == {}
    sent.room = 1_000_000
    read(streams, [event(n) for n in range(1, 10)])
    assert sent.take() == list(range(1, 10))


def test_held_events_wait_for_room_too(streams, sent):
    streams.offer(seqs(2, 3))
    sent.room = 1
    assert streams.offer(seqs(1, 1)) is Verdict.HOLE
    assert sent.take() == [1]
    sent.room = 1_000_000
    assert streams.offer(seqs(4, 4)) is Verdict.DONE
    assert sent.take() == [2, 3, 4]


def test_an_event_of_another_epoch_is_dropped(streams, sent):
    assert streams.offer(batch(event(1), epoch="before")) is Verdict.DONE
    assert sent.take() == []


def test_the_own_write_is_acked_in_place_by_the_group_message(streams, sent):
    pending = submit(streams, "a")
    streams.offer(batch(event(1), event(2, sender=ME, id="a", hash="h"), event(3)))
    assert sent.take() == [1, ("ack", "a", 2, False), 3]
    assert streams.settle(pending, Outcome(seq=2, at="t"), EPOCH) is Verdict.DONE
    assert sent.take() == []


def test_the_own_write_is_acked_in_place_by_the_writers_answer(streams, sent):
    pending = submit(streams, "a")
    own = event(1, sender=ME, id="a", hash="h")
    assert streams.settle(pending, Outcome(seq=1, at="t", event=own), EPOCH) is Verdict.DONE
    streams.offer(batch(own))
    assert sent.take() == [("ack", "a", 1, False)]


def test_the_own_write_is_acked_in_place_by_a_read_of_the_log(streams, sent):
    pending = submit(streams, "a")
    log = [event(1), event(2, sender=ME, id="a", hash="h"), event(3)]
    assert streams.settle(pending, Outcome(seq=2, at="t", event=log[1]), EPOCH) is Verdict.HOLE
    read(streams, log)
    assert sent.take() == [1, ("ack", "a", 2, False), 3]


def test_an_answer_ahead_of_the_stream_waits_for_its_place(streams, sent):
    pending = submit(streams, "a")
    assert streams.settle(pending, Outcome(seq=3, at="t", duplicate=True), EPOCH) is Verdict.HOLE
    assert sent.take() == []
    read(streams, [event(1), event(2), event(3, sender=ME, id="a", hash="h")])
    assert sent.take() == [1, 2, ("ack", "a", 3, False)]


def test_an_answer_behind_the_stream_is_a_duplicate_and_moves_nothing(streams, sent):
    streams.offer(batch(event(1, sender=ME, id="a", hash="h"), event(2)))
    streams.settle(submit(streams, "a"), Outcome(seq=1, at="t", duplicate=True), EPOCH)
    streams.offer(seqs(3, 3))
    assert sent.take() == [1, 2, ("ack", "a", 1, True), 3]


def test_the_same_id_twice_at_once_gets_two_answers(streams, sent):
    first, second = submit(streams, "a"), submit(streams, "a")
    own = event(1, sender=ME, id="a", hash="h")
    streams.settle(first, Outcome(seq=1, at="t", event=own), EPOCH)
    streams.settle(second, Outcome(seq=1, at="t", duplicate=True), EPOCH)
    assert sent.take() == [("ack", "a", 1, False), ("ack", "a", 1, True)]
    assert streams.unanswered == 0


def test_an_event_of_an_own_id_with_other_content_is_an_event(streams, sent):
    pending = submit(streams, "a", hash="mine")
    streams.offer(batch(event(1, sender=ME, id="a", hash="other")))
    assert sent.frames[0]["id"] == "a"
    streams.refuse(pending, IdConflict())
    assert sent.take() == [1, "error"]


def test_an_event_whose_content_is_forgotten_settles_any_repeat_of_its_id(streams, sent):
    submit(streams, "a", hash="whatever")
    streams.offer(batch(event(1, sender=ME, id="a", hash=None)))
    assert sent.take() == [("ack", "a", 1, False)]


def test_an_event_published_before_its_content_was_forgotten_settles_the_write_that_it_answers(streams, sent):
    pending = submit(streams, "a", hash="whatever")
    assert streams.settle(pending, Outcome(seq=2, at="t", duplicate=True), EPOCH) is Verdict.HOLE
    streams.offer(batch(event(1), event(2, sender=ME, id="a", hash="first")))
    assert sent.take() == [1, ("ack", "a", 2, False)]
    assert streams.unanswered == 0


def test_two_answers_that_wait_for_one_place_are_both_given_there(streams, sent):
    first, second = submit(streams, "a"), submit(streams, "a")
    own = event(2, sender=ME, id="a", hash="h")
    streams.settle(first, Outcome(seq=2, at="t", event=own), EPOCH)
    streams.settle(second, Outcome(seq=2, at="t", duplicate=True), EPOCH)
    streams.offer(seqs(1, 1))
    assert sent.take() == [1, ("ack", "a", 2, False), ("ack", "a", 2, True)]
    assert streams.unanswered == 0


def test_a_write_that_changed_nothing_is_answered_at_once(streams, sent):
    streams.settle(submit(streams, "a"), Outcome(), EPOCH)
    assert sent.frames == [{"type": "ack", "id": "a", "chat": CHAT, "status": 200, "noop": True}]


def test_the_own_event_without_a_pending_write_carries_its_id(streams, sent):
    streams.offer(batch(event(1, sender=ME, id="a", hash="h")))
    assert sent.frames[0] | {"at": ""} == {
        "type": "message.created", "chat": CHAT, "seq": 1, "at": "", "sender": ME, "text": "1", "id": "a",
    }  # fmt: skip


def test_others_do_not_learn_the_id(streams, sent):
    streams.offer(batch(event(1, sender=OTHER, id="a", hash="h")))
    assert "id" not in sent.frames[0]


def removed(seq: int) -> Event:
    return event(seq, kind=Kind.MEMBER_REMOVED, user=ME)


def test_the_own_removal_ends_the_stream(streams, sent):
    assert streams.offer(batch(event(1), removed(2), event(3))) is Verdict.ENDED
    assert sent.take() == [1, 2]
    assert streams.offer(seqs(3, 9)) is Verdict.DONE
    assert sent.take() == []


def test_the_removal_of_somebody_else_ends_nothing(streams, sent):
    assert streams.offer(batch(event(1, kind=Kind.MEMBER_REMOVED, user=OTHER), event(2))) is Verdict.DONE
    assert sent.take() == [1, 2]


def test_the_removal_found_in_the_log_ends_the_stream(streams, sent):
    streams.offer(seqs(4, 4))
    assert read(streams, [event(1), removed(2), event(3), event(4)]) is Verdict.ENDED
    assert sent.take() == [1, 2]


def test_an_answer_that_waited_for_a_stream_that_ended_comes_at_once(streams, sent):
    pending = submit(streams, "a")
    streams.settle(pending, Outcome(seq=9, at="t", duplicate=True), EPOCH)
    streams.offer(batch(removed(1)))
    assert sent.take() == [1, ("ack", "a", 9, True)]


def test_a_new_stream_is_told_before_its_first_event(streams, sent):
    streams.offer(batch(removed(1)))
    streams.expect(CHAT)
    streams.offer(seqs(5, 6))
    streams.join(CHAT, 4, 4)
    assert sent.take() == [1, "chat.joined"]
    read(streams, [removed(1), event(2), event(3), event(4), event(5), event(6)])
    assert sent.take() == [4, 5, 6]


def test_a_removal_heard_of_while_the_stream_was_opened_ends_it(streams, sent):
    streams.drop(CHAT)
    streams.expect(CHAT)
    streams.offer(batch(event(5), removed(6), event(7)))
    assert streams.join(CHAT, 5, 5) is Verdict.ENDED
    assert sent.take() == ["chat.joined", 5, 6]
    assert CHAT not in streams


def test_a_write_accepted_without_a_stream_opens_one_first(streams, sent):
    streams.drop(CHAT)
    own = event(1, sender=ME, id="a", hash="h")
    pending = submit(streams, "a")
    assert streams.settle(pending, Outcome(seq=1, at="t", event=own), EPOCH) is Verdict.UNOPENED
    streams.expect(CHAT)
    streams.join(CHAT, 1, 1)
    read(streams, [own])
    assert sent.take() == ["chat.joined", ("ack", "a", 1, False)]


def test_a_repeat_of_an_old_id_in_a_chat_one_is_not_in_is_answered_at_once(streams, sent):
    streams.drop(CHAT)
    streams.settle(submit(streams, "a"), Outcome(seq=3, at="t", duplicate=True), EPOCH)
    assert sent.take() == [("ack", "a", 3, True)]


def test_caught_up_comes_when_every_chat_has_reached_the_head_of_ready(sent):
    streams = Streams(ME, sent, held_most=8)
    streams.expect(CHAT)
    streams.begin(EPOCH, [(CHAT, 1, 3)])
    streams.offer(seqs(1, 2))
    assert sent.take() == [1, 2]
    streams.offer(seqs(3, 4))
    assert sent.take() == [3, 4, "caught_up"]


def test_what_is_offered_before_ready_is_sent_after_it(sent):
    streams = Streams(ME, sent, held_most=8)
    streams.expect(CHAT)
    streams.offer(seqs(5, 5))
    streams.begin(EPOCH, [(CHAT, 5, 4)])
    assert sent.take() == [5, "caught_up"]


def test_what_another_epoch_offered_before_ready_is_not_sent(sent):
    streams = Streams(ME, sent, held_most=8)
    streams.expect(CHAT)
    streams.offer(batch(event(5), epoch="before"))
    streams.begin(EPOCH, [(CHAT, 5, 4)])
    assert sent.take() == ["caught_up"]


@given(st.data())
def test_any_order_of_offers_reads_and_answers_gives_the_log_once(data):
    sent = Sent()
    streams = Streams(ME, sent, held_most=3)
    streams.expect(CHAT)
    streams.begin(EPOCH, [(CHAT, 1, 0)])
    size = data.draw(st.integers(1, 12))
    own = data.draw(st.sets(st.integers(1, size)))
    log = [event(n, sender=ME if n in own else OTHER, id=f"i{n}", hash="h") for n in range(1, size + 1)]
    pending = {n: submit(streams, f"i{n}") for n in sorted(own)}
    for first in data.draw(st.lists(st.integers(1, size), max_size=20)):
        last = data.draw(st.integers(first, size))
        streams.offer(batch(*log[first - 1 : last]))
        if first in own and data.draw(st.booleans()):
            streams.settle(pending[first], Outcome(seq=first, at="t", event=log[first - 1]), EPOCH)
    stream = streams.expect(CHAT)
    stream.hear_of(size)
    while stream.behind:
        read(streams, log)
    assert sent.take()[1:] == [("ack", f"i{n}", n, False) if n in own else n for n in range(1, size + 1)]


@pytest.mark.parametrize(
    ("cursor", "head", "joined", "most", "foreign", "expected"),
    [
        (None, 44, 0, 500, False, (45, False)),
        (40, 44, 0, 500, False, (41, False)),
        (44, 44, 0, 500, False, (45, False)),
        (0, 44, 0, 500, False, (1, False)),
        (10, 44, 30, 500, False, (30, False)),
        (0, 500, 0, 500, False, (1, False)),
        (0, 501, 0, 500, False, (502, False)),
        (40, 44, 0, 3, False, (45, False)),
        (44, 44, 0, 0, False, (45, False)),
        (45, 44, 0, 500, False, (45, True)),
        (40, 44, 0, 500, True, (45, True)),
        (None, 44, 0, 500, True, (45, True)),
    ],
)
def test_a_stream_begins_where_the_cursor_the_join_and_the_cap_say(cursor, head, joined, most, foreign, expected):
    assert start_of(cursor=cursor, head=head, joined_seq=joined, most=most, foreign=foreign) == expected
