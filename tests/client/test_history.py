"""Reading history over REST for the chats that had to be forgotten."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from client import Change, Client, Dropped, Forgotten, History
from tests.client.conftest import SWIFT, MakeClient
from tests.client.peer import PATIENCE, Server
from tests.client.server_frames import AT, created

MESSAGES = "GET /api/chats/7/messages/"
REMOVED = {"type": "member.removed", "chat": 7, "seq": 45, "at": AT, "sender": 4, "user": 3}


async def until_history(client: Client) -> list[Change]:
    """Take the changes about chats, up to a page of history."""
    changes: list[Change] = []
    while not changes or not isinstance(changes[-1], History):
        change = await asyncio.wait_for(client.events().get(), PATIENCE)
        if isinstance(change, Forgotten | Dropped | History):
            changes.append(change)
    return changes


def page(text: str, *, more: bool = False) -> dict[str, Any]:
    """Make a page of one message."""
    return {"results": [created(7, 44, text)], "next": "http://x/?before=44" if more else None}


async def test_a_forgotten_chat_is_read_from_where_its_stream_begins(server: Server, make_client: MakeClient) -> None:
    server.reply(MESSAGES, 200, page("old", more=True))
    client = make_client()
    await (await server.socket()).welcome((7, 44, 45))
    assert await until_history(client) == [Forgotten(7, 45), History(7, 45, [created(7, 44, "old")], more=True)]
    [call] = server.called(MESSAGES)
    assert call.query == {"before": "45", "limit": "50"}
    assert call.headers["authorization"] == "Bearer access-1"


async def test_a_chat_that_begins_at_one_has_no_history(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.socket()
    await socket.welcome()
    await socket.send({"type": "chat.joined", "chat": 7, "head": 0, "from": 1})
    await socket.send({"type": "chat.joined", "chat": 8, "head": 9, "from": 9})
    assert await until_history(client) == [Forgotten(7, 1), Forgotten(8, 9), History(8, 9, [], more=False)]
    assert server.called(MESSAGES) == []


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_failed_reading_is_tried_again(server: Server, make_client: MakeClient, status: int) -> None:
    for _ in range(2):
        server.reply(MESSAGES, status, "<html>")
    client = make_client()
    await (await server.socket()).welcome((7, 44, 45))
    await until_history(client)
    assert len(server.called(MESSAGES)) == 3


async def test_a_chat_that_may_not_be_read_does_not_hold_the_others(server: Server, make_client: MakeClient) -> None:
    server.refuse(MESSAGES, 403, "not_a_member")
    client = make_client()
    await (await server.socket()).welcome((7, 44, 45), (8, 3, 4))
    assert await until_history(client) == [Forgotten(7, 45), Forgotten(8, 4), History(8, 4, [], more=False)]


async def test_what_was_read_before_the_chat_was_forgotten_again_does_not_count(
    server: Server, make_client: MakeClient
) -> None:
    slow = server.reply(MESSAGES, 200, page("of the old epoch"), held=True)
    server.reply(MESSAGES, 200, page("of the new epoch"))
    client = make_client()
    socket = await server.socket()
    await socket.welcome((7, 44, 45))
    await slow.asked.wait()
    socket.cut()
    chats = [{"chat": 7, "head": 44, "from": 45, "reset": True}]
    await (await server.socket()).welcome(epoch="e2", chats=chats)
    await client.caught_up()
    slow.gate.set()
    changes = await until_history(client)
    assert changes[-1] == History(7, 45, [created(7, 44, "of the new epoch")], more=False)


async def test_a_chat_that_was_dropped_gets_no_history(server: Server, make_client: MakeClient) -> None:
    slow = server.reply(MESSAGES, 200, page("theirs"), held=True)
    client = make_client()
    socket = await server.socket()
    await socket.welcome((7, 44, 45), (8, 3, 4))
    await slow.asked.wait()
    await socket.send(REMOVED)
    await socket.send({"type": "app.seen"})
    while client.chats.keys() != {8}:
        await client.events().get()
    slow.gate.set()
    assert (await until_history(client))[-1] == History(8, 4, [], more=False)


async def test_an_application_may_read_for_itself(server: Server, make_client: MakeClient) -> None:
    client = make_client(options=replace(SWIFT, history_page=0))
    socket = await server.socket()
    await socket.welcome((7, 44, 45))
    await client.caught_up()
    assert (await client.rest.messages(7, before=45)).results == []
    assert len(server.called(MESSAGES)) == 1
