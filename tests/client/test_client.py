"""What an application sees: changes in order, answers, a state, and a clean end."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

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
    Settled,
    Signal,
    State,
    Stopped,
)
from tests.client.application import sending, take
from tests.client.conftest import SWIFT, MakeClient
from tests.client.peer import PATIENCE, Server
from tests.client.server_frames import created


async def test_changes_come_in_order(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.welcomed()
    await socket.send(created(7, 1))
    await socket.send({"type": "typing", "chat": 7, "user": 4, "on": True})
    changes: list[Change] = []
    while not changes or not isinstance(changes[-1], Signal):
        changes.append(await asyncio.wait_for(client.events().get(), PATIENCE))
    kinds = [change.phase if isinstance(change, State) else type(change) for change in changes]
    assert kinds == [Phase.CONNECTING, Ready, Phase.CONNECTED, CaughtUp, Phase.LIVE, Applied, Signal]


async def test_a_command_that_is_no_write_is_answered_once(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.welcomed()
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
    socket = await server.welcomed()
    await client.caught_up()
    task = asyncio.create_task(client.request({"type": "ping", "id": "p"}))
    await socket.expect("ping")
    socket.cut()
    with pytest.raises(ConnectionEnded):
        await task


async def test_signals_are_sent_without_an_id(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.welcomed()
    await client.caught_up()
    await client.typing(7)
    await client.mark_read(7, 3)
    assert await socket.expect("typing") == {"type": "typing", "chat": 7, "on": True}
    assert await socket.expect("read") == {"type": "read", "chat": 7, "seq": 3}


async def test_an_application_that_lags_behind_stops_the_reading(server: Server, make_client: MakeClient) -> None:
    client = make_client(options=replace(SWIFT, feed_limit=3))
    socket = await server.welcomed()
    [task] = sending(client, "a")
    assert (await take(client, Ready)).frame["user"] == 3
    await socket.ack(await socket.expect("message.send"), 1)
    await take(client, Settled)
    assert (await task).seq == 1


async def test_an_application_that_reads_no_events_is_not_kept_waiting(server: Server, make_client: MakeClient) -> None:
    client = make_client(options=replace(SWIFT, feed_limit=0))
    socket = await server.welcomed()
    for seq in range(1, 4):
        await socket.send(created(7, seq))
    [task] = sending(client, "a")
    await socket.ack(await socket.expect("message.send"), 4)
    assert (await task).seq == 4
    await client.close()
    assert [change async for change in client.events()] == []


async def test_closing_says_good_bye_and_ends_the_events(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.welcomed()
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
        await server.welcomed((7, 44, 45))
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
    socket = await server.welcomed()
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
            socket = await server.welcomed()
    assert (await take(client, Signal)).frame == {"type": "presence", **state}
