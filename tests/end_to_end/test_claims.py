"""`is_ws_connected` and the ticket's 409, whatever ended the connection or the handshake (protocol C8, §6)."""

from __future__ import annotations

import asyncio

import pytest

from client import Connection, HandshakeRefused, TransportError
from messaging.database import run_in_thread
from tests.end_to_end.claims import FAST, expect_beats, expect_claimed, expect_freed, holder_of, is_connected, until
from tests.proxy import Proxy
from tests.server import database_url
from tests.servers import on_each_server

pytestmark = pytest.mark.services


async def test_a_socket_that_was_closed_frees_its_user(start_server, enrol):
    server = await start_server(**FAST)
    [ann] = await enrol(server, "ann")
    talk = await ann.join()
    await expect_claimed(ann, talk.ready["connection"])
    await talk.connection.close()
    await expect_freed(ann)


@on_each_server
async def test_a_connection_that_was_cut_frees_its_user(start_server, enrol):
    server = await start_server(**FAST)
    [ann] = await enrol(server, "ann")
    async with Proxy("127.0.0.1", server.port) as network:
        talk = await ann.through(network).join()
        await expect_claimed(ann, talk.ready["connection"])
        network.cut()
        await expect_freed(ann)


async def test_a_peer_that_vanished_without_a_word_frees_its_user(start_server, enrol):
    server = await start_server("--ping-interval", "1", "--ping-timeout", "1", **FAST)
    [ann] = await enrol(server, "ann")
    async with Proxy("127.0.0.1", server.port) as network:
        talk = await ann.through(network).join()
        network.stall()
        await expect_claimed(ann, talk.ready["connection"])
        await expect_freed(ann)


async def test_a_killed_server_is_swept_by_another_and_frees_its_users(start_server, enrol):
    doomed, other = await start_server(**FAST), await start_server(**FAST)
    [ann] = await enrol(doomed, "ann")
    talk = await ann.join()
    await doomed.kill()
    ann = ann.at(other)
    await expect_claimed(ann, talk.ready["connection"])
    await expect_freed(ann)
    assert "Swept 1 dead" in other.log()


async def test_a_stopped_server_frees_its_users_before_it_is_gone(start_server, enrol):
    stopped, other = await start_server(**FAST), await start_server(**FAST)
    [ann] = await enrol(stopped, "ann")
    await ann.join()
    await stopped.stop()
    assert await run_in_thread(holder_of, ann) is None
    await ann.at(other).join(device="another")


async def test_a_handshake_given_up_while_its_claim_was_under_way_frees_its_user(database_proxy, start_server, enrol):
    server = await start_server(**FAST, DATABASE_URL=database_url(database_proxy))
    [ann] = await enrol(server, "ann")
    ticket = await ann.rest.ticket("phone")
    database_proxy.stall()
    with pytest.raises(TransportError):
        await Connection.open(server.url, path=ticket.path, token=ann.rest.access, open_seconds=0.3)
    database_proxy.heal()
    await expect_beats(2)
    await expect_freed(ann)


async def test_a_claim_that_was_taken_and_whose_answer_was_lost_frees_its_user(database_proxy, start_server, enrol):
    server = await start_server(**FAST, DATABASE_URL=database_url(database_proxy))
    [ann] = await enrol(server, "ann")
    ticket = await ann.rest.ticket("phone")
    database_proxy.delay(0.5)
    opening = asyncio.ensure_future(ann.enter(ticket.path))
    await until(lambda: is_connected(ann))
    database_proxy.cut()
    with pytest.raises(HandshakeRefused):
        await opening
    database_proxy.heal()
    await expect_freed(ann)


@on_each_server
async def test_an_accept_that_nobody_got_frees_its_user(start_server, enrol):
    server = await start_server(**FAST)
    [ann] = await enrol(server, "ann")
    for wait in (0.0, 0.001, 0.002, 0.004, 0.008, 0.016):
        ticket = await ann.rest.ticket("phone")
        async with Proxy("127.0.0.1", server.port) as network:
            opening = asyncio.ensure_future(
                Connection.open(f"http://127.0.0.1:{network.port}", path=ticket.path, token=ann.rest.access)
            )
            await asyncio.sleep(wait)  # so that the reset comes before, within and after the claim
            network.cut()
            await asyncio.wait([opening])
            if opening.exception() is None:
                await opening.result().close()
    await expect_freed(ann)


async def test_the_clean_up_of_an_old_connection_leaves_the_claim_of_the_one_that_replaced_it(start_server, enrol):
    old_server, other = await start_server(**FAST), await start_server(**FAST)
    [ann] = await enrol(old_server, "ann")
    old = await ann.join()
    there = ann.at(other)
    talk = await there.join()
    await old.expect_close(4409)
    await old_server.stop()  # all that its connections left behind is done then
    await expect_claimed(there, talk.ready["connection"])
    await talk.expect_ack(await talk.send("ping"))
