"""Commands without their one answer, and ends that are not what was told, are seen."""

from __future__ import annotations

from tests.client.checker.world import World, rules_of


def test_a_second_answer_is_seen(world: World) -> None:
    world.note("sent", 1, type="ping", id="p")
    for _ in range(2):
        world.note("received", 1, type="ack", id="p", status=200)
    world.finish()
    [violation] = world.check().violations
    assert (violation.rule, violation.text) == ("answers", "user 1 on socket 1 got a second answer to id p")


def test_an_answer_without_a_question_is_seen(world: World) -> None:
    world.note("received", 1, type="error", id="p", status=400, code="bad_frame", detail="", retry=False)
    world.finish()
    assert rules_of(world.check()) == {"answers"}


def test_a_command_without_an_answer_is_seen(world: World) -> None:
    world.note("sent", 1, type="ping", id="p")
    world.finish(quiet=31)
    assert rules_of(world.check()) == {"answers"}


def test_a_command_whose_connection_ended_needs_no_answer(world: World) -> None:
    world.note("sent", 1, type="ping", id="p")
    world.wait(29)
    world.end(1)
    world.finish(quiet=31)
    assert world.check().violations == []


def test_a_paused_server_answers_later(world: World) -> None:
    world.note("sent", 1, type="ping", id="p")
    world.note("fault_begins", name="server_paused", target="server-1")
    world.wait(40)
    world.note("fault_ends", name="server_paused", target="server-1")
    world.wait(2)
    world.note("received", 1, type="ack", id="p", status=200)
    world.finish()
    assert world.check().violations == []


def test_an_ack_before_ready_is_seen(world: World) -> None:
    world.connect(2)
    ready = [entry for entry in world.entries if entry.user == 2 and entry.frame.get("type") == "ready"][-1]
    world.note("sent", 2, type="ping", id="p")
    ping = world.entries[-1]
    world.note("received", 2, type="ack", id="p", status=200)
    world.move(world.entries[-1], ready.at - 0.0002)
    world.move(ping, ready.at - 0.0004)
    world.finish()
    assert rules_of(world.check()) == {"answers"}


def test_a_frame_after_bye_is_seen(world: World) -> None:
    world.note("received", 1, type="bye", code=4100, reason="draining")
    world.note("received", 1, type="typing", chat=7, user=2, on=True)
    world.end(1, 4100)
    world.finish()
    assert rules_of(world.check()) == {"ends"}


def test_an_end_with_another_code_than_bye_is_seen(world: World) -> None:
    world.note("received", 1, type="bye", code=4100, reason="draining")
    world.end(1, 4200)
    world.finish()
    assert rules_of(world.check()) == {"ends"}


def test_an_end_as_told_is_clean(world: World) -> None:
    world.end(1, 4100, bye=True)
    world.connect(1)
    world.note("received", 1, type="bye", code=4100, reason="draining")
    world.end(1, 1000, own=True)
    world.finish()
    assert world.check().violations == []
