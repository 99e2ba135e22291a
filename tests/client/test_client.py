"""What an application sees: writes that survive, changes in order, a state, and a clean end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from client import (
    Applied,
    CaughtUp,
    Change,
    Client,
    ClientClosed,
    CommandRefused,
    ConnectionEnded,
    Phase,
    Ready,
    Sent,
    Settled,
    Signal,
    State,
    Stopped,
)
from tests.client.conftest import SWIFT, MakeClient
from tests.client.peer import PATIENCE, Server, Socket
from tests.client.server_frames import AT, created

C = TypeVar("C", bound=Change)


async def welcomed(server: Server, *chats: tuple[int, int, int]) -> Socket:
    """Return the next socket, in these chats or in chat 7."""
    socket = await server.socket()
    await socket.welcome(*(chats or ((7, 0, 1),)))
    return socket


async def take(client: Client, kind: type[C]) -> C:
    """Take changes until one is of this kind."""
    while not isinstance(change := await asyncio.wait_for(client.events().get(), PATIENCE), kind):
        pass
    return change


def sending(client: Client, *texts: str, chat: int = 7) -> list[asyncio.Task[Sent]]:
    """Send texts in the background, in this order."""
    return [asyncio.create_task(client.send(chat, text, id=text)) for text in texts]


async def test_a_message_is_sent_and_has_its_place(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await welcomed(server)
    [task] = sending(client, "hi")
    command = await socket.expect("message.send")
    assert command == {"type": "message.send", "id": "hi", "chat": 7, "text": "hi"}
    await socket.ack(command, 1)
    assert await task == Sent(1, AT)
    assert client.chats == {7: 1}
    assert (await take(client, Applied)).own


async def test_writes_of_a_chat_wait_for_each_other(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await welcomed(server)
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
        socket = await welcomed(server)
        assert (await socket.expect("message.send"))["id"] == "a"
        socket.cut()
    socket = await welcomed(server, (7, 1, 2))
    await socket.ack(await socket.expect("message.send"), 1, duplicate=True)
    await socket.ack(await socket.expect("message.send"), 2)
    assert [await task for task in tasks] == [Sent(1, AT, duplicate=True), Sent(2, AT)]


async def test_a_refused_write_raises_and_the_next_one_goes(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await welcomed(server)
    first, second = sending(client, "a", "b")
    await socket.refuse(await socket.expect("message.send"), 403, "not_a_member")
    with pytest.raises(CommandRefused, match="not_a_member"):
        await first
    await socket.ack(await socket.expect("message.send"), 1)
    assert (await second).seq == 1


async def test_a_write_refused_for_now_is_sent_again_before_later_ones(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await welcomed(server)
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
    socket = await welcomed(server)
    await socket.expect("message.send")
    await socket.closed()
    socket = await welcomed(server)
    await socket.ack(await socket.expect("message.send"), 1)
    assert (await task).seq == 1


async def test_giving_up_the_wait_does_not_take_the_write_back(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.send(7, "a", id="a"), 0.01)
    assert [write["id"] for write in client.unsettled] == ["a"]
    socket = await welcomed(server)
    await socket.ack(await socket.expect("message.send"), 1)
    assert (await take(client, Settled)).command["id"] == "a"
    assert client.unsettled == []


async def test_an_ack_beyond_the_stream_settles_the_write_and_ends_the_connection(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client()
    socket = await welcomed(server)
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
    socket = await welcomed(server)
    task = asyncio.create_task(write(client))
    command = await socket.expect(fields["type"])
    assert command == fields | {"chat": 7, "id": command["id"]}
    await socket.ack(command, 1)
    assert await task == Sent(1, AT)


async def test_a_reaction_that_changes_nothing_has_no_place(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await welcomed(server)
    task = asyncio.create_task(client.react(7, 3, "👍"))
    command = await socket.expect("reaction.set")
    await socket.send({"type": "ack", "id": command["id"], "chat": 7, "status": 200, "noop": True})
    assert await task is None
    assert client.chats == {7: 0}


async def test_changes_come_in_order(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await welcomed(server)
    await socket.send(created(7, 1))
    await socket.send({"type": "typing", "chat": 7, "user": 4, "on": True})
    changes: list[Change] = []
    while not changes or not isinstance(changes[-1], Signal):
        changes.append(await asyncio.wait_for(client.events().get(), PATIENCE))
    kinds = [change.phase if isinstance(change, State) else type(change) for change in changes]
    assert kinds == [Phase.CONNECTING, Ready, Phase.CONNECTED, CaughtUp, Phase.LIVE, Applied, Signal]


async def test_a_command_that_is_no_write_is_answered_once(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await welcomed(server)
    await client.caught_up()
    task = asyncio.create_task(client.request({"type": "sync", "id": "s", "chat": 7, "after": 0, "limit": 10}))
    command = await socket.expect("sync")
    answer = {"type": "ack", "id": "s", "chat": 7, "status": 200, "events": [], "head": 0, "more": False}
    await socket.send(answer)
    assert await task == answer
    task = asyncio.create_task(client.request(command))
    await socket.refuse(await socket.expect("sync"), 400, "unknown_type")
    with pytest.raises(CommandRefused, match="unknown_type"):
        await task


async def test_a_command_that_is_no_write_does_not_survive(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    with pytest.raises(ConnectionEnded):
        await client.typing(7)
    socket = await welcomed(server)
    await client.caught_up()
    task = asyncio.create_task(client.request({"type": "ping", "id": "p"}))
    await socket.expect("ping")
    socket.cut()
    with pytest.raises(ConnectionEnded):
        await task


async def test_signals_are_sent_without_an_id(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await welcomed(server)
    await client.caught_up()
    await client.typing(7)
    await client.mark_read(7, 3)
    assert await socket.expect("typing") == {"type": "typing", "chat": 7, "on": True}
    assert await socket.expect("read") == {"type": "read", "chat": 7, "seq": 3}


async def test_an_application_that_lags_behind_stops_the_reading(server: Server, make_client: MakeClient) -> None:
    client = make_client(options=replace(SWIFT, feed_limit=3))
    socket = await welcomed(server)
    [task] = sending(client, "a")
    assert (await take(client, Ready)).frame["user"] == 3
    await socket.ack(await socket.expect("message.send"), 1)
    await take(client, Settled)
    assert (await task).seq == 1


async def test_an_application_that_reads_no_events_is_not_kept_waiting(server: Server, make_client: MakeClient) -> None:
    client = make_client(options=replace(SWIFT, feed_limit=0))
    socket = await welcomed(server)
    for seq in range(1, 4):
        await socket.send(created(7, seq))
    [task] = sending(client, "a")
    await socket.ack(await socket.expect("message.send"), 4)
    assert (await task).seq == 4
    await client.close()
    assert [change async for change in client.events()] == []


async def test_closing_says_good_bye_and_ends_the_events(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await welcomed(server)
    await client.caught_up()
    [task] = sending(client, "a")
    await socket.expect("message.send")
    await client.close()
    assert await socket.closed() == 1000
    with pytest.raises(ClientClosed):
        await task
    assert [change async for change in client.events()][-1] == State(Phase.CLOSED)
    await client.close()


async def test_a_closed_client_does_nothing_more(make_client: MakeClient) -> None:
    client = make_client(start=False)
    await client.close()
    for call in (client.start, client.reconnect):
        with pytest.raises(ClientClosed):
            call()
    with pytest.raises(ClientClosed):
        await client.send(7, "a")
    with pytest.raises(ClientClosed):
        await client.connected()


@pytest.mark.parametrize("route", ["POST /api/token/", "GET /api/ws-ticket/", "GET /ws/"])
async def test_closing_ends_an_attempt_that_hangs(server: Server, make_client: MakeClient, route: str) -> None:
    hanging = server.reply(route, 200, held=True)
    client = make_client()
    await hanging.asked.wait()
    await client.close()
    assert client.state == State(Phase.CLOSED)


async def test_nothing_is_left_running(server: Server) -> None:
    before = asyncio.all_tasks()
    async with Client(server.base_url, "ada", "secret", options=SWIFT) as client:
        await welcomed(server, (7, 44, 45))
        await client.caught_up()
    left = {getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks() - before}
    assert left <= {"serving.<locals>.handle"}  # the other side


async def test_an_error_of_ours_stops_the_client_and_is_told(
    server: Server, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    class FullDisk:
        def load(self) -> None:
            return None

        def save(self, replica: object, changes: object) -> None:
            if changes:
                raise OSError("no space left")

    client = make_client(store=FullDisk())
    with caplog.at_level(logging.CRITICAL, "client"):
        await (await server.socket()).welcome()
        with pytest.raises(Stopped, match="no space left"):
            await asyncio.wait_for(client.run(), PATIENCE)


async def test_whoever_is_watched_is_watched_on_the_next_connection_too(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client()
    socket = await welcomed(server)
    await client.caught_up()
    watching = asyncio.create_task(client.watch_presence([4, 5]))
    state = {"user": 4, "online": True, "last_seen_at": None}
    for connection in range(2):
        command = await socket.expect("presence.watch")
        assert command["users"] == [4, 5]
        await socket.send({"type": "ack", "id": command["id"], "status": 200, "states": [state]})
        if connection == 0:
            assert await watching == [state]
            socket.cut()
            socket = await welcomed(server)
    assert (await take(client, Signal)).frame == {"type": "presence", **state}
