"""C1 and C2: a stream that is not in order, and acks that are out of their place, are seen."""

from __future__ import annotations

import pytest

from tests.client.checker.world import World, rules_of


def test_a_dropped_event_is_a_hole(world: World) -> None:
    world.drop(world.find("received", 3, text="two"))
    world.finish()
    [violation] = world.check().violations
    assert violation.rule == "C1"
    assert violation.text == "chat 7: ack with seq 3 came to user 3 on socket 1 where 2 was due"


def test_a_repeated_event_is_seen(world: World) -> None:
    event = world.find("received", 3, text="two")
    world.note("received", 3, **event.frame)
    world.finish()
    assert rules_of(world.check()) == {"C1"}


def test_swapped_events_are_seen(world: World) -> None:
    first, second = world.find("received", 3, text="one"), world.find("received", 3, text="two")
    world.move(first, second.at + 0.0001)
    world.finish()
    assert rules_of(world.check()) == {"C1"}


def test_an_event_before_its_chat_was_opened_is_seen(world: World) -> None:
    world.drop(world.find("received", 3, type="chat.joined", chat=7))
    world.finish()
    assert "C1" in rules_of(world.check())


def test_an_ack_without_its_place_is_seen(world: World) -> None:
    ack = world.find("received", 2, type="ack", seq=2)
    world.move(world.find("received", 2, text="one"), ack.at + 0.0001)
    world.finish()
    assert rules_of(world.check()) == {"C1"}


def test_an_ack_of_an_earlier_write_that_moves_a_cursor_is_seen(world: World) -> None:
    world.send(1, 7, "said", id="a")
    world.send(2, 7, "later")
    world.send(1, 7, "said", id="a")
    world.change(world.find("received", 1, type="ack", id="a", duplicate=True), duplicate=None)
    world.finish()
    assert rules_of(world.check()) == {"C1"}


def test_a_duplicate_that_lies_ahead_of_the_stream_is_seen(world: World) -> None:
    world.change(world.find("received", 3, type="ack", seq=3), duplicate=True)
    world.finish()
    assert "C2" in rules_of(world.check())


def test_another_senders_id_is_seen(world: World) -> None:
    world.change(world.find("received", 3, text="one"), id="id-of-1")
    world.finish()
    assert rules_of(world.check()) >= {"C2"}


def test_a_stream_opened_twice_is_seen(world: World) -> None:
    joined = world.find("received", 3, type="chat.joined")
    world.note("received", 3, **joined.frame | {"from": 4, "head": 3})
    world.finish()
    assert "C1" in rules_of(world.check())


@pytest.mark.parametrize("times", [0, 2])
def test_caught_up_comes_once(world: World, times: int) -> None:
    caught_up = world.find("received", 2, type="caught_up")
    world.drop(caught_up)
    for _ in range(times):
        world.note("received", 2, type="caught_up")
    world.finish(quiet=40)
    assert rules_of(world.check()) == {"C1"}


def test_caught_up_before_the_head_is_seen(world: World) -> None:
    world.end(2)
    world.send(1, 7, "missed")
    world.connect(2)
    missed = world.find("received", 2, text="missed")
    world.move(missed, world.now + 0.01)
    world.wait(0.02)
    world.finish()
    assert rules_of(world.check()) == {"C1"}


def test_a_log_with_a_hole_is_seen(world: World) -> None:
    world.finish()
    log = world.find("log", chat=7)
    world.change(log, events=[event for event in log.frame["events"] if event["seq"] != 2])
    assert "C1" in rules_of(world.check())
