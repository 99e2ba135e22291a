"""What a person does to messages is sent, and what others do to them is shown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.client.peer import Server, Socket
from tests.client.server_frames import created
from tests.client.terminal.conftest import SitDown, Sitting

GRACE, LINUS = {"id": 4, "username": "grace"}, {"id": 5, "username": "linus"}
ADA = {"id": 3, "username": "ada"}


async def read_tea(server: Server, sitting: Sitting, *, read_seq: int | None = 0) -> Socket:
    """Open chat 7, where ada wrote the first message and grace the second."""
    server.reply("GET /api/chats/7/members/", 200, members(read_seq))
    page = [created(7, 2, "hers"), created(7, 1, "mine", sender=3)]
    server.reply("GET /api/chats/7/messages/", 200, {"results": page, "next": None})
    socket = await sitting.begin()
    await sitting.open()
    await sitting.console.expect("#2 grace: hers")
    return socket


def members(read_seq: int | None) -> dict[str, Any]:
    """List two, of whom grace has read so far."""
    return {"results": [ADA | {"read_seq": 2}, GRACE | {"read_seq": read_seq}], "next": None}


@pytest.mark.parametrize(
    ("line", "fields", "told"),
    [
        ("/edit my own", {"type": "message.edit", "seq": 1, "text": "my own"}, "ada changed #1: my own"),
        ("/edit #9 other", {"type": "message.edit", "seq": 9, "text": "other"}, "ada changed #9: other"),
        ("/delete #1", {"type": "message.delete", "seq": 1}, "ada deleted #1"),
        ("/reply #2 yes", {"type": "message.send", "reply_to": 2, "text": "yes"}, "#3 ada: (to #2 grace: hers) yes"),
        ("/react #2 👍", {"type": "reaction.set", "seq": 2, "emoji": "👍", "on": True}, "put 👍 on #2 (grace: hers)"),
        ("/react #2 ❤️ off", {"type": "reaction.set", "seq": 2, "emoji": "❤️", "on": False}, "took ❤️ off #2 (grace"),
    ],
)
async def test_a_command_is_one_write(
    server: Server, sit_down: SitDown, line: str, fields: dict[str, Any], told: str
) -> None:
    sitting = sit_down()
    socket = await read_tea(server, sitting)
    sitting.console.type(line)
    command = await socket.expect(fields["type"])
    assert {name: command[name] for name in fields} == fields
    await socket.ack(command, 3)
    assert (await sitting.console.expect(told)).startswith("✓ ")


async def test_the_deeds_of_others_are_shown_live(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await read_tea(server, sitting)
    await socket.send(created(7, 3, "hers, later", type="message.edited", target=2))
    await sitting.console.expect("· grace changed #2: hers, later")
    await socket.send(created(7, 4, type="reaction.set", target=1, emoji="🎉", on=True))
    await sitting.console.expect("· grace put 🎉 on #1 (ada: mine)")
    await socket.send(created(7, 5, "still", reply_to=2))
    await sitting.console.expect("#5 grace: (to #2 grace: hers, later) still")
    await socket.send(created(7, 6, type="message.deleted", target=2))
    await sitting.console.expect("· grace deleted #2")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("/edit", "! say more: /edit [#SEQ] TEXT"),
        ("/edit #1", "! like this: /edit [#SEQ] TEXT"),
        ("/delete 1", "! which message? /delete #SEQ"),
        ("/delete #1 please", "! like this: /delete #SEQ"),
        ("/reply yes", "! which message? /reply #SEQ TEXT"),
        ("/reply #2", "! like this: /reply #SEQ TEXT"),
        ("/react #2", "! like this: /react #SEQ EMOJI [off]"),
        ("/react #2 👍 on", "! like this: /react #SEQ EMOJI [off]"),
        ("/react 👍", "! which message? /react #SEQ EMOJI [off]"),
    ],
)
async def test_a_command_that_lacks_something_is_explained(
    server: Server, sit_down: SitDown, line: str, complaint: str
) -> None:
    sitting = sit_down()
    socket = await read_tea(server, sitting)
    sitting.console.type(line)
    await sitting.console.expect(complaint)
    assert socket.nothing()


@pytest.mark.parametrize(
    ("line", "refusal", "told"),
    [
        ("hi", {"status": 403, "code": "forbidden"}, "not sent: hi (one of you blocks the other)"),
        ("/react #2 👍", {"status": 403, "code": "forbidden"}, "👍 on #2 (one of you blocks the other)"),
        ("/react #2 yes", {"status": 400, "code": "bad_frame", "field": "emoji"}, "yes on #2 (this is not one emoji)"),
        ("/delete #2", {"status": 403, "code": "forbidden"}, "delete #2 (you may not delete this message)"),
        ("/edit #2 x", {"status": 403, "code": "forbidden", "detail": "Only its sender."}, "#2: x (Only its sender)"),
        ("/edit #1 x", {"status": 400, "code": "bad_frame", "field": "text"}, "#1: x (the text is too long, or"),
        ("/reply #9 x", {"status": 404, "code": "message_not_found"}, "not sent: (to #9) x (message not found)"),
    ],
)
async def test_a_refusal_is_told_in_words(
    server: Server, sit_down: SitDown, line: str, refusal: dict[str, Any], told: str
) -> None:
    sitting = sit_down()
    socket = await read_tea(server, sitting)
    sitting.console.type(line)
    await sitting.console.expect_live(lambda live: bool(live.lines))
    await socket.refuse(await socket.next(), **refusal)
    assert (await sitting.console.expect(told)).startswith("✗ not ")


async def test_a_reaction_that_was_there_is_told(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await read_tea(server, sitting)
    sitting.console.type("/react #2 👍")
    command = await socket.expect("reaction.set")
    noop = {"type": "ack", "id": command["id"], "chat": 7, "status": 200, "noop": True}
    await socket.send(noop)
    await sitting.console.expect("✓ put 👍 on #2  (it was so already)")


async def test_the_last_message_is_not_changed_before_it_is_stored(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    socket = await read_tea(server, sitting)
    sitting.console.type("helo", "/edit hello")
    command = await socket.expect("message.send")
    await sitting.console.expect("! your last message is not stored yet; /edit #SEQ TEXT")
    await socket.ack(command, 3)
    await sitting.console.expect("#3 ada: helo")
    sitting.console.type("/edit hello")
    assert (await socket.expect("message.edit"))["seq"] == 3


async def test_a_script_changes_its_last_message_once_it_is_stored(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down(interactive=False)
    sitting.console.type("/open 7", "helo", "/edit hello")
    sitting.console.end()
    socket = await sitting.begin()
    await socket.ack(await socket.expect("message.send"), 3)
    edit = await socket.expect("message.edit")
    assert edit["seq"] == 3
    await socket.ack(edit, 4)
    assert await sitting.ended() == 0


async def test_who_wrote_nothing_has_nothing_to_change(sit_down: SitDown) -> None:
    sitting = sit_down()
    await sitting.begin()
    await sitting.open()
    sitting.console.type("/edit hello")
    await sitting.console.expect("! no message of yours stands here; /edit #SEQ TEXT changes one further up")


async def test_who_has_read_is_known_when_a_chat_is_opened(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    server.reply("GET /api/chats/7/members/", 200, members(1))
    page = {"results": [created(7, 1, "mine", sender=3)], "next": None}
    server.reply("GET /api/chats/7/messages/", 200, page)
    await sitting.begin((7, 1, 2))
    await sitting.open()
    await sitting.console.expect_live(lambda live: live.lines == ("    read by grace",))


async def test_who_has_read_meanwhile_is_known_when_the_connection_is_back(server: Server, sit_down: SitDown) -> None:
    sitting = sit_down()
    server.reply("GET /api/chats/7/members/", 200, members(0))
    page = {"results": [created(7, 1, "mine", sender=3)], "next": None}
    server.reply("GET /api/chats/7/messages/", 200, page)
    socket = await sitting.begin((7, 1, 2))
    await sitting.open()
    await sitting.console.expect("mine")
    server.reply("GET /api/chats/7/members/", 200, members(1))
    socket.cut()
    await sitting.begin((7, 1, 2))
    await sitting.console.expect_live(lambda live: live.lines == ("    read by grace",))


@pytest.mark.parametrize(
    ("read_seq", "told"),
    [(2, "  grace (has read up to #2)"), (0, "  grace (has read nothing)"), (None, "  grace")],
)
async def test_members_are_shown_with_how_far_they_have_read(
    server: Server, sit_down: SitDown, read_seq: int | None, told: str
) -> None:
    sitting = sit_down()
    socket = await read_tea(server, sitting)
    server.reply("GET /api/chats/7/members/", 200, members(read_seq))
    sitting.console.type("/members")
    watched = await socket.expect("presence.watch")
    await socket.send({"type": "ack", "id": watched["id"], "status": 200, "states": []})
    assert await sitting.console.expect("  grace") == told
