"""Many at once: a hundred peers that do not read under full traffic, and three hundred handshakes at the same moment."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from client import HandshakeRefused, TransportError
from messaging import services
from messaging.database import run_in_thread
from messaging.models import Connection
from tests.server import Person, Server, SocketTalk
from tests.servers import SignUp, on_each_server
from tests.vocabulary import ClosedError

pytestmark = pytest.mark.services

STALLED, HANDSHAKES = 100, 300
# More than the kernel's buffers of a connection take.
MESSAGES, TEXT = 350, "\N{GRINNING FACE}" * 4000
PENDING_BYTES = 100_000
# Beside what is kept for the stalled: the log pages being sent, and what the allocator does not give back.
SLACK_BYTES = 30_000_000
MUCH = {"COMMANDS_PER_SECOND": "1000", "COMMANDS_BURST": "1000", "PENDING_BYTES": f"{PENDING_BYTES}"}


async def _join_all(server: Server, enrol: SignUp) -> tuple[int, SocketTalk, SocketTalk, list[SocketTalk]]:
    """Return a chat, the sockets of two who read and those of a hundred who do not."""
    names = ("ann", "bob", *(f"stalled{n}" for n in range(STALLED)))
    ann, bob, *others = people = await enrol(server, *names)
    members = [person.id for person in people[1:]]
    make = services.create_chat
    chat, _ = await run_in_thread(make, creator=ann.id, kind="group", members=members, title="All")
    # They answer no ping, and get no answer to theirs.
    stalled = [await person.join(ping_seconds=None) for person in others]
    return chat, await ann.join(), await bob.join(), stalled


async def _read_all(talk: SocketTalk, chat: int) -> None:
    for seq in range(1, MESSAGES + 1):
        await talk.expect_event(chat, seq)


async def _chat(chat: int, one: SocketTalk, two: SocketTalk, server: Server) -> int:
    """Say all messages, one after another, each heard before the next; return the most memory that took, in bytes."""
    most = 0
    for seq in range(1, MESSAGES + 1):
        await one.expect_ack(await one.say(chat, TEXT), seq=seq)
        await two.expect_event(chat, seq)
        most = max(most, server.usage().memory)
    return most


@pytest.mark.timeout(120)
async def test_a_hundred_stalled_readers_cost_little_hold_nobody_up_and_are_caught_up_in_order(start_server, enrol):
    server = await start_server("--ping-timeout", "60", **MUCH, SLOW_SECONDS="60")
    chat, one, two, stalled = await _join_all(server, enrol)
    before = server.usage().memory
    most = await _chat(chat, one, two, server)
    assert most - before < STALLED * PENDING_BYTES + SLACK_BYTES
    await asyncio.gather(*(_read_all(talk, chat) for talk in stalled))


@pytest.mark.timeout(120)
async def test_a_hundred_readers_that_never_read_are_sent_away_and_the_others_stay(start_server, enrol):
    server = await start_server(**MUCH, SLOW_SECONDS="1")
    chat, one, two, _stalled = await _join_all(server, enrol)
    await _chat(chat, one, two, server)
    async with asyncio.timeout(20):
        while await run_in_thread(Connection.objects.count) > 2:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)
    await one.expect_ack(await one.say(chat, "still fast"))
    await two.expect_event(chat, MESSAGES + 1)


async def _knock(person: Person, path: str) -> SocketTalk | str:
    """Try to come in and to get ready; return how that ended."""
    try:
        talk = await person.enter(path, open_seconds=30)
        await talk.hello()
    except HandshakeRefused as refused:
        return f"refused {refused.status}"
    except (TransportError, TimeoutError, ClosedError) as error:
        return f"{error!r}"
    return talk


@on_each_server
@pytest.mark.timeout(120)
async def test_of_a_storm_of_handshakes_each_is_ready_or_refused_and_no_claim_is_left_over(start_server, enrol):
    server = await start_server(BEAT_SECONDS="0.5", ORPHAN_CLAIM_SECONDS="1")
    people = await enrol(server, *(f"user{n}" for n in range(HANDSHAKES)))
    paths = [(person, (await person.rest.ticket("phone")).path) for person in people]
    twice = paths[:100]  # of these each ticket is tried by two sockets
    ends = await asyncio.gather(*(_knock(person, path) for person, path in paths + twice))
    ready = [end for end in ends if isinstance(end, SocketTalk)]
    assert {talk.user for talk in ready} == {person.id for person in people}
    assert Counter(end for end in ends if isinstance(end, str)) == {"refused 403": len(twice)}
    holders = await run_in_thread(lambda: list(Connection.objects.values_list("connection", flat=True)))
    assert sorted(holders) == sorted(talk.ready["connection"] for talk in ready)
    for talk in ready:
        await talk.expect("caught_up")
        await talk.expect_ack(await talk.send("ping"))
