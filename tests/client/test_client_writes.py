"""Writes survive, wait for each other, and are answered once: with a place in the chat, or with a refusal."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from client import Applied, CommandRefused, Sent, Settled
from tests.client.application import sending, take
from tests.client.conftest import SWIFT, MakeClient
from tests.client.peer import Server
from tests.client.server_frames import AT


async def test_a_message_is_sent_and_has_its_place(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.welcomed()
    [task] = sending(client, "hi")
    command = await socket.expect("message.send")
    assert command == {"type": "message.send", "id": "hi", "chat": 7, "text": "hi"}
    await socket.ack(command, 1)
    assert await task == Sent(1, AT)
    assert client.chats == {7: 1}
    assert (await take(client, Applied)).own


async def test_writes_of_a_chat_wait_for_each_other(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.welcomed()
    tasks = sending(client, "a", "b", "c")
    for seq, text in enumerate("abc", start=1):
        command = await socket.expect("message.send")
        assert (command["id"], socket.nothing()) == (text, True)
        await socket.ack(command, seq)
    assert [(await task).seq for task in tasks] == [1, 2, 3]


async def test_a_write_survives_lost_connections_with_its_id(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    tasks = sending(client, "a", "b")
    for _ in range(3):
        socket = await server.welcomed()
        assert (await socket.expect("message.send"))["id"] == "a"
        socket.cut()
    socket = await server.welcomed((7, 1, 2))
    await socket.ack(await socket.expect("message.send"), 1, duplicate=True)
    await socket.ack(await socket.expect("message.send"), 2)
    assert [await task for task in tasks] == [Sent(1, AT, duplicate=True), Sent(2, AT)]


async def test_a_refused_write_raises_and_the_next_one_goes(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.welcomed()
    first, second = sending(client, "a", "b")
    await socket.refuse(await socket.expect("message.send"), 403, "not_a_member")
    with pytest.raises(CommandRefused, match="not_a_member"):
        await first
    await socket.ack(await socket.expect("message.send"), 1)
    assert (await second).seq == 1


async def test_a_write_refused_for_now_is_sent_again_before_later_ones(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.welcomed()
    first, second = sending(client, "a", "b")
    for status, code in ((503, "unavailable"), (429, "rate_limited"), (500, "internal")):
        command = await socket.expect("message.send")
        assert command["id"] == "a"
        await socket.refuse(command, status, code, retry_after=0.01)
    await socket.ack(await socket.expect("message.send"), 1)
    await socket.ack(await socket.expect("message.send"), 2)
    assert [(await first).seq, (await second).seq] == [1, 2]


async def test_a_write_nobody_answers_ends_the_connection(server: Server, make_client: MakeClient) -> None:
    client = make_client(options=replace(SWIFT, answer_seconds=0.05))
    [task] = sending(client, "a")
    socket = await server.welcomed()
    await socket.expect("message.send")
    await socket.closed()
    socket = await server.welcomed()
    await socket.ack(await socket.expect("message.send"), 1)
    assert (await task).seq == 1


async def test_giving_up_the_wait_does_not_take_the_write_back(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.send(7, "a", id="a"), 0.01)
    assert [write["id"] for write in client.unsettled] == ["a"]
    socket = await server.welcomed()
    await socket.ack(await socket.expect("message.send"), 1)
    assert (await take(client, Settled)).command["id"] == "a"
    assert client.unsettled == []


async def test_an_ack_beyond_the_stream_settles_the_write_and_ends_the_connection(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client()
    socket = await server.welcomed()
    [task] = sending(client, "a")
    await socket.ack(await socket.expect("message.send"), 9)
    assert (await task).seq == 9
    hello = await (await server.socket()).welcome((7, 9, 1))
    assert hello["resume"] == {"7": 0}


WRITES = [
    (lambda client: client.edit(7, 3, "b"), {"type": "message.edit", "seq": 3, "text": "b"}),
    (lambda client: client.delete(7, 3), {"type": "message.delete", "seq": 3}),
    (lambda client: client.react(7, 3, "👍"), {"type": "reaction.set", "seq": 3, "emoji": "👍", "on": True}),
]


@pytest.mark.parametrize(("write", "fields"), WRITES)
async def test_every_kind_of_write_goes_through_the_outbox(
    server: Server, make_client: MakeClient, write: Any, fields: dict[str, Any]
) -> None:
    client = make_client()
    socket = await server.welcomed()
    task = asyncio.create_task(write(client))
    command = await socket.expect(fields["type"])
    assert command == fields | {"chat": 7, "id": command["id"]}
    await socket.ack(command, 1)
    assert await task == Sent(1, AT)


async def test_a_reaction_that_changes_nothing_has_no_place(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.welcomed()
    task = asyncio.create_task(client.react(7, 3, "👍"))
    command = await socket.expect("reaction.set")
    await socket.send({"type": "ack", "id": command["id"], "chat": 7, "status": 200, "noop": True})
    assert await task is None
    assert client.chats == {7: 0}
