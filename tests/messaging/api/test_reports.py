"""What a member reports."""

from __future__ import annotations

from typing import Any

from messaging.models import Report
from tests.messaging.api.conftest import Person


def report(chat: int, seq: int, reason: str = "rude") -> dict[str, Any]:
    """Return the body of a report."""
    return {"chat": chat, "seq": seq, "reason": reason}


def test_a_member_reports_a_message_with_what_was_said_around_it(ada: Person, bob: Person) -> None:
    """Its sender can edit and delete the message, but not the evidence."""
    chat = ada.group(bob)
    bob.say(chat, *"abcdefgh")
    made = ada.post("reports/", report(chat, 7))
    kept = Report.objects.get(pk=made["id"])
    assert [(line["seq"], line["text"]) for line in kept.context] == list(enumerate("bcdefgh", start=2))
    assert (kept.reporter_id, kept.reason, kept.context[0]["sender"]) == (ada.id, "rude", bob.id)


def test_a_message_is_reported_once_by_each(ada: Person, bob: Person, cleo: Person) -> None:
    """A repeat finds the first report and changes nothing."""
    chat = ada.group(bob, cleo)
    bob.say(chat, "a")
    first = ada.post("reports/", report(chat, 1))
    assert ada.post("reports/", report(chat, 1, "again"), status=200) == first
    assert cleo.post("reports/", report(chat, 1)) != first
    assert Report.objects.get(pk=first["id"]).reason == "rude"


def test_only_what_one_sees_is_reported(ada: Person, bob: Person, cleo: Person, onesocket: Any) -> None:
    """Nobody learns by a report whether there is a chat, or what was said in it before."""
    onesocket(HISTORY_FOR_NEWCOMERS="since_join")
    chat = ada.group(bob)
    bob.say(chat, "a")
    assert cleo.refused("POST", "reports/", report(chat, 1)) == (403, "not_a_member")
    assert cleo.refused("POST", "reports/", report(10**9, 1)) == (403, "not_a_member")
    ada.post(f"chats/{chat}/members/", {"user": cleo.id})
    assert cleo.refused("POST", "reports/", report(chat, 1)) == (404, "message_not_found")
    bob.say(chat, "b")
    context = Report.objects.get(pk=cleo.post("reports/", report(chat, 3))["id"]).context
    assert [line["text"] for line in context] == ["b"]


def test_what_is_no_message_is_not_reported(ada: Person, bob: Person, cleo: Person) -> None:
    """Events of members, deleted messages and numbers that are not given yet."""
    chat = ada.group(bob)
    ada.post(f"chats/{chat}/members/", {"user": cleo.id})
    for seq in (0, 1, 2, 9):
        assert ada.refused("POST", "reports/", report(chat, seq)) == (404, "message_not_found")


def test_a_report_that_cannot_be_is_a_bad_frame(ada: Person) -> None:
    """A reason says something, and not too much."""
    for reason in ("", "  ", "x" * 1001, "a\x00b", None, 7):
        assert ada.refused_field("POST", "reports/", {"chat": 1, "seq": 1, "reason": reason}) == "reason"
    assert ada.refused_field("POST", "reports/", {"chat": "1", "seq": 1, "reason": "x"}) == "chat"
