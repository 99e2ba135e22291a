"""Streams without a socket: whatever is offered, in whatever order, each event goes out once and in its place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from consumers.pending import PendingWrites
from consumers.stream import Streams, Verdict
from messaging.protocol.kinds import Kind
from messaging.write import Outcome
from tests.consumers.streams import CHAT, EPOCH, ME, OTHER, Sent, batch, event, read, removed, seqs, submit


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


def test_caught_up_comes_when_every_chat_has_reached_the_head_of_ready(sent):
    streams = Streams(ME, sent, PendingWrites(ME, sent), held_most=8)
    streams.expect(CHAT)
    streams.begin(EPOCH, [(CHAT, 1, 3)])
    streams.offer(seqs(1, 2))
    assert sent.take() == [1, 2]
    streams.offer(seqs(3, 4))
    assert sent.take() == [3, 4, "caught_up"]


def test_what_is_offered_before_ready_is_sent_after_it(sent):
    streams = Streams(ME, sent, PendingWrites(ME, sent), held_most=8)
    streams.expect(CHAT)
    streams.offer(seqs(5, 5))
    streams.begin(EPOCH, [(CHAT, 5, 4)])
    assert sent.take() == [5, "caught_up"]


def test_what_another_epoch_offered_before_ready_is_not_sent(sent):
    streams = Streams(ME, sent, PendingWrites(ME, sent), held_most=8)
    streams.expect(CHAT)
    streams.offer(batch(event(5), epoch="before"))
    streams.begin(EPOCH, [(CHAT, 5, 4)])
    assert sent.take() == ["caught_up"]


@given(st.data())
def test_any_order_of_offers_reads_and_answers_gives_the_log_once(data):
    sent = Sent()
    writes = PendingWrites(ME, sent)
    streams = Streams(ME, sent, writes, held_most=3)
    streams.expect(CHAT)
    streams.begin(EPOCH, [(CHAT, 1, 0)])
    size = data.draw(st.integers(1, 12))
    own = data.draw(st.sets(st.integers(1, size)))
    log = [event(n, sender=ME if n in own else OTHER, id=f"i{n}", hash="h") for n in range(1, size + 1)]
    pending = {n: submit(writes, f"i{n}") for n in sorted(own)}
    for first in data.draw(st.lists(st.integers(1, size), max_size=20)):
        last = data.draw(st.integers(first, size))
        streams.offer(batch(*log[first - 1 : last]))
        if first in own and data.draw(st.booleans()):
            streams.settle(pending[first], Outcome(seq=first, at="t", event=log[first - 1]), batch(log[first - 1]))
    stream = streams.expect(CHAT)
    stream.hear_of(size)
    while stream.behind:
        read(streams, log)
    assert sent.take()[1:] == [("ack", f"i{n}", n, False) if n in own else n for n in range(1, size + 1)]
