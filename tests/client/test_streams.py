"""The cursors: what is applied, dropped and forgotten, frame by frame."""

from __future__ import annotations

from typing import Any

import pytest

from client import Applied, Broken, Dropped, Forgotten, Ready, Signal, commands
from client.streams import Streams
from tests.client.server_frames import AT, ack, created, ready_frame


def following(*chats: tuple[int, int]) -> Streams:
    """Make streams of user 3 that have applied up to seq in each chat."""
    streams = Streams()
    streams.restore({"epoch": "e1", "user": 3, "seq": {str(chat): seq for chat, seq in chats}})
    return streams


def test_without_an_epoch_hello_has_no_resume() -> None:
    assert Streams().epoch is None
    assert commands.hello({}, None).keys() == {"type", "id"}
    assert commands.hello({}, "e1")["resume"] == {}


def test_a_chat_that_is_new_to_the_client_is_forgotten_up_to_its_head() -> None:
    streams, frame = Streams(), ready_frame((7, 44, 45))
    assert streams.ready(frame) == [Ready(frame), Forgotten(7, 45)]
    assert (streams.cursors, streams.epoch, streams.user) == ({7: 44}, "e1", 3)


def test_an_empty_chat_begins_at_one_and_is_resumed_from_there() -> None:
    streams, frame = Streams(), ready_frame((7, 0, 1))
    assert streams.ready(frame) == [Ready(frame)]
    assert streams.cursors == {7: 0}
    assert streams.take(created(7, 1)) == [Applied(7, 1, created(7, 1))]


def test_a_chat_that_goes_on_at_the_next_event_is_kept() -> None:
    streams, frame = following((7, 42)), ready_frame((7, 44, 43))
    assert streams.ready(frame) == [Ready(frame)]
    assert streams.cursors == {7: 42}


def test_a_hole_before_from_forgets_the_chat() -> None:
    streams = following((7, 42))
    assert streams.ready(ready_frame((7, 900, 901)))[1:] == [Forgotten(7, 901)]
    assert streams.cursors == {7: 900}


def test_a_reset_forgets_the_chat_even_where_the_numbers_would_fit() -> None:
    streams, frame = following((7, 42)), ready_frame((7, 12, 13), epoch="e2")
    frame["chats"][0]["reset"] = True
    assert streams.ready(frame)[1:] == [Forgotten(7, 13)]
    assert (streams.cursors, streams.epoch) == ({7: 12}, "e2")


def test_a_chat_missing_in_ready_is_dropped() -> None:
    streams = following((7, 42), (8, 1), (9, 5))
    assert streams.ready(ready_frame((8, 1, 2)))[1:] == [Dropped(7), Dropped(9)]
    assert streams.cursors == {8: 1}


@pytest.mark.parametrize("known", [[], [(9, 0)], [(9, 17)]])
@pytest.mark.parametrize("start", [1, 18, 30])
def test_joining_always_begins_anew(known: list[tuple[int, int]], start: int) -> None:
    streams = following(*known)
    assert streams.take({"type": "chat.joined", "chat": 9, "head": 30, "from": start}) == [Forgotten(9, start)]
    assert streams.cursors == {9: start - 1}


def test_the_next_event_is_applied_and_an_older_one_is_not() -> None:
    streams = following((7, 44))
    assert streams.take(created(7, 45)) == [Applied(7, 45, created(7, 45))]
    assert streams.take(created(7, 45)) == streams.take(created(7, 3)) == []
    assert streams.cursors == {7: 45}


def test_an_event_beyond_the_next_breaks_the_stream_and_moves_nothing() -> None:
    streams = following((7, 44))
    assert streams.take(created(7, 46)) == [Broken(7, 46, 45)]
    assert streams.take(created(8, 1)) == [Broken(8, 1, None)]
    assert streams.cursors == {7: 44}


def test_an_event_of_a_kind_not_known_yet_counts() -> None:
    event = {"type": "poll.opened", "chat": 7, "seq": 45, "at": AT, "sender": 4}
    assert following((7, 44)).take(event) == [Applied(7, 45, event)]


