"""The answers to own writes: in the place of the event, outside of the stream, or an error; each write has one."""

from __future__ import annotations

from consumers.stream import Verdict
from messaging.errors import IdConflict
from messaging.write import Outcome
from tests.consumers.streams import CHAT, ME, OTHER, batch, event, read, removed, seqs, submit


def test_the_own_write_is_acked_in_place_by_the_group_message(streams, writes, sent):
    pending = submit(writes, "a")
    streams.offer(batch(event(1), event(2, sender=ME, id="a", hash="h"), event(3)))
    assert sent.take() == [1, ("ack", "a", 2, False), 3]
    assert streams.settle(pending, Outcome(seq=2, at="t"), None) is Verdict.DONE
    assert sent.take() == []


def test_the_own_write_is_acked_in_place_by_the_writers_answer(streams, writes, sent):
    pending = submit(writes, "a")
    own = event(1, sender=ME, id="a", hash="h")
    assert streams.settle(pending, Outcome(seq=1, at="t", event=own), batch(own)) is Verdict.DONE
    streams.offer(batch(own))
    assert sent.take() == [("ack", "a", 1, False)]


def test_the_own_write_is_acked_in_place_by_a_read_of_the_log(streams, writes, sent):
    pending = submit(writes, "a")
    log = [event(1), event(2, sender=ME, id="a", hash="h"), event(3)]
    assert streams.settle(pending, Outcome(seq=2, at="t", event=log[1]), batch(log[1])) is Verdict.HOLE
    read(streams, log)
    assert sent.take() == [1, ("ack", "a", 2, False), 3]


def test_an_answer_ahead_of_the_stream_waits_for_its_place(streams, writes, sent):
    pending = submit(writes, "a")
    assert streams.settle(pending, Outcome(seq=3, at="t", duplicate=True), None) is Verdict.HOLE
    assert sent.take() == []
    read(streams, [event(1), event(2), event(3, sender=ME, id="a", hash="h")])
    assert sent.take() == [1, 2, ("ack", "a", 3, False)]


def test_an_answer_behind_the_stream_is_a_duplicate_and_moves_nothing(streams, writes, sent):
    streams.offer(batch(event(1, sender=ME, id="a", hash="h"), event(2)))
    streams.settle(submit(writes, "a"), Outcome(seq=1, at="t", duplicate=True), None)
    streams.offer(seqs(3, 3))
    assert sent.take() == [1, 2, ("ack", "a", 1, True), 3]


def test_the_same_id_twice_at_once_gets_two_answers(streams, writes, sent):
    first, second = submit(writes, "a"), submit(writes, "a")
    own = event(1, sender=ME, id="a", hash="h")
    streams.settle(first, Outcome(seq=1, at="t", event=own), batch(own))
    streams.settle(second, Outcome(seq=1, at="t", duplicate=True), None)
    assert sent.take() == [("ack", "a", 1, False), ("ack", "a", 1, True)]
    assert writes.count == 0


def test_an_event_of_an_own_id_with_other_content_is_an_event(streams, writes, sent):
    pending = submit(writes, "a", hash="mine")
    streams.offer(batch(event(1, sender=ME, id="a", hash="other")))
    assert sent.frames[0]["id"] == "a"
    writes.refuse(pending, IdConflict())
    assert sent.take() == [1, "error"]


def test_an_event_whose_content_is_forgotten_settles_any_repeat_of_its_id(streams, writes, sent):
    submit(writes, "a", hash="whatever")
    streams.offer(batch(event(1, sender=ME, id="a", hash=None)))
    assert sent.take() == [("ack", "a", 1, False)]


def test_an_event_published_before_its_content_was_forgotten_settles_the_write_that_it_answers(streams, writes, sent):
    pending = submit(writes, "a", hash="whatever")
    assert streams.settle(pending, Outcome(seq=2, at="t", duplicate=True), None) is Verdict.HOLE
    streams.offer(batch(event(1), event(2, sender=ME, id="a", hash="first")))
    assert sent.take() == [1, ("ack", "a", 2, False)]
    assert writes.count == 0


def test_two_answers_that_wait_for_one_place_are_both_given_there(streams, writes, sent):
    first, second = submit(writes, "a"), submit(writes, "a")
    own = event(2, sender=ME, id="a", hash="h")
    streams.settle(first, Outcome(seq=2, at="t", event=own), batch(own))
    streams.settle(second, Outcome(seq=2, at="t", duplicate=True), None)
    streams.offer(seqs(1, 1))
    assert sent.take() == [1, ("ack", "a", 2, False), ("ack", "a", 2, True)]
    assert writes.count == 0


def test_a_write_that_changed_nothing_is_answered_at_once(streams, writes, sent):
    streams.settle(submit(writes, "a"), Outcome(), None)
    assert sent.frames == [{"type": "ack", "id": "a", "chat": CHAT, "status": 200, "noop": True}]


def test_the_own_event_without_a_pending_write_carries_its_id(streams, sent):
    streams.offer(batch(event(1, sender=ME, id="a", hash="h")))
    assert sent.frames[0] | {"at": ""} == {
        "type": "message.created", "chat": CHAT, "seq": 1, "at": "", "sender": ME, "text": "1", "id": "a",
    }  # fmt: skip


def test_others_do_not_learn_the_id(streams, sent):
    streams.offer(batch(event(1, sender=OTHER, id="a", hash="h")))
    assert "id" not in sent.frames[0]


def test_an_answer_that_waited_for_a_stream_that_ended_comes_at_once(streams, writes, sent):
    pending = submit(writes, "a")
    streams.settle(pending, Outcome(seq=9, at="t", duplicate=True), None)
    streams.offer(batch(removed(1)))
    assert sent.take() == [1, ("ack", "a", 9, True)]


def test_a_write_accepted_without_a_stream_opens_one_first(streams, writes, sent):
    streams.drop(CHAT)
    own = event(1, sender=ME, id="a", hash="h")
    pending = submit(writes, "a")
    assert streams.settle(pending, Outcome(seq=1, at="t", event=own), batch(own)) is Verdict.UNOPENED
    streams.expect(CHAT)
    streams.join(CHAT, 1, 1)
    read(streams, [own])
    assert sent.take() == ["chat.joined", ("ack", "a", 1, False)]


def test_a_repeat_of_an_old_id_in_a_chat_one_is_not_in_is_answered_at_once(streams, writes, sent):
    streams.drop(CHAT)
    streams.settle(submit(writes, "a"), Outcome(seq=3, at="t", duplicate=True), None)
    assert sent.take() == [("ack", "a", 3, True)]
