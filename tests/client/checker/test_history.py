"""Pages of history that are not what the log comes to are seen, and those that are of either side of a change are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from client.checker import Entry
from tests.client.checker.world import World, rules_of

LONG = "x" * 200


@pytest.fixture
def talk(world: World) -> World:
    """Return the world with everything in it that history folds: seq 4 replies to the first, which was edited."""
    world.send(2, 7, LONG, reply_to=1)
    world.edit(1, 7, 1, "uno")
    world.react(1, 7, 2)
    world.react(2, 7, 2)
    world.react(2, 7, 2, "🎉")
    world.react(2, 7, 2, "🎉", on=False)
    world.delete(3, 7, 3)
    world.send(1, 7, "about long", reply_to=4)
    world.append(7, "chat.updated", 1, title="Tea")
    return world


def spoil(world: World, answer: Entry, /, seq: int, **fields: Any) -> None:
    """Give one message of a page over the socket other fields; those that are None go."""
    messages = [
        {name: value for name, value in (message | fields).items() if value is not None}
        if message["seq"] == seq
        else message
        for message in answer.frame["messages"]
    ]
    world.change(answer, messages=messages)


@pytest.mark.parametrize("rest", [True, False])
def test_sound_pages_are_clean(talk: World, rest: bool) -> None:
    for user in (1, 2, 3):
        talk.page(user, 7, rest=rest)
        for before in range(1, 13):
            talk.page(user, 7, before=before, limit=2, rest=rest)
    talk.finish()
    assert talk.check().violations == []
    assert talk.check().figures["pages"] == 39


@pytest.mark.parametrize(
    ("seq", "fields", "wrong"),
    [
        (1, {"text": "one", "edited_at": None}, "edited_at, text"),
        (1, {"text": "due"}, "text"),
        (1, {"edited_at": "t0"}, "edited_at"),
        (1, {"deleted": True}, "deleted"),
        (2, {"reactions": None}, "reactions"),
        (2, {"reactions": [{"emoji": "👍", "count": 1, "mine": True}]}, "reactions"),
        (2, {"reactions": [{"emoji": "👍", "count": 2, "mine": False}]}, "reactions"),
        (
            2,
            {
                "reactions": [{"emoji": "👍", "count": 2, "mine": True}] * 2
                + [{"emoji": "🎉", "count": 1, "mine": True}]
            },
            "reactions",
        ),
        (3, {"deleted": None, "text": "three"}, "deleted, text"),
        (3, {"text": "three"}, "text"),
        (4, {"reply_to": None}, "reply_to"),
        (4, {"reply_to": {"seq": 1}}, "reply_to"),
        (4, {"reply_to": {"seq": 1, "sender": 1, "text": "one"}}, "reply_to"),
        (4, {"reply_to": {"seq": 1, "sender": 2, "text": "uno"}}, "reply_to"),
        (4, {"sender": 3}, "sender"),
        (11, {"reply_to": {"seq": 4, "sender": 2, "text": LONG}}, "reply_to"),
        (12, {"title": "Coffee"}, "title"),
        (12, {"at": "t0"}, "at"),
    ],
)
def test_a_message_that_is_not_what_it_is_now_is_seen(talk: World, seq: int, fields: Any, wrong: str) -> None:
    spoil(talk, talk.page(1, 7), seq, **fields)
    talk.finish()
    [violation] = talk.check().violations
    assert violation.rule == "history"
    assert f"shows {seq} with " in violation.text
    assert f" {wrong}" in violation.text


def test_a_deleted_text_that_is_read_over_rest_is_seen(talk: World) -> None:
    answer = talk.page(1, 7, rest=True)
    results = [each | {"text": "three"} if each["seq"] == 3 else each for each in answer.frame["body"]["results"]]
    talk.change(answer, body={"results": results, "next": None})
    talk.finish()
    assert rules_of(talk.check()) == {"history"}


def test_a_deleted_text_in_a_quote_is_seen(talk: World) -> None:
    talk.delete(2, 7, 4)
    spoil(talk, talk.page(3, 7), 11, reply_to={"seq": 4, "sender": 2, "text": LONG[:140]})
    talk.finish()
    assert rules_of(talk.check()) == {"history"}


@pytest.mark.parametrize(
    "cut",
    [
        lambda messages: messages[1:],
        lambda messages: messages[:1] + messages[2:],
        lambda messages: messages[:-1],
        lambda messages: [],
        lambda messages: messages[::-1],
        lambda messages: messages[:1] + messages,
    ],
)
def test_a_page_with_a_hole_or_out_of_order_is_seen(talk: World, cut: Callable[[list[Any]], list[Any]]) -> None:
    answer = talk.page(1, 7)
    talk.change(answer, messages=cut(answer.frame["messages"]))
    talk.finish()
    assert rules_of(talk.check()) == {"history"}


def test_what_was_not_asked_for_is_seen(talk: World) -> None:
    answer = talk.page(1, 7, before=3)
    talk.change(answer, messages=talk.page(1, 7, before=4).frame["messages"])
    talk.finish()
    assert rules_of(talk.check()) == {"history"}


@pytest.mark.parametrize(
    ("seqs", "following", "rules"),
    [((3, 2), "x", set()), ((4, 3), "x", {"history"}), ((3, 2), None, {"history"}), ((12, 11, 4, 3, 2), None, set())],
)
def test_a_page_forward_begins_with_the_next_and_has_no_hole(
    talk: World, seqs: tuple[int, ...], following: str | None, rules: set[str]
) -> None:
    results = [each for each in talk.present.fold(talk.logs[7], 1) if each["seq"] in seqs]
    talk.note("asked", 1, call=900, method="GET", path="/api/chats/7/messages/?after=1", json=None)
    talk.note("answered", 1, call=900, status=200, body={"results": results, "next": following})
    talk.finish()
    assert rules_of(talk.check()) == rules


def test_a_message_that_is_in_no_log_is_seen(talk: World) -> None:
    answer = talk.page(1, 7)
    talk.change(answer, messages=[{**answer.frame["messages"][0], "seq": 99}, *answer.frame["messages"]])
    talk.finish()
    assert rules_of(talk.check()) == {"C4"}


@pytest.mark.parametrize("change", [World.delete, lambda w, *place: w.edit(*place, "un"), World.react])
def test_a_page_may_be_of_either_side_of_a_change_meanwhile(talk: World, change: Callable[..., None]) -> None:
    answer = talk.page(1, 7)
    change(talk, 1, 7, 1)
    talk.move(answer, talk.now + 0.001)
    talk.finish()
    assert talk.check().violations == []


def test_a_page_of_two_moments_is_seen(talk: World) -> None:
    answer = talk.page(1, 7)
    talk.edit(1, 7, 1, "un")
    talk.edit(2, 7, 2, "deux")
    # The second change is there and the first is not.
    (changed,) = [each for each in talk.present.fold(talk.logs[7], 1) if each["seq"] == 2]
    talk.move(answer, talk.now + 0.001)
    spoil(talk, talk.find("received", 1, more=False), **changed)
    talk.finish()
    [violation] = talk.check().violations
    assert "no one moment" in violation.text


def test_a_page_may_begin_with_the_joining_of_a_newcomer_and_with_no_other(talk: World) -> None:
    talk.connect(4)
    talk.add_member(7, 4)
    talk.send(1, 7, "re", reply_to=1)
    for user in (4, 1):
        answer = talk.page(user, 7)
        talk.change(answer, messages=[each for each in answer.frame["messages"] if each["seq"] >= 13])
        spoil(talk, talk.find("received", user, type="ack", more=False), 14, reply_to={"seq": 1})
    talk.finish()
    [violation] = talk.check().violations
    assert "history of user 1 leaves out [1, 2, 3, 4, 11]" in violation.text


def test_what_nobody_saw_before_it_was_changed_may_be_anything(world: World) -> None:
    for user in (1, 2, 3):
        world.end(user)
    world.append(7, "message.created", 1, text="unseen", reply_to=2)
    answer = world.page(2, 7, rest=True)
    world.append(7, "message.edited", 1, target=4, text="unseen too")
    world.append(7, "message.deleted", 1, target=4)
    world.move(answer, world.now + 0.001)
    world.finish()
    assert world.check().violations == []


def test_a_repeat_with_other_content_says_nothing_about_the_text(world: World) -> None:
    world.send(1, 7, "said", id="a")
    answer = world.page(2, 7)
    world.delete(1, 7, 4)
    world.send(1, 7, "something else", id="a")
    world.move(answer, world.now + 0.001)
    world.finish()
    assert world.check().violations == []
