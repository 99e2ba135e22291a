"""A process that is told to stop: balancers and clients are told, what it has read is answered, and nothing is missed."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from messaging.database import run_in_thread
from messaging.models import Connection, Event, Node
from tests.proxy import Proxy
from tests.server import Server, database_url
from tests.servers import on_each_server

pytestmark = pytest.mark.services


@pytest.fixture
async def proxy(transactional_db: None) -> AsyncIterator[Proxy]:
    """Yield what stands between the servers of a test and their database."""
    upstream = urlsplit(database_url())
    assert upstream.hostname
    assert upstream.port
    async with Proxy(upstream.hostname, upstream.port) as made:
        yield made


def through(proxy: Proxy) -> str:
    """Return the address of the test's database by way of a proxy."""
    upstream = urlsplit(database_url())
    return upstream._replace(netloc=upstream.netloc.replace(f":{upstream.port}", f":{proxy.port}")).geturl()


async def ask_ready(server: Server) -> tuple[int, list[str]]:
    """Return status and reasons of `/readyz`."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"{server.url}/readyz")
    return answer.status_code, answer.json().get("reasons", [])


@on_each_server
async def test_what_was_read_is_answered_before_the_goodbye(server, sign_up):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one = await ann.join()
    ids = [await one.say(chat, f"{n}") for n in range(20)]
    await one.expect_ack(ids[0], seq=1)
    stopping = asyncio.ensure_future(server.stop())
    acked = [(await one.expect("ack", id=id))["seq"] for id in ids[1:]]
    await one.expect_close(4100)
    await stopping
    assert acked == list(range(2, 21))


@on_each_server
async def test_a_draining_process_says_so_and_takes_nobody(start_server, sign_up, proxy):
    server = await start_server(DATABASE_URL=through(proxy), DRAIN_SECONDS="3")
    [ann] = await sign_up(server, "ann")
    chat = (await ann.rest.create_chat("group", [], title="x")).id
    talk = await ann.join()
    assert await ask_ready(server) == (200, [])
    proxy.stall()
    id = await talk.say(chat)
    stopping = asyncio.ensure_future(server.stop())
    async with asyncio.timeout(5):
        while await ask_ready(server) != (503, ["draining"]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    proxy.heal()
    await talk.expect_ack(id, seq=1)
    await talk.expect_close(4100)
    await stopping
    assert await run_in_thread(Event.objects.count) == 1
    assert not await run_in_thread(lambda: Node.objects.exists() or Connection.objects.exists())


@on_each_server
async def test_a_process_whose_database_is_away_ends_well_all_the_same(start_server, sign_up, proxy):
    server = await start_server(DATABASE_URL=through(proxy), DRAIN_SECONDS="2")
    [ann] = await sign_up(server, "ann")
    chat = (await ann.rest.create_chat("group", [], title="x")).id
    talk = await ann.join()
    proxy.stall()
    await talk.say(chat)
    stopping = asyncio.ensure_future(server.stop())
    await talk.expect_close(4100)
    await stopping


async def test_a_process_without_its_database_gets_no_visitors_and_recovers(start_server, proxy):
    server = await start_server(DATABASE_URL=through(proxy), BEAT_SECONDS="0.1")
    for fault, expected in ((lambda: None, (200, [])), (proxy.cut, (503, ["database"])), (proxy.heal, (200, []))):
        fault()
        async with asyncio.timeout(10):
            while await ask_ready(server) != expected:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_all_connections_are_sent_away_in_good_time(start_server, sign_up, number):
    server = await start_server()
    people = await sign_up(server, *(f"u{n}" for n in range(12)))
    talks = await asyncio.gather(*(person.join() for person in people))
    stopping = asyncio.ensure_future(server.stop(number))
    byes = await asyncio.gather(*(talk.expect_close(4100) for talk in talks))
    waits = [bye["retry_after"] for bye in byes]
    assert max(waits) - min(waits) > 1
    await stopping
    assert await run_in_thread(Connection.objects.count) == 0


@on_each_server
async def test_a_request_that_outlasts_the_drain_is_refused_and_no_failure(start_server, sign_up, proxy):
    server = await start_server(DATABASE_URL=through(proxy), DRAIN_SECONDS="1")
    [ann] = await sign_up(server, "ann")
    proxy.stall()
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {ann.rest.access}"}) as http:
        asking = asyncio.ensure_future(http.get(f"{server.url}/api/users/me/"))
        # It is answered after the other was read.
        assert (await http.get(f"{server.url}/healthz")).status_code == 200
        await server.stop()
        answer = await asking
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert [line["level"] for line in lines] == ["INFO", "WARNING"]
