"""C5 and C6: what reaches a stranger, and a `ready` that is not what the protocol says, are seen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.checker.world import BOUNDS, World, rules_of


def test_an_event_after_the_own_removal_is_seen(world: World) -> None:
    world.remove_member(7, 2)
    event = world.append(7, "message.created", 1, text="behind their back")
    world.note("received", 2, **event)
    world.finish()
    assert rules_of(world.check()) == {"C5"}


def test_an_event_after_a_removal_that_was_not_told_is_seen(world: World) -> None:
    world.remove_member(7, 2)
    event = world.append(7, "message.created", 1, text="behind their back")
    removed = world.find("received", 2, type="member.removed")
    world.change(removed, user=3)
    world.note("received", 2, **event)
    world.finish()
    assert "C5" in rules_of(world.check())


def test_a_sync_that_is_answered_after_the_removal_is_seen(world: World) -> None:
    world.remove_member(7, 2)
    world.note("sent", 2, type="sync", id="s", chat=7, after=0, limit=200)
    world.note("received", 2, type="ack", id="s", chat=7, status=200, events=[], head=4, more=False)
    world.finish()
    assert rules_of(world.check()) == {"C5"}


def test_a_page_that_is_read_over_rest_after_the_removal_is_seen(world: World) -> None:
    world.remove_member(7, 2)
    world.note("asked", 2, call=900, method="GET", path="/api/chats/7/messages/?limit=50", json=None)
    world.note("answered", 2, call=900, status=200, body={"results": [], "next": None})
    world.finish()
    assert rules_of(world.check()) == {"C5"}


def test_an_error_that_tells_of_the_chat_after_the_removal_is_seen(world: World) -> None:
    world.remove_member(7, 2)
    world.note("sent", 2, type="message.edit", id="e", chat=7, seq=2, text="x")
    world.refuse(2, 7, "e", "message_not_found")
    world.finish()
    assert rules_of(world.check()) == {"C5"}


def test_a_write_of_a_removed_member_that_is_stored_is_seen(world: World) -> None:
    world.remove_member(7, 2)
    world.append(7, "message.created", 2, text="still here")
    world.finish()
    assert rules_of(world.check()) == {"C5"}


def test_an_answer_while_the_removal_is_under_way_is_not_held_against_it(world: World) -> None:
    world.sync(2, 7)
    answer = world.entries[-1]
    world.remove_member(7, 2)
    world.move(answer, world.now + 0.01)
    world.finish()
    assert world.check().violations == []


def test_a_chat_joined_that_begins_elsewhere_is_seen(world: World) -> None:
    world.remove_member(7, 2)
    world.add_member(7, 2)
    joined = world.find("received", 2, type="chat.joined", **{"from": 5})
    world.change(joined, **{"from": 4})
    world.finish()
    assert "C5" in rules_of(world.check())


def told(world: World, user: int, **fields: Any) -> None:
    """Change what the newest `ready` tells a user of chat 7."""
    ready = [entry for entry in world.entries if entry.user == user and entry.frame.get("type") == "ready"][-1]
    chats = [chat | fields if chat["chat"] == 7 else chat for chat in ready.frame["chats"]]
    world.change(ready, chats=chats)


def come_back(world: World, said: int) -> None:
    """Have user 2 miss some messages and come back."""
    world.end(2)
    for number in range(said):
        world.send(1, 7, f"missed {number}")
    world.connect(2)


@pytest.mark.parametrize("start", [3, 5, 6])
def test_a_wrong_from_is_seen(world: World, start: int) -> None:
    come_back(world, 2)
    told(world, 2, **{"from": start})
    world.finish()
    assert "C6" in rules_of(world.check())


def test_more_than_is_replayed_is_seen(world: World) -> None:
    come_back(world, BOUNDS.resume_chat_events + 1)
    told(world, 2, **{"from": 4})
    world.finish()
    assert "C6" in rules_of(world.check())


def test_a_reset_without_a_reason_is_seen(world: World) -> None:
    come_back(world, 0)
    told(world, 2, reset=True)
    world.finish()
    assert rules_of(world.check()) == {"C6"}


def test_no_reset_under_another_epoch_is_seen(world: World) -> None:
    world.end(2)
    world.epoch = "e2"
    world.connect(2)
    told(world, 2, reset=False)
    world.finish()
    assert rules_of(world.check()) == {"C6"}


def test_a_chat_that_ready_leaves_out_is_seen(world: World) -> None:
    come_back(world, 0)
    ready = [entry for entry in world.entries if entry.user == 2 and entry.frame.get("type") == "ready"][-1]
    world.change(ready, chats=[])
    world.finish()
    assert "C6" in rules_of(world.check())


def test_a_chat_that_ready_lists_for_a_stranger_is_seen(world: World) -> None:
    world.remove_member(7, 2)
    world.end(2)
    world.connect(2)
    ready = [entry for entry in world.entries if entry.user == 2 and entry.frame.get("type") == "ready"][-1]
    world.change(ready, chats=[{"chat": 7, "head": 4, "from": 5, "read": 0, "unread": 0}])
    world.finish()
    assert "C6" in rules_of(world.check())


def test_a_head_that_is_older_than_the_hello_is_seen(world: World) -> None:
    come_back(world, 2)
    told(world, 2, head=4)
    world.finish()
    assert rules_of(world.check()) == {"C6"}
