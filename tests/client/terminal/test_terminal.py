"""A person at a terminal is told what happens, and what they type is done."""

from __future__ import annotations

from typing import Any

import pytest

from client import Tokens
from client.terminal.errors import Failure
from tests.client.peer import Server
from tests.client.server_frames import AT, created
from tests.client.terminal.conftest import SitDown

GRACE, LINUS = {"id": 4, "username": "grace"}, {"id": 5, "username": "linus", "display_name": "Linus"}


def folded(*seqs: int, **more: Any) -> dict[str, Any]:
    """Make a page of history, newest first."""
    return {"results": [created(7, seq, f"text {seq}", **more) for seq in seqs], "next": None}


async def test_the_chats_are_listed_and_one_is_opened_and_read(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    server.reply("GET /api/chats/7/members/", 200, {"results": [GRACE], "next": None})
    server.reply("GET /api/chats/7/messages/", 200, folded(2, 1))
    socket = await sitting.begin(chats=[{"chat": 7, "head": 2, "from": 3, "read": 1, "unread": 1}])
    assert await sitting.console.expect("[7]") == "   [7] Tea"
    sitting.console.type("/open tea")
    for part in ("── Tea [7] · with grace ──", "grace: text 1", "grace: text 2"):
        await sitting.console.expect(part)
    await socket.send(created(7, 3, "live"))
    await sitting.console.expect("grace: live")
    assert (await socket.expect("read"))["seq"] == 3


async def test_a_message_is_pending_until_it_is_stored(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await sitting.begin()
    await sitting.open()
    sitting.console.type("hello")
    command = await socket.expect("message.send")
    assert "… hello" in sitting.console.live.lines
    await socket.ack(command, 3)
    assert (await sitting.console.expect("hello")).startswith("✓ ")
    await sitting.console.expect_live(lambda live: live.lines == ())


async def test_a_message_that_is_refused_is_told(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await sitting.begin()
    await sitting.open()
    sitting.console.type("hello", "x" * 70_000)
    await sitting.console.expect("! not sent: frame too large")
    await socket.refuse(await socket.expect("message.send"), 403, "not_a_member", detail="You are not a member.")
    await sitting.console.expect("✗ not sent: hello (You are not a member)")


async def test_a_message_to_a_chat_that_is_not_open_is_a_notice(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    server.reply("GET /api/users/", 200, {"results": [GRACE], "next": None})
    socket = await sitting.begin()
    await socket.send(created(7, 3, "one\ntwo"))
    assert await sitting.console.expect("*") == "* [7] Tea · 1 unread · grace: one two"


async def test_a_connection_that_was_lost_is_told_with_what_was_missed(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await sitting.begin((7, 2, 3), (9, 0, 1))
    await sitting.open()
    socket.cut()
    await sitting.console.expect("— connection lost (cut off), trying again in 1 s …")
    sitting.console.type("meanwhile")
    server.reply("GET /api/chats/9/", 200, {"id": 9, "kind": "group", "title": "Cake", "head": 2, "unread": 2})
    server.reply("GET /api/chats/11/", 200, {"id": 11, "kind": "group", "title": "New", "head": 5, "unread": 5})
    again = await server.socket()
    await again.welcome((7, 3, 3), (9, 2, 1), (11, 5, 6), caught_up=False)
    for event in (created(7, 3, "missed"), created(9, 1), created(9, 2), {"type": "caught_up"}):
        await again.send(event)
    await sitting.console.expect("missed")
    await sitting.console.expect("— back, 3 missed messages")
    await sitting.console.expect("* [11] New · 5 unread · new to you")
    assert (await again.expect("message.send"))["text"] == "meanwhile"


async def test_an_empty_line_does_not_wait_for_the_next_attempt(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await sitting.begin()
    await sitting.console.expect("[7]")
    await socket.close(4100, bye=True, retry_after=60)
    await sitting.console.expect("— connection lost (the server stops), trying again in 75 s …")
    sitting.console.type("")
    await sitting.begin()
    await sitting.console.expect("— back, nothing missed")


async def test_typing_and_reading_of_others_is_shown(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    server.reply("GET /api/chats/7/members/", 200, {"results": [GRACE, LINUS], "next": None})
    server.reply("GET /api/chats/7/messages/", 200, folded(2, sender=3))
    socket = await sitting.begin()
    await sitting.open()
    for user in (4, 5):
        await socket.send({"type": "typing", "chat": 7, "user": user, "on": True})
    await socket.send({"type": "read", "chat": 7, "user": 4, "seq": 2})
    await sitting.console.expect_live(lambda live: live.lines == ("    read by grace", "    grace, linus are typing …"))


async def test_the_other_of_a_private_chat_is_shown_while_online(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    made = {"id": 9, "kind": "private", "title": "", "head": 0, "unread": 0, "members": [GRACE]}
    server.reply("GET /api/users/", 200, {"results": [GRACE], "next": None})
    server.reply("POST /api/chats/", 201, made)
    server.reply("GET /api/chats/9/members/", 200, {"results": [GRACE], "next": None})
    socket = await sitting.begin()
    sitting.console.type("/new grace")
    watched = await socket.expect("presence.watch")
    assert watched["users"] == [4]
    await socket.send({"type": "ack", "id": watched["id"], "status": 200, "states": []})
    came = {"type": "presence", "user": 4, "online": True, "last_seen_at": None}
    await socket.send(came)
    await sitting.console.expect_live(lambda live: live.lines == ("    grace is online",))
    await socket.send(came | {"online": False})
    await sitting.console.expect_live(lambda live: not live.lines)


async def test_the_others_are_told_of_typing(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await sitting.begin()
    sitting.console.on_typed("no chat is open")
    await sitting.open()
    sitting.console.on_typed("")
    for text, on in (("h", True), ("", False)):
        sitting.console.on_typed(text)
        assert await socket.expect("typing") == {"type": "typing", "chat": 7, "on": on}


async def test_history_is_read_upward(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    for page in (folded(12, 11), folded(10, 9), folded()):
        server.reply("GET /api/chats/7/messages/", 200, page)
    await sitting.begin((7, 12, 13))
    await sitting.open()
    sitting.console.type("/more", "/more")
    for part in (
        "text 11",
        "text 12",
        "── earlier",
        "text 9",
        "text 10",
        "── up to here",
        "! this is where the chat begins",
    ):
        await sitting.console.expect(part)
    assert [call.query.get("before") for call in server.called("GET /api/chats/7/messages/")] == [None, "11", "9"]


async def test_a_chat_is_made_by_the_names_of_people(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    await sitting.begin()
    for found in ([LINUS, GRACE], [LINUS], [LINUS]):
        server.reply("GET /api/users/", 200, {"results": found, "next": None})
    made = {"id": 9, "kind": "group", "title": "Cake", "head": 0, "unread": 0, "members": [GRACE, LINUS]}
    server.reply("POST /api/chats/", 201, made)
    sitting.console.type("/new Grace, linus: Cake", "/new lin")
    await sitting.console.expect("── Cake [9] · with grace, linus ──")
    [call] = server.called("POST /api/chats/")
    assert call.body == {"kind": "group", "members": [4, 5], "title": "Cake"}
    await sitting.console.expect("! there is nobody called lin; there is linus")


async def test_members_are_shown_added_and_left(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await sitting.begin()
    await sitting.open()
    server.reply("GET /api/chats/7/members/", 200, {"results": [LINUS | {"role": "owner"}], "next": None})
    server.reply("GET /api/users/", 200, {"results": [GRACE], "next": None})
    added = server.reply("POST /api/chats/7/members/", 201, {"seq": 3, "at": AT})
    server.reply("DELETE /api/chats/7/members/3/", 200, {"seq": 4, "at": AT})
    sitting.console.type("/members", "/add grace", "/leave", "into the void")
    watched = await socket.expect("presence.watch")
    states = [{"user": user, "online": True, "last_seen_at": None} for user in watched["users"]]
    await socket.send({"type": "ack", "id": watched["id"], "status": 200, "states": states})
    await sitting.console.expect("  linus (Linus, owner, online)")
    await added.asked.wait()
    await socket.send(created(7, 3, type="member.added", sender=5, user=4, role="member"))
    await sitting.console.expect("linus added grace")
    await socket.send(created(7, 4, type="member.removed", sender=3, user=3))
    await sitting.console.expect("* you are no longer in Tea [7]")
    assert server.called("POST /api/chats/7/members/")[0].body == {"user": 4}
    assert server.called("DELETE /api/chats/7/members/3/")


async def test_a_chat_that_is_new_is_a_notice(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await sitting.begin()
    await sitting.console.expect("[7]")
    server.reply("GET /api/chats/9/", 200, {"id": 9, "kind": "group", "title": "Cake", "head": 0, "unread": 0})
    await socket.send({"type": "chat.joined", "chat": 9, "head": 0, "from": 1})
    await sitting.console.expect("* [9] Cake · new to you")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("hello", "! no chat is open; /open CHAT opens one, /chats lists them"),
        ("/more", "! no chat is open; /open CHAT opens one"),
        ("/open cake", "! there is no chat cake; /chats lists them"),
        ("/dance", "! there is no /dance; /help shows what there is"),
        ("/new ,", "! with whom? /new NAME"),
    ],
)
async def test_what_cannot_be_done_is_told(sit_down: SitDown, line: str, complaint: str) -> None:
    sitting = sit_down()
    await sitting.begin()
    sitting.console.type(line)
    await sitting.console.expect(complaint)


async def test_a_person_takes_over_from_another_device(server: Server, sit_down: SitDown) -> None:
    server.refuse("GET /api/ws-ticket/", 409, "already_connected")
    sitting = sit_down()
    await sitting.console.expect_live(lambda live: live.prompt == "Take over? [y/N] ")
    sitting.console.type("y")
    await sitting.begin()
    await sitting.console.expect("[7]")
    assert server.called("GET /api/ws-ticket/")[1].query["take"] == "1"


async def test_a_person_may_leave_it_to_the_other_device(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await sitting.begin()
    await socket.close(4409, bye=True)
    await sitting.console.expect_live(lambda live: live.prompt == "Take it back? [y/N] ")
    sitting.console.type("")
    with pytest.raises(Failure, match="left to the other device"):
        await sitting.ended()


async def test_who_was_signed_out_is_asked_for_the_password(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down(password=None, tokens=Tokens("access", "refresh"))
    socket = await sitting.begin()
    await sitting.console.expect("[7]")
    server.refuse("POST /api/token/refresh/", 401, "token_invalid")
    server.refuse("POST /api/token/", 401, "credentials_invalid")
    await socket.close(4302, bye=True)
    await sitting.console.expect("— you were signed out")
    await sitting.console.expect_live(lambda live: live.hidden and live.prompt == "Password of ada: ")
    sitting.console.type("wrong", "right")
    await sitting.console.expect("! wrong password")
    await sitting.begin()
    await sitting.console.expect("— back, nothing missed")
    assert [call.body["password"] for call in server.called("POST /api/token/")] == ["wrong", "right"]


@pytest.mark.parametrize(
    ("code", "why"),
    [(4409, "another device took over; --take takes over"), (4403, "this account is disabled"), (4302, "signed out")],
)
async def test_a_script_is_not_asked(server: Server, sit_down: SitDown, code: int, why: str) -> None:
    sitting = sit_down(interactive=False, password=None, tokens=Tokens("access", "refresh"))
    socket = await sitting.begin()
    server.refuse("POST /api/token/refresh/", 401, "token_invalid")
    await socket.close(code, bye=True)
    with pytest.raises(Failure, match=why):
        await sitting.ended()


async def test_a_script_ends_when_everything_is_stored(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down(interactive=False)
    sitting.console.type("/open 7", "one", "two")
    sitting.console.end()
    socket = await sitting.begin()
    await socket.ack(await socket.expect("message.send"), 3)
    command = await socket.expect("message.send")
    assert not sitting.task.done()
    socket.cut()
    again = await sitting.begin((7, 3, 4))
    assert await again.expect("message.send") == command
    await again.ack(command, 4)
    assert await sitting.ended() == 0


async def test_a_script_says_with_its_exit_code_that_a_line_was_not_done(sit_down: SitDown) -> None:
    sitting = sit_down(interactive=False)
    sitting.console.type("/open cake", "/quit")
    await sitting.begin()
    assert await sitting.ended() == 1


async def test_who_leaves_says_so_and_keeps_what_is_unsent(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await sitting.begin()
    await sitting.open()
    sitting.console.type("hello")
    await socket.expect("message.send")
    sitting.console.type("/quit")
    await sitting.console.expect("— 1 line is not sent yet, and kept until you come back")
    assert await sitting.ended() == 0
    assert server.called("POST /api/users/logout/")
