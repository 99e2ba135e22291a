"""C3 and C4: what is not stored, or stored twice, or otherwise than it was said, is seen."""

from __future__ import annotations

from tests.client.checker.world import World, rules_of


def test_an_event_that_is_in_no_log_is_seen(world: World) -> None:
    world.finish()
    log = world.find("log", chat=7)
    world.change(log, events=log.frame["events"][:-1], head=2)
    assert rules_of(world.check()) == {"C4"}


def test_an_ack_for_what_is_in_no_log_is_seen(world: World) -> None:
    world.note("sent", 2, type="message.send", id="x", chat=7, text="nowhere")
    world.note("received", 2, type="ack", id="x", chat=7, seq=4, at="t", status=200)
    world.finish()
    assert rules_of(world.check()) == {"C4"}


def test_an_answer_over_rest_for_what_is_in_no_log_is_seen(world: World) -> None:
    world.send_by_rest(2, 7, "rolled back", id="r")
    world.change(world.find("answered", 2, status=201), body={"seq": 9, "at": "t"})
    world.finish()
    assert "C4" in rules_of(world.check())


def test_other_content_than_in_the_log_is_seen(world: World) -> None:
    world.change(world.find("received", 3, text="one"), text="other")
    world.finish()
    [violation] = world.check().violations
    assert violation.rule == "C4"
    assert "event 1, seen by user 3 on socket 1, has another text" in violation.text


def test_other_content_in_an_answer_to_sync_is_seen(world: World) -> None:
    world.sync(3, 7)
    ack = world.find("received", 3, type="ack", head=3)
    events = [event | {"sender": 9} if event["seq"] == 1 else event for event in ack.frame["events"]]
    world.change(ack, events=events)
    world.finish()
    assert rules_of(world.check()) == {"C4"}


def test_an_edited_message_may_be_seen_in_either_form(world: World) -> None:
    world.append(7, "message.edited", 1, target=1, text="better")
    world.finish()
    log = world.find("log", chat=7)
    events = [event | {"text": "better"} if event["seq"] == 1 else event for event in log.frame["events"]]
    world.change(log, events=events)
    assert world.check().violations == []


def test_a_doubled_write_is_seen(world: World) -> None:
    world.send(1, 7, "twice", id="a", lost=True)
    world.append(7, "message.created", 1, text="twice")
    world.append(7, "message.created", 1, text="twice")
    world.finish()
    report = world.check()
    assert "C3" in rules_of(report)
    assert any("'twice' of user 1 is stored 2 times, as [4, 5]" in each.text for each in report.violations)


def test_two_places_for_one_id_are_seen(world: World) -> None:
    world.send(1, 7, "once", id="a")
    world.send_by_rest(1, 7, "once", id="a")
    world.change(world.find("answered", 1, status=200), body={"seq": 1, "at": "t", "duplicate": True})
    world.finish()
    assert "C3" in rules_of(world.check())


def test_an_ack_with_another_time_than_the_log_is_seen(world: World) -> None:
    world.change(world.find("received", 1, type="ack", seq=1), at="another")
    world.finish()
    assert rules_of(world.check()) == {"C3"}


def test_an_ack_for_the_event_of_somebody_else_is_seen(world: World) -> None:
    world.change(world.find("sent", 2, text="two"), text="not what was stored")
    world.finish()
    assert rules_of(world.check()) == {"C3"}


def test_an_acked_write_that_is_refused_when_repeated_is_seen(world: World) -> None:
    world.send(2, 7, "said", id="old")
    world.remove_member(7, 2)
    world.note("sent", 2, type="message.send", id="old", chat=7, text="said")
    world.refuse(2, 7, "old")
    world.finish()
    assert rules_of(world.check()) == {"C3"}


def test_other_content_under_an_old_id_may_be_refused(world: World) -> None:
    world.send(2, 7, "said", id="old")
    world.note("sent", 2, type="message.send", id="old", chat=7, text="something else")
    world.refuse(2, 7, "old", "id_conflict")
    world.finish()
    assert world.check().violations == []


def test_what_was_refused_and_is_stored_is_seen(world: World) -> None:
    world.note("sent", 2, type="message.send", id="x", chat=7, text="refused")
    world.refuse(2, 7, "x", "forbidden")
    world.append(7, "message.created", 2, text="refused")
    world.finish()
    assert "C3" in rules_of(world.check())


def test_what_the_store_did_not_confirm_may_be_stored(world: World) -> None:
    world.note("sent", 2, type="message.send", id="x", chat=7, text="perhaps")
    world.refuse(2, 7, "x", "unavailable", retry=True)
    world.append(7, "message.created", 2, id="x", text="perhaps")
    world.finish()
    assert world.check().violations == []
