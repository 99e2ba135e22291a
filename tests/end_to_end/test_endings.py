"""What ends a server, a socket or a client, and that nothing is lost by it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from django.db import OperationalError

from client import Applied, Client, Phase, RestError
from messaging.database import fetch, run_in_thread
from messaging.models import Connection, Event, User
from tests.server import PASSWORD
from tests.servers import on_each_server

pytestmark = pytest.mark.services


async def _texts(chat: int) -> list[str]:
    return await run_in_thread(lambda: [event.text for event in Event.objects.filter(chat=chat).order_by("seq")])


async def test_a_server_killed_in_mid_send_loses_and_doubles_nothing(server, sign_up):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    texts = [f"{n}" for n in range(60)]
    async with Client(server.url, "ann", PASSWORD) as one, Client(server.url, "bob", PASSWORD) as two:
        await asyncio.gather(one.caught_up(), two.caught_up())
        events = two.events()
        sending = asyncio.gather(*(one.send(chat, text) for text in texts))
        await asyncio.sleep(0.05)
        await server.kill()
        await server.start()
        sent = await asyncio.wait_for(sending, 50)
        heard = []
        async for change in events:
            if isinstance(change, Applied) and change.event["type"] == "message.created":
                heard.append(change.event["text"])
                if len(heard) == len(texts):
                    break
    assert await _texts(chat) == texts == heard
    assert [each.seq for each in sent] == list(range(1, 61))


async def test_a_server_that_is_told_to_stop_says_bye_and_frees_its_users(start_server, sign_up):
    server = await start_server()
    ann, bob = await sign_up(server, "ann", "bob")
    one, two = await ann.join(), await bob.join()
    stopping = asyncio.ensure_future(server.stop())
    for talk in (one, two):
        bye = await talk.expect_close(4100)
        assert bye["retry_after"] > 0
    await stopping
    assert await Connection.objects.acount() == 0


@on_each_server
async def test_a_server_stopped_right_after_a_connect_ends_well(start_server, sign_up):
    server = await start_server()
    [ann] = await sign_up(server, "ann")
    talk = await ann.connect()
    await server.stop()
    await talk.expect_close(4100)


async def test_the_users_of_a_killed_server_are_free_after_the_sweep(start_server, sign_up):
    waits = {"BEAT_SECONDS": "0.1", "SWEEP_SECONDS": "0.1", "NODE_SILENCE_SECONDS": "0.5"}
    doomed, other = await start_server(**waits), await start_server(**waits)
    [ann] = await sign_up(doomed, "ann")
    await ann.join()
    user = await User.objects.aget(pk=ann.id)
    assert await run_in_thread(lambda: user.is_ws_connected)
    await doomed.kill()
    async with asyncio.timeout(10):
        # Another process sweeps: nothing tells this one.
        while await run_in_thread(lambda: user.is_ws_connected):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert "Swept 1 dead" in other.log()


async def test_a_second_device_is_refused_until_its_user_says_take(server, sign_up):
    [ann] = await sign_up(server, "ann")
    first = await ann.join(device="phone")
    with pytest.raises(Exception, match="already_connected"):
        await ann.connect(device="tablet")
    await ann.join(device="tablet", take=True)
    await first.expect_close(4409)


async def test_changing_the_password_ends_the_socket_and_the_tokens(server, sign_up):
    [ann] = await sign_up(server, "ann")
    talk = await ann.join()
    await ann.rest.change_password(PASSWORD, "another " + PASSWORD)
    await talk.expect_close(4302)
    with pytest.raises(Exception, match="401"):
        await ann.rest.me()


@on_each_server
async def test_a_phone_that_lost_its_network_takes_its_own_place(server, sign_up):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    first = await ann.join()
    again = await ann.join(resume={chat: 0}, epoch=first.ready["epoch"])
    await first.expect_close(4409)
    await again.expect_ack(await again.say(chat, "back"), seq=1)


async def test_the_reference_client_keeps_its_socket_when_its_token_ends(start_server, sign_up):
    server = await start_server(ACCESS_TOKEN_SECONDS="3", TOKEN_LEEWAY_SECONDS="0.1", TOKEN_CLOSE_SECONDS="0.2")
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await bob.rest.create_chat("private", [ann.id])).id
    async with Client(server.url, "ann", PASSWORD) as one:
        await one.caught_up()
        await asyncio.sleep(4)  # the token's life
        assert one.state.phase is Phase.LIVE
        assert (await one.send(chat, "alive")).seq == 1
    assert "Handshake" not in server.log()


async def test_a_database_that_cut_every_connection_costs_a_retry_and_no_message(server, sign_up):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    async with Client(server.url, "ann", PASSWORD) as one:
        await one.caught_up()
        await asyncio.gather(*(ann.rest.chats() for _ in range(20)))  # so that there are connections to lose
        others = "FROM pg_stat_activity WHERE application_name = 'onesocket' AND pid <> pg_backend_pid()"
        await run_in_thread(fetch, f"SELECT count(pg_terminate_backend(pid)) {others}", [])
        with suppress(OperationalError):  # our own went too
            await run_in_thread(fetch, "SELECT 1", [])
        texts = [f"{n}" for n in range(20)]
        await asyncio.wait_for(asyncio.gather(*(one.send(chat, text) for text in texts)), 20)
    assert await _texts(chat) == texts
    async with asyncio.timeout(10):
        while True:
            with suppress(RestError):
                await asyncio.gather(*(ann.rest.chats() for _ in range(20)))
                break
