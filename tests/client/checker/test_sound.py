"""Histories that keep the contract are clean, whatever happened in them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.checker.world import BOUNDS, World


def assert_clean(world: World) -> None:
    """Check that nothing is wrong, after the world was finished."""
    world.finish()
    report = world.check()
    assert report.violations == [], report.as_text()


def test_talk_is_clean(world: World) -> None:
    assert_clean(world)


def test_a_repeated_write_gets_its_first_answer_over_either_way(world: World) -> None:
    world.send(1, 7, "again", id="a")
    world.send(1, 7, "again", id="a")
    world.send_by_rest(1, 7, "again", id="a")
    world.send_by_rest(2, 7, "first by REST", id="b")
    world.send(2, 7, "first by REST", id="b")
    assert_clean(world)


def test_a_write_that_is_sent_again_after_a_lost_connection_is_clean(world: World) -> None:
    world.send(1, 7, "lost", id="a", lost=True)
    world.end(1)
    world.connect(1)
    world.send(1, 7, "lost", id="a")
    assert_clean(world)


def test_a_write_that_was_stored_though_its_answer_was_lost_is_clean(world: World) -> None:
    world.note("sent", 1, type="message.send", id="a", chat=7, text="stored")
    world.end(1)
    world.append(7, "message.created", 1, id="a", text="stored")
    world.connect(1)
    world.send(1, 7, "stored", id="a")
    assert_clean(world)


def test_removal_and_return_are_clean(world: World) -> None:
    world.send(2, 7, "before", id="old")
    world.remove_member(7, 2)
    world.send(1, 7, "without them")
    world.sync(2, 7)
    world.send(2, 7, "refused")
    world.send(2, 7, "before", id="old")
    world.add_member(7, 2)
    world.sync(2, 7)
    world.send(2, 7, "back")
    assert_clean(world)


def test_coming_back_after_much_was_said_or_under_another_epoch_is_clean(world: World) -> None:
    world.end(2)
    for number in range(BOUNDS.resume_chat_events + 1):
        world.send(1, 7, f"much {number}")
    world.connect(2)
    world.end(3)
    world.epoch = "e2"
    world.connect(3)
    assert_clean(world)


def test_a_device_that_connects_anew_replaces_its_own_connection(world: World) -> None:
    world.connect(2)
    world.probe(2)
    world.send(1, 7, "seen once")
    assert_clean(world)


def test_a_killed_server_and_its_freed_claims_are_clean(world: World) -> None:
    world.connect(2, server="server-1")
    world.note("fault", name="kill", target="server-1")
    world.end(2)
    world.wait(5)
    world.probe(2, connected=True)
    world.note("fault", name="start", target="server-1")
    world.wait(21)
    world.probe(2)
    assert_clean(world)


@pytest.mark.parametrize("name", ["postgresql_stalled", "server_paused"])
def test_an_outage_stops_the_clock(world: World, name: str) -> None:
    world.note("fault_begins", name=name, target="server-1")
    world.send(1, 7, "late for all")
    late = [world.find("received", user, type="message.created", text="late for all") for user in (2, 3)]
    world.wait(12)
    world.note("fault_ends", name=name, target="server-1")
    for entry in late:
        world.move(entry, world.now + 1)
    world.wait(1)
    assert_clean(world)


def test_a_client_that_does_not_read_is_not_owed_anything(world: World) -> None:
    world.note("stalled", 3)
    world.send(1, 7, "read late")
    late = world.find("received", 3, text="read late")
    world.wait(30)
    world.note("reading", 3)
    world.move(late, world.now + 0.5)
    world.wait(1)
    assert_clean(world)


def test_a_connection_that_ended_is_not_owed_anything(world: World) -> None:
    world.send(1, 7, "in flight")
    world.drop(world.find("received", 3, text="in flight"))
    world.end(3)
    assert_clean(world)


def test_whatever_a_client_sends_is_no_reason_to_fail(world: World) -> None:
    for garbage in ({"unreadable": 3}, {"id": 7, "type": []}, {"type": "typing", "chat": [7]}):
        world.note("sent", 1, **garbage)
    world.note("received", 1, type="error", id=None, status=400, code="bad_frame", detail="", retry=False)
    assert_clean(world)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_any_sound_life_is_clean(chance: random.Random) -> None:
    world = World()
    users, owner = range(1, 5), 1
    world.connect(owner)
    world.create(7, *users)
    world.create(8, owner, 2)
    for step in range(chance.randrange(60)):
        live(world, chance, step, chance.choice(users), chance.choice([7, 8]))
        world.wait(chance.choice([0.0, 0.1, 3.0]))
    assert_clean(world)


def live(world: World, chance: random.Random, step: int, user: int, chat: int) -> None:
    """Take one step in the life of a user."""
    if user not in world.open:
        world.connect(user, resume=chance.random() < 0.8)
        return
    match chance.randrange(12):
        case 0:
            world.end(user, chance.choice([1006, 4100]), bye=False)
        case 1:
            world.connect(user)
        case 2 if user != 1 and user in world.joined[chat]:
            world.remove_member(chat, user)
        case 2 if user != 1:
            world.add_member(chat, user)
        case 3:
            world.sync(user, chat)
        case 4:
            world.probe(user)
        case 5 if user in world.joined[chat]:
            world.send_by_rest(user, chat, f"by REST {step}")
        case 6 if old := [each for each in unchanged(world, chat) if each["sender"] == user and "id" in each]:
            world.send(
                user, chat, id=old[0]["id"], **{name: old[0][name] for name in ("text", "reply_to") if name in old[0]}
            )
        case 7 if user in world.joined[chat]:
            world.page(user, chat, limit=chance.choice([2, 50]), rest=chance.random() < 0.5)
        case 8 | 9 if user in world.joined[chat] and (seq := pick_message(world, chance, chat)):
            change(world, chance, step, (user, chat, seq))
        case 10 if user in world.joined[chat] and (seq := pick_message(world, chance, chat)):
            world.send(user, chat, f"reply {step}", reply_to=seq)
        case _:
            world.send(user, chat, f"text {step}")


def unchanged(world: World, chat: int) -> list[dict[str, Any]]:
    """Return the messages of a chat that have their first text."""
    messages = [each for each in world.logs[chat] if each["type"] == "message.created" and not each.get("deleted")]
    return [each for each in messages if not world.present.was_edited(chat, each["seq"])]


def pick_message(world: World, chance: random.Random, chat: int) -> int:
    """Return the seq of a message that is not deleted, 0 where there is none."""
    kept = [each["seq"] for each in world.logs[chat] if each["type"] == "message.created" and not each.get("deleted")]
    return chance.choice(kept) if kept else 0


def change(world: World, chance: random.Random, step: int, place: tuple[int, int, int]) -> None:
    """Have a user change a message of a chat in some way."""
    match chance.randrange(3):
        case 0:
            world.edit(*place, f"edit {step}")
        case 1:
            world.delete(*place)
        case _:
            emoji = chance.choice("👍🎉")
            world.react(*place, emoji, on=not world.present.has_reacted(*place, emoji))
