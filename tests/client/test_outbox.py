"""The outbox: what is sent when, and what each answer does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from client import Settled
from client.commands import message_send
from client.outbox import Outbox
from tests.client.server_frames import ack, error

Frame = dict[str, Any]


def holding(*places: tuple[int, str], burst: int = 40, pause: Callable[[int], float] = lambda n: 0.0) -> Outbox:
    """Make an outbox of (chat, id)."""
    outbox = Outbox(pause, burst)
    for chat, id in places:
        outbox.put(message_send(chat, "hi", id=id))
    return outbox


def ids(frames: list[Frame]) -> list[str]:
    """Return the ids of frames."""
    return [frame["id"] for frame in frames]


def settle(outbox: Outbox, chat: int, id: str) -> Settled | None:
    """Let a write be acked."""
    return outbox.answer(ack(message_send(chat, "hi", id=id), 1), 0.0)


def refuse(outbox: Outbox, chat: int, id: str, *, now: float, status: int = 503, **more: Any) -> Settled | None:
    """Let a write be refused for now."""
    code = "rate_limited" if status == 429 else "unavailable"
    return outbox.answer(error(message_send(chat, "hi", id=id), status, code, **more), now)


def test_each_chat_sends_one_write_at_a_time_in_order() -> None:
    outbox = holding((7, "a"), (7, "b"), (8, "c"), (8, "d"))
    assert ids(outbox.due(0.0)) == ["a", "c"]
    assert outbox.due(0.0) == []
    settle(outbox, 8, "c")
    assert ids(outbox.due(0.0)) == ["d"]
    settle(outbox, 7, "a")
    assert ids(outbox.due(0.0)) == ["b"]


def test_no_more_than_burst_are_unanswered_in_all() -> None:
    outbox = holding((1, "a"), (2, "b"), (3, "c"), burst=2)
    assert ids(outbox.due(0.0)) == ["a", "b"]
    assert (outbox.due(0.0), outbox.due_at()) == ([], None)
    settle(outbox, 2, "b")
    assert ids(outbox.due(0.0)) == ["c"]


def test_of_several_chats_the_oldest_write_goes_first() -> None:
    outbox = holding((1, "a"), (1, "b"), (2, "c"), burst=1)
    assert ids(outbox.due(0.0)) == ["a"]
    settle(outbox, 1, "a")
    assert ids(outbox.due(0.0)) == ["b"]


def test_an_ack_settles_and_tells_the_command() -> None:
    outbox = holding((7, "a"))
    [command] = outbox.due(0.0)
    settled = settle(outbox, 7, "a")
    assert settled
    assert settled.command is command
    assert settled.refusal is None
    assert len(outbox) == 0


def test_a_final_error_settles_and_lets_the_next_go() -> None:
    outbox = holding((7, "a"), (7, "b"))
    [command] = outbox.due(0.0)
    settled = outbox.answer(error(command, 400, "bad_frame", field="text"), 0.0)
    assert settled
    assert settled.refusal
    assert (settled.refusal.status, settled.refusal.code, settled.refusal.field) == (400, "bad_frame", "text")
    assert ids(outbox.due(0.0)) == ["b"]


def test_a_write_to_be_repeated_keeps_its_place_until_its_time() -> None:
    outbox = holding((7, "a"), (7, "b"), (8, "c"))
    outbox.due(0.0)
    assert refuse(outbox, 7, "a", now=1.0, retry_after=2.5) is None
    assert outbox.due(3.4) == []
    assert outbox.due_at() == 3.5
    assert ids(outbox.due(3.5)) == ["a"]
    assert len(outbox) == 3


def test_other_chats_go_on_while_one_waits() -> None:
    outbox = holding((7, "a"), (8, "b"), (8, "c"))
    outbox.due(0.0)
    refuse(outbox, 7, "a", now=0.0, retry_after=9.0)
    settle(outbox, 8, "b")
    assert ids(outbox.due(0.0)) == ["c"]


def test_a_rate_limit_holds_every_chat() -> None:
    outbox = holding((7, "a"), (8, "b"), (8, "c"))
    outbox.due(0.0)
    refuse(outbox, 7, "a", now=0.0, status=429, retry_after=2.0)
    settle(outbox, 8, "b")
    assert (outbox.due(1.9), outbox.due_at()) == ([], 2.0)
    assert ids(outbox.due(2.0)) == ["a", "c"]


def test_without_retry_after_the_waits_grow() -> None:
    outbox = holding((7, "a"), pause=lambda refusals: 10.0 * (refusals + 1))
    outbox.due(0.0)
    refuse(outbox, 7, "a", now=0.0)
    assert outbox.due_at() == 10.0
    outbox.due(10.0)
    refuse(outbox, 7, "a", now=10.0)
    assert outbox.due_at() == 30.0


def test_after_a_lost_connection_everything_is_sent_again_in_order() -> None:
    outbox = holding((7, "a"), (7, "b"), (8, "c"), (9, "d"))
    outbox.due(0.0)
    refuse(outbox, 9, "d", now=0.0, status=429, retry_after=60.0)
    outbox.lost()
    assert outbox.unanswered_since() is None
    assert ids(outbox.due(1.0)) == ["a", "c", "d"]


def test_an_answer_counts_only_for_what_was_sent() -> None:
    outbox = holding((7, "a"), (7, "b"))
    outbox.due(0.0)
    assert settle(outbox, 7, "b") is None
    assert settle(outbox, 8, "a") is None
    outbox.lost()
    assert settle(outbox, 7, "a") is None
    assert len(outbox) == 2


def test_an_error_that_could_not_name_the_chat_is_matched_by_id() -> None:
    outbox = holding((7, "a"), (8, "b"))
    outbox.due(0.0)
    answer = error({"id": "b"}, 400, "bad_frame", chat=None)
    settled = outbox.answer(answer, 0.0)
    assert settled
    assert settled.command["chat"] == 8
    assert outbox.answer(error({"id": None}, 400, "bad_json"), 0.0) is None


def test_two_chats_may_use_the_same_id_and_one_chat_may_not() -> None:
    outbox = holding((7, "a"), (8, "a"))
    outbox.due(0.0)
    settle(outbox, 8, "a")
    assert ids(outbox.export()) == ["a"]
    with pytest.raises(ValueError, match="already"):
        outbox.put(message_send(7, "hi", id="a"))
    assert ids(outbox.export()) == ["a"]


def test_the_longest_wait_for_an_answer_is_known() -> None:
    outbox = holding((7, "a"))
    outbox.due(5.0)
    outbox.put(message_send(8, "hi", id="b"))
    outbox.due(6.0)
    assert outbox.unanswered_since() == 5.0
    settle(outbox, 7, "a")
    assert outbox.unanswered_since() == 6.0


def test_the_writes_survive_the_process_in_order() -> None:
    outbox = holding((7, "a"), (8, "b"), (7, "c"))
    outbox.due(0.0)
    again = holding()
    again.restore(outbox.export())
    assert ids(again.export()) == ["a", "b", "c"]
    assert ids(again.due(0.0)) == ["a", "b"]
