"""C7 and C8: what comes late or never, and connections that are there or not against the truth, are seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.client.checker.world import BOUNDS, World, rules_of


def test_a_late_event_is_seen(world: World) -> None:
    world.send(1, 7, "slow")
    world.move(world.find("received", 3, text="slow"), world.now + 6)
    world.wait(6)
    world.finish()
    report = world.check()
    assert [violation.rule for violation in report.violations] == ["C7"]
    assert report.figures["worst_delay"] == pytest.approx(6, abs=0.1)


@pytest.mark.parametrize("name", ["redis_stalled", "layer_lossy"])
def test_a_lossy_layer_excuses_nothing(world: World, name: str) -> None:
    world.note("fault_begins", name=name, target="redis")
    world.send(1, 7, "slow")
    world.move(world.find("received", 3, text="slow"), world.now + 6)
    world.wait(6)
    world.note("fault_ends", name=name, target="redis")
    world.finish()
    assert rules_of(world.check()) == {"C7"}


def test_an_outage_excuses_only_as_long_as_it_lasts(world: World) -> None:
    world.note("fault_begins", name="postgresql_stalled", target="postgresql")
    world.send(1, 7, "slow")
    world.wait(3)
    world.note("fault_ends", name="postgresql_stalled", target="postgresql")
    world.move(world.find("received", 3, text="slow"), world.now + 11)
    world.wait(11)
    world.finish()
    assert rules_of(world.check()) == {"C7"}


def test_a_pause_of_another_server_excuses_nothing(world: World) -> None:
    world.connect(3, server="server-1")
    world.note("fault_begins", name="server_paused", target="server-2")
    world.send(1, 7, "slow")
    world.move(world.find("received", 3, text="slow"), world.now + 6)
    world.wait(6)
    world.note("fault_ends", name="server_paused", target="server-2")
    world.finish()
    assert rules_of(world.check()) == {"C7"}


def test_a_lost_tail_is_seen(world: World) -> None:
    world.send(1, 7, "the last word")
    world.drop(world.find("received", 3, text="the last word"))
    world.finish()
    [violation] = world.check().violations
    assert violation.rule == "C7"
    assert "event 4 never reached user 3 on socket 1" in violation.text


def test_a_lost_tail_that_nobody_saw_is_seen(world: World) -> None:
    world.end(1)
    world.append(7, "message.created", 1, text="the last word")
    for user in (2, 3):
        world.drop(world.find("received", user, text="the last word"))
    world.finish()
    assert len([each for each in world.check().violations if each.rule == "C7"]) == 2


def test_a_missing_chat_joined_is_seen(world: World) -> None:
    world.create(8, 1, 2)
    world.drop(world.find("received", 2, type="chat.joined", chat=8))
    world.finish()
    [violation] = world.check().violations
    assert violation.rule == "C7"
    assert "chat 8: user 2 on socket 1, in it since 1, was never told of it" in violation.text


def test_a_late_chat_joined_is_seen(world: World) -> None:
    world.create(8, 1, 2)
    world.move(world.find("received", 2, type="chat.joined", chat=8), world.now + 6)
    world.wait(6)
    world.finish()
    assert rules_of(world.check()) == {"C7"}


def test_a_membership_that_ended_at_once_may_be_left_out(world: World) -> None:
    world.remove_member(7, 2)
    world.add_member(7, 2)
    for kind in ("chat.joined", "member.added"):
        world.drop([each for each in world.entries if each.user == 2 and each.frame.get("type") == kind][-1])
    world.remove_member(7, 2)
    world.drop([each for each in world.entries if each.user == 2 and each.frame.get("type") == "member.removed"][-1])
    world.finish()
    assert world.check().violations == []


def test_bounds_are_multiplied(world: World) -> None:
    world.send(1, 7, "slow")
    world.move(world.find("received", 3, text="slow"), world.now + 6)
    world.wait(6)
    world.finish()
    assert world.check(replace(BOUNDS, factor=3.0)).violations == []


def test_a_stuck_claim_is_seen(world: World) -> None:
    world.end(2)
    world.wait(21)
    world.probe(2, connected=True)
    world.finish()
    assert rules_of(world.check()) == {"C8"}


def test_a_claim_that_no_running_server_could_free_is_not_stuck(world: World) -> None:
    world.connect(2, server="server-1")
    world.note("fault", name="kill", target="server-1")
    world.end(2)
    world.wait(30)
    world.note("fault", name="start", target="server-1")
    world.wait(5)
    world.probe(2, connected=True)
    world.finish()
    assert world.check().violations == []


def test_a_claim_that_another_server_did_not_free_is_stuck(world: World) -> None:
    world.connect(1, server="server-2")
    world.connect(2, server="server-1")
    world.note("fault", name="kill", target="server-1")
    world.end(2)
    world.wait(30)
    world.probe(2, connected=True)
    world.finish()
    assert rules_of(world.check()) == {"C8"}


def test_an_open_connection_that_does_not_count_is_seen(world: World) -> None:
    world.probe(2, connected=False)
    world.finish()
    assert rules_of(world.check()) == {"C8"}


def test_a_swept_process_excuses_that_its_connections_do_not_count(world: World) -> None:
    world.note("fault_begins", name="server_paused", target="server-1")
    world.wait(20)
    world.probe(2, connected=False)
    world.note("fault_ends", name="server_paused", target="server-1")
    world.finish()
    assert world.check().violations == []


def test_two_connections_at_once_are_seen(world: World) -> None:
    world.connect(2)
    world.drop(world.find("ended", 2))
    world.wait(6)
    event = world.append(7, "message.created", 1, text="to both")
    last = world.find("received", 2, text="to both")
    world.entries.append(replace(last, connection=1, at=last.at + 0.0001))
    assert event["seq"] == 4
    world.finish()
    assert rules_of(world.check()) == {"C8"}
