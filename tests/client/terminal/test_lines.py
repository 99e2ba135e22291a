"""What stands on the screen for what happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from client.commands import message_delete, message_edit, message_send, reaction_set
from client.frames import Frame
from client.terminal.book import Entry
from client.terminal.lines import Lines, usage_lines, when
from client.terminal.shown import Shown
from tests.client.server_frames import created

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
    """Show one event without its time, below message 3."""
    above = Shown()
    above.take(created(7, 3, "tea?", sender=5))
    return [line.replace("12:00 ", "") for line in lines.event(created(7, 12, text, **more), NOW, above)]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({}, "  #12 grace: hi"),
        ({"sender": 3}, "✓ #12 ada: hi"),
        ({"sender": 5}, "  #12 linus: hi"),
        ({"sender": 99}, "  #12 user 99: hi"),
        ({"deleted": True, "text": None}, "  #12 grace: (deleted)"),
        ({"edited_at": "2026-01-31T12:01:00Z"}, "  #12 grace: hi  (edited)"),
        ({"reactions": [{"emoji": "👍\x1b", "count": 2, "mine": False}]}, "  #12 grace: hi  👍 2"),
        ({"text": "", "attachments": [{"name": "a\x1b.png"}]}, "  #12 grace:   [a.png]"),
        ({"reactions": [{"emoji": "❤️", "count": 1, "mine": True}]}, "  #12 grace: hi  ❤️ 1 (you)"),
        ({"reply_to": {"seq": 1, "sender": 3, "text": "what?"}}, "  #12 grace: (to #1 ada: what?) hi"),
        ({"reply_to": {"seq": 1, "sender": 3, "text": ""}}, "  #12 grace: (to #1 ada) hi"),
        ({"reply_to": 3}, "  #12 grace: (to #3 linus: tea?) hi"),
        ({"reply_to": 11}, "  #12 grace: (to #11) hi"),
    ],
)
def test_a_message_is_shown_as_it_is_now(lines: Lines, message: dict[str, Any], line: str) -> None:
    assert shown(lines, **message) == [line]


def test_no_line_of_a_text_looks_like_another_message(lines: Lines) -> None:
    assert shown(lines, "one\n  12:00 ada: mine\r\x1b[Athree") == [
        "  #12 grace: one",
        "       │   ada: mine",
        "       │ [Athree",
    ]


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"type": "message.edited", "target": 3}, "changed #3: hi"),
        ({"type": "message.edited", "target": 3, "text": None, "deleted": True}, "changed #3: (deleted)"),
        ({"type": "message.deleted", "target": 3}, "deleted #3"),
        ({"type": "reaction.set", "target": 3, "emoji": "👍\x1b", "on": True}, "put 👍 on #3 (linus: tea?)"),
        ({"type": "reaction.set", "target": 2, "emoji": "👍", "on": True}, "put 👍 on #2"),
        ({"type": "reaction.set", "target": 3, "emoji": "👍", "on": False}, "took 👍 off #3 (linus: tea?)"),
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


def test_an_own_deed_is_ticked_and_a_long_text_stays_whole(lines: Lines) -> None:
    assert shown(lines, f"{'x' * 100}\ntwo", type="message.edited", target=3, sender=3) == [
        f"✓ · ada changed #3: {'x' * 100}",
        "       │ two",
    ]


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
    assert lines.settled(write, "Launch: ", {"seq": 4}) == "✓ Launch: hi"
    assert lines.refused(write, "you are not a member") == "✗ not sent: hi (you are not a member)"


@pytest.mark.parametrize(
    ("write", "wish"),
    [
        (message_send(7, "one\ntwo", reply_to=3), "(to #3) one two"),
        (message_edit(7, 3, "hi"), "change #3: hi"),
        (message_delete(7, 3), "delete #3"),
        (reaction_set(7, 3, "👍", on=True), "put 👍 on #3"),
        (reaction_set(7, 3, "👍", on=False), "take 👍 off #3"),
    ],
)
def test_every_write_says_what_it_is_to_do(lines: Lines, write: Frame, wish: str) -> None:
    assert lines.pending(write, "Tea: ") == f"… Tea: {wish}"


def test_a_write_that_changes_nothing_says_so(lines: Lines) -> None:
    write = reaction_set(7, 3, "👍", on=True)
    assert lines.settled(write, "", {"noop": True}) == "✓ put 👍 on #3  (it was so already)"
    assert lines.refused(write, "no") == "✗ not done: put 👍 on #3 (no)"


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
