"""Peers that do not read: they cost little, get everything when they do, and are sent away when they never do."""

from __future__ import annotations

import asyncio
import time

import pytest

from messaging.database import run_in_thread
from messaging.log import append
from messaging.models import Connection
from messaging.protocol.frames import MessageSend
from messaging.write import Write
from project.process import FRAMES_UNREAD
from tests.plug import pull_plug
from tests.server import Person, SocketTalk, database_url
from tests.servers import on_each_server
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.services

# More than the kernel's buffers of both ends take.
MESSAGES, TEXT = 500, "\N{GRINNING FACE}" * 4000


async def _fill(chat: int, sender: int) -> None:
    """Write 8 MB into a chat."""
    commands = [MessageSend(id=f"{n}", chat=chat, text=TEXT) for n in range(MESSAGES)]
    batch = await run_in_thread(append, [Write.from_command(sender, command) for command in commands])
    assert len(batch.outcomes) == MESSAGES


async def _long_chat(start_server, sign_up, *arguments, **environment):
    """Return a server, and two people with a long chat."""
    server = await start_server(*arguments, PENDING_BYTES="100000", COMMANDS_BURST="200", **environment)
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    await _fill(chat, ann.id)
    return server, ann, bob, chat


@pytest.fixture
async def pair(start_server, sign_up):
    """Return a server that soon sends a slow peer away, and two people with a long chat."""
    return await _long_chat(start_server, sign_up, SLOW_SECONDS="1")


async def _resume(person: Person, chat: int) -> SocketTalk:
    first = await person.join()
    talk = await person.connect()
    await talk.send("hello", resume={chat: 0}, epoch=first.ready["epoch"])
    return talk


async def _until_gone(person: Person) -> None:
    async with asyncio.timeout(30):
        while await run_in_thread(Connection.objects.filter(user=person.id).exists):  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.05)


async def test_a_peer_that_pauses_gets_everything_in_order(pair):
    _, _, bob, chat = pair
    talk = await _resume(bob, chat)
    await asyncio.sleep(0.5)  # the pause itself
    await talk.expect("ready")
    for seq in range(1, MESSAGES + 1):
        await talk.expect_event(chat, seq)
    await talk.expect("caught_up")


@on_each_server
async def test_a_peer_that_never_reads_costs_little_and_is_sent_away(pair):
    server, ann, bob, chat = pair
    other = await ann.join()
    before = server.usage().memory
    await _resume(bob, chat)
    most = 0
    async with asyncio.timeout(20):
        while await run_in_thread(Connection.objects.filter(user=bob.id).exists):
            most = max(most, server.usage().memory - before)
            await asyncio.sleep(0.05)
    assert most < 30_000_000
    await other.expect_ack(await other.say(chat, "still fast"), seq=MESSAGES + 1)


async def test_a_peer_that_begins_to_read_too_late_gets_what_was_sent_in_order_and_then_the_reason(pair):
    server, _, bob, chat = pair
    talk = await _resume(bob, chat)
    async with asyncio.timeout(PATIENCE):
        while not (await server.metrics()).get(("chat_closes_total", "too_slow")):
            pass  # between the bye and the cut there is a second
    await talk.expect("ready")
    seq = 0
    while (frame := await talk.take())["type"] != "bye":
        seq += 1
        assert (frame["type"], frame["chat"], frame["seq"]) == ("message.created", chat, seq)
    assert (frame["code"], seq < MESSAGES) == (4203, True)


@on_each_server
async def test_a_ping_behind_unread_data_does_not_end_a_peer_before_its_time_to_read_is_over(start_server, sign_up):
    pings = ("--ping-interval", "1", "--ping-timeout", "1")  # a deadline of 4 seconds
    _, _, bob, chat = await _long_chat(start_server, sign_up, *pings, SLOW_SECONDS="6")
    began = time.monotonic()
    await _resume(bob, chat)
    await _until_gone(bob)
    assert time.monotonic() - began > 6


@on_each_server
async def test_a_ping_whose_answer_waits_behind_what_the_server_does_not_read_ends_nobody(
    start_server, sign_up, database_proxy
):
    pings = ("--ping-interval", "1", "--ping-timeout", "1")  # a deadline of 4 seconds
    server = await start_server(*pings, DATABASE_URL=database_url(database_proxy), COMMANDS_BURST="100")
    (bob,) = await sign_up(server, "bob")
    chat = (await bob.rest.create_chat("group", [], title="Mine")).id
    talk = await bob.join()
    database_proxy.stall()
    # Each waits for the database, so that the server soon reads no more of them.
    asked = [await talk.send("sync", chat=chat, after=0) for _ in range(4 * FRAMES_UNREAD)]
    await asyncio.sleep(6)  # the pause itself
    database_proxy.heal()
    for id in asked:
        await talk.expect_ack(id)


@on_each_server
@pytest.mark.parametrize("reads", [True, False])
async def test_a_peer_that_vanishes_with_unread_data_is_not_taken_for_a_slow_one(start_server, sign_up, reads):
    pings = ("--ping-interval", "1", "--ping-timeout", "1")
    _, ann, bob, chat = await _long_chat(start_server, sign_up, *pings, SLOW_SECONDS="60")
    talk = await bob.join() if reads else await _resume(bob, chat)
    if not reads:
        await talk.expect("ready")  # the kernel below would repeat a hello that nothing acknowledged
    pull_plug(talk.connection.transport.get_extra_info("socket"))
    await ann.rest.send_message(chat, "Are you there?")
    await _until_gone(bob)


@on_each_server
async def test_a_peer_that_does_not_answer_a_ping_with_nothing_unread_is_cut(start_server, sign_up):
    server = await start_server("--ping-interval", "1", "--ping-timeout", "1", SLOW_SECONDS="30")
    (bob,) = await sign_up(server, "bob")
    talk = await bob.join()
    talk.connection.transport.pause_reading()
    await _until_gone(bob)


@on_each_server
async def test_a_peer_that_asks_for_much_and_reads_late_costs_little_and_gets_it_all(start_server, sign_up):
    server, _, bob, chat = await _long_chat(start_server, sign_up, SLOW_SECONDS="30")
    talk = await bob.join()
    before = server.usage().memory
    for _ in range(150):
        await talk.send("sync", chat=chat, after=0)
    await asyncio.sleep(1)  # nothing is to come: what would be kept is kept by now
    assert server.usage().memory - before < 30_000_000
    answers = [await talk.take() for _ in range(150)]
    assert {answer["type"] for answer in answers} == {"ack"}
