"""What stands on the screen for what happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from client.terminal.book import Entry
from client.terminal.lines import Lines, usage_lines, when
from tests.client.peer import created

NOW = datetime(2026, 1, 31, 18, 0, tzinfo=UTC)
NAMES = {3: "ada", 4: "grace", 5: "lin\x1bus"}
LAUNCH = Entry(7, title="Launch", members=[3, 4, 5], unread=2)
PRIVATE = Entry(8, members=[3, 4])


@pytest.fixture
def lines() -> Lines:
    """Make lines for ada."""
    lines = Lines(lambda user: NAMES.get(user, f"user {user}"))
    lines.me = 3
    return lines


def shown(lines: Lines, text: str = "hi", **more: Any) -> list[str]:
    """Show one event without its time."""
    return [line.replace("12:00 ", "") for line in lines.event(created(7, 12, text, **more), NOW)]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({}, "  grace: hi"),
        ({"sender": 3}, "✓ ada: hi"),
        ({"sender": 5}, "  linus: hi"),
        ({"sender": 99}, "  user 99: hi"),
        ({"deleted": True, "text": None}, "  grace: (deleted)"),
        ({"edited_at": "2026-01-31T12:01:00Z"}, "  grace: hi  (edited)"),
        ({"reactions": [{"emoji": "👍\x1b", "count": 2, "mine": False}]}, "  grace: hi  👍 2"),
        ({"text": "", "attachments": [{"name": "a\x1b.png"}]}, "  grace:   [a.png]"),
        ({"reply_to": {"seq": 1, "sender": 3, "text": "what?"}}, "  grace: (to ada, what?) hi"),
        ({"reply_to": 11}, "  grace: (to message 11) hi"),
    ],
)
def test_a_message_is_shown_as_it_is_now(lines: Lines, message: dict[str, Any], line: str) -> None:
    assert shown(lines, **message) == [line]


def test_no_line_of_a_text_looks_like_another_message(lines: Lines) -> None:
    assert shown(lines, "one\n  12:00 ada: mine\r\x1b[Athree") == [
        "  grace: one",
        "       │   ada: mine",
        "       │ [Athree",
    ]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"type": "message.edited", "target": 3}, "changed message 3: hi"),
        ({"type": "message.edited", "target": 3, "text": None, "deleted": True}, "changed message 3: (deleted)"),
        ({"type": "message.deleted", "target": 3}, "deleted message 3"),
        ({"type": "reaction.set", "target": 3, "emoji": "👍", "on": True}, "put 👍 on message 3"),
        ({"type": "reaction.set", "target": 3, "emoji": "👍", "on": False}, "took back 👍 on message 3"),
        ({"type": "member.added", "user": 5, "role": "member"}, "added linus"),
        ({"type": "member.added", "user": 4, "role": "member"}, "joined"),
        ({"type": "member.removed", "user": 4}, "left"),
        ({"type": "member.removed", "user": 3}, "removed ada"),
        ({"type": "member.role", "user": 5, "role": "admin"}, "made linus admin"),
        ({"type": "chat.updated", "title": "Tea\x07"}, "named the chat Tea"),
        ({"type": "poll.opened"}, "did something this client does not know (poll.opened)"),
    ],
)
def test_every_event_is_shown(lines: Lines, event: dict[str, Any], line: str) -> None:
    assert shown(lines, **event) == [f"  · grace {line}"]


def test_a_chat_has_its_title_or_the_names_of_the_others(lines: Lines) -> None:
    names = [lines.chat(entry) for entry in (LAUNCH, PRIVATE, Entry(9), Entry(10, title=" \x1b\n", members=[3, 4, 5]))]
    assert names == ["Launch", "grace", "chat 9", "grace, linus"]


def test_the_list_has_numbers_names_and_what_is_unread(lines: Lines) -> None:
    assert lines.chats([LAUNCH, PRIVATE]) == ["   [7] Launch · 2 unread", "   [8] grace"]
    assert "/new" in lines.chats([])[0]


def test_a_notice_is_one_line(lines: Lines) -> None:
    assert lines.notice(LAUNCH, created(7, 12, "one\ntwo")) == "* [7] Launch · 2 unread · grace: one two"
    assert lines.notice(PRIVATE, created(8, 12, "x" * 100)) == f"* [8] grace · {'x' * 59}…"
    assert lines.notice(PRIVATE, created(8, 12, "", deleted=True)) == "* [8] grace · (deleted)"


def test_an_opened_chat_says_with_whom(lines: Lines) -> None:
    assert lines.header(LAUNCH, [3, 4, 5]) == "── Launch [7] · with grace, linus ──"
    assert lines.header(PRIVATE, [3, 4]) == "── grace [8] ──"


def test_a_write_is_pending_then_settled_or_refused(lines: Lines) -> None:
    write = {"type": "message.send", "chat": 7, "id": "1", "text": "hi"}
    assert lines.pending(write, "") == "… hi"
    assert lines.settled(write, "Launch: ") == "✓ Launch: hi"
    assert lines.refused(write, "you are not a member") == "✗ not sent: hi (you are not a member)"


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-01-31T12:00:00.123456Z", "14:00"),
        ("2026-01-30T22:30:00Z", "00:30"),
        ("2026-01-30T12:00:00Z", "30 Jan 14:00"),
        ("never", "--:--"),
    ],
)
def test_times_are_those_of_the_person(at: str, told: str) -> None:
    assert when(at, NOW.astimezone(timezone(timedelta(hours=2)))) == told


def test_help_says_how_every_command_is_typed() -> None:
    assert any(line.split()[0] == "/open" and "CHAT" in line for line in usage_lines())
