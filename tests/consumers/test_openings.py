"""Connections that wait for their turn to be opened, and peers that do not wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from messaging.conf import get_limits
from messaging.database import run_in_thread
from messaging.models import Connection
from messaging.runtime import ensure_runtime
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


@asynccontextmanager
async def no_turn() -> AsyncIterator[None]:
    """Let nobody have a turn."""
    async with AsyncExitStack() as stack:
        for _ in range(get_limits().openings_at_once):
            await stack.enter_async_context(ensure_runtime().opening())
        yield


async def until_free() -> None:
    """Return when no connection has a claim."""
    async with asyncio.timeout(PATIENCE):
        while await run_in_thread(Connection.objects.exists):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_handshake_whose_peer_has_gone_takes_no_claim(world):
    (ann,) = await world.users("ann")
    async with no_turn():
        opening = await world.open(ann, headers=[(b"authorization", b"Bearer " + (await world.access(ann)).encode())])
        await opening.send_input({"type": "websocket.connect"})
        await opening.send_input({"type": "websocket.disconnect", "code": 1006})
        await opening.wait(PATIENCE)
    assert opening.output_queue.empty()
    await world.connect(ann)


async def test_a_handshake_waits_for_its_turn_only_so_long(world, limits):
    (ann,) = await world.users("ann")
    limits(hello_seconds=0.05)
    async with no_turn():
        _, connected = await world.handshake(ann)
    assert not connected


async def test_who_said_hello_in_time_may_wait_for_the_answer(world, limits):
    limits(hello_seconds=0.2)
    (ann,) = await world.users("ann")
    talk = await world.connect(ann)
    async with no_turn():
        id = await talk.send("hello")
        await asyncio.sleep(0.3)
    await talk.expect("ready", id=id)


async def test_who_leaves_while_its_hello_waits_is_free_at_once(world):
    (ann,) = await world.users("ann")
    talk = await world.connect(ann)
    async with no_turn():
        await talk.send("hello")
        await talk.communicator.send_input({"type": "websocket.disconnect", "code": 1006})
        await until_free()


async def test_what_is_said_while_hello_waits_is_answered_after_ready_in_order(world):
    (ann,) = await world.users("ann")
    chat = await world.group(ann)
    talk = await world.connect(ann)
    async with no_turn():
        hello = await talk.send("hello")
        ids = [await talk.say(chat, f"{n}") for n in range(20)]
    await talk.expect("ready", id=hello)
    await talk.expect("caught_up")
    for seq, id in enumerate(ids, 1):
        await talk.expect_ack(id, seq=seq)


async def test_of_many_handshakes_at_once_no_more_are_let_in_than_a_process_takes(world, limits):
    limits(connections=3)
    users = await world.users(*(f"u{n}" for n in range(8)))
    ends = await asyncio.gather(*(world.handshake(user) for user in users))
    assert sum(connected for _, connected in ends) == 3
    assert await run_in_thread(Connection.objects.count) == 3