def test_ones_own_removal_is_applied_and_drops_the_chat() -> None:
    streams = following((7, 44))
    removed = {"type": "member.removed", "chat": 7, "seq": 45, "at": AT, "sender": 4, "user": 3}
    assert streams.take(removed) == [Applied(7, 45, removed), Dropped(7)]
    assert streams.cursors == {}


def test_the_removal_of_another_is_an_event_like_any() -> None:
    streams = following((7, 44))
    removed = {"type": "member.removed", "chat": 7, "seq": 45, "at": AT, "sender": 3, "user": 4}
    assert streams.take(removed) == [Applied(7, 45, removed)]
    assert streams.cursors == {7: 45}


COMMANDS = [
    (
        commands.message_send(7, " a\r\nb \u00a0", id="i", reply_to=3),
        {"type": "message.created", "text": "a\nb", "reply_to": 3},
    ),
    (
        commands.message_send(7, "", id="i", attachments=[1]),
        {"type": "message.created", "text": "", "attachments": [1]},
    ),
    (commands.message_edit(7, 3, "b\n", id="i"), {"type": "message.edited", "target": 3, "text": "b"}),
    (commands.message_delete(7, 3, id="i"), {"type": "message.deleted", "target": 3}),
    (
        commands.reaction_set(7, 3, "👍", on=False, id="i"),
        {"type": "reaction.set", "target": 3, "emoji": "👍", "on": False},
    ),
    ({"type": "poll.open", "id": "i", "chat": 7}, {"type": "poll.open"}),
]


@pytest.mark.parametrize(("command", "content"), COMMANDS)
def test_an_ack_stands_for_the_event_others_see(command: dict[str, Any], content: dict[str, Any]) -> None:
    streams = following((7, 44))
    event = {"chat": 7, "seq": 45, "at": AT, "sender": 3, "id": "i"} | content
    assert streams.ack(ack(command, 45), command) == [Applied(7, 45, event, own=True)]
    assert streams.cursors == {7: 45}


@pytest.mark.parametrize(
    "more",
    [{"seq": 45, "duplicate": True}, {"seq": 44}, {"seq": 12}, {"seq": 90, "duplicate": True}],
)
def test_a_duplicate_or_an_older_ack_moves_no_cursor(more: dict[str, Any]) -> None:
    streams, command = following((7, 44)), commands.message_send(7, "a")
    assert streams.ack(ack(command, **more), command) == []
    assert streams.cursors == {7: 44}


def test_an_ack_without_a_seq_is_no_event() -> None:
    noop = {"type": "ack", "id": "i", "chat": 7, "status": 200, "noop": True}
    assert following((7, 44)).ack(noop, None) == []
    assert following((7, 44)).ack({"type": "ack", "id": "i", "status": 200}, None) == []


def test_an_ack_beyond_the_next_breaks_the_stream() -> None:
    command = commands.message_send(7, "a")
    assert following((7, 44)).ack(ack(command, 46), command) == [Broken(7, 46, 45)]


@pytest.mark.parametrize(
    "signal",
    [
        {"type": "read", "chat": 7, "user": 4, "seq": 99},
        {"type": "typing", "chat": 7, "user": 4, "on": True},
        {"type": "presence", "user": 4, "online": True, "last_seen_at": AT},
        {"type": "app.order", "chat": 7, "seq": 1, "at": AT},
    ],
)
def test_signals_pass_and_move_nothing(signal: dict[str, Any]) -> None:
    streams = following((7, 44))
    assert streams.take(signal) == [Signal(signal)]
    assert streams.cursors == {7: 44}


def test_signals_of_a_chat_one_does_not_have_are_ignored() -> None:
    assert following((7, 44)).take({"type": "typing", "chat": 8, "user": 4, "on": True}) == []


def test_cursors_survive_the_process() -> None:
    streams = following((7, 44), (9, 0))
    again = Streams()
    again.restore(streams.export())
    assert (again.cursors, again.epoch, again.user) == ({7: 44, 9: 0}, "e1", 3)
