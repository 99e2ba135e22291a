"""The end of a server process: everybody is sent away, what was written is answered, and nothing is waited for for ever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from channels.layers import get_channel_layer

from messaging.protocol.codes import CloseCode
from messaging.runtime import ensure_runtime, get_runtime
from tests.messaging.connections.peers import Peer, claim_of
from tests.messaging.places import Ear
from tests.messaging.world import message
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_drain_sends_everybody_away_over_some_seconds(shrink):
    shrink(drain_retry_seconds=3)
    runtime = ensure_runtime()
    await runtime.beat.registered()
    peers = [Peer(claim_of(user)) for user in range(250)]
    for peer in peers:
        runtime.connections.add(peer)
    await runtime.drain()
    assert {code for peer in peers for code in peer.ends} == {CloseCode.DRAINING}
    waits = [wait or 0.0 for peer in peers for wait in peer.waits]
    assert len(waits) == 250
    assert 0.1 <= min(waits) < 1 < 2 < max(waits) <= 3


async def test_a_drain_gives_answers_time_to_reach_their_place(shrink):
    shrink(drain_seconds=PATIENCE)
    runtime = ensure_runtime()
    await runtime.beat.registered()
    peer = Peer(claim_of(1))
    peer.unanswered = 1
    runtime.connections.add(peer)
    draining = asyncio.ensure_future(runtime.drain())
    await asyncio.wait([draining], timeout=0.1)
    assert peer.ends == []
    peer.unanswered = 0
    await asyncio.wait_for(draining, PATIENCE)
    assert len(peer.ends) == 1


async def test_a_drain_does_not_wait_for_ever_for_the_database(shrink, stuck):
    shrink(drain_seconds=0.2)
    runtime, peer = ensure_runtime(), Peer(claim_of(1))
    await runtime.beat.registered()
    runtime.connections.add(peer)
    stuck(runtime)
    runtime.writer.submit(message(1, 1), lambda _outcome, _epoch: None)
    await asyncio.wait_for(runtime.drain(), PATIENCE)
    assert len(peer.ends) == 1


async def test_a_drain_answers_and_publishes_what_was_written(ann, chat):
    runtime = ensure_runtime()
    answered: list[Any] = []
    ear = await Ear.on(get_channel_layer(), f"chat.{chat}")
    for n in range(20):
        runtime.writer.submit(message(chat, ann, f"{n}"), lambda outcome, _epoch: answered.append(outcome))
    await runtime.drain()
    assert [outcome.seq for outcome in answered] == list(range(1, 21))
    told = 0
    while told < 20:
        told += len((await ear.message())["frames"])


async def test_stopping_waits_for_what_connections_left_behind():
    runtime, done = ensure_runtime(), []

    async def clean_up() -> None:
        await asyncio.sleep(0.01)
        done.append(True)

    runtime.spawn(clean_up())
    await runtime.stop()
    assert done == [True]


async def test_stopping_does_not_wait_for_a_database_that_is_away(shrink, stuck):
    shrink(drain_seconds=0.1)
    runtime = ensure_runtime()
    await runtime.beat.registered()
    stuck(runtime)
    runtime.writer.submit(message(1, 1), lambda _outcome, _epoch: None)
    await asyncio.wait_for(runtime.stop(), PATIENCE)
    assert get_runtime() is None


async def test_stopping_does_not_wait_for_ever(shrink):
    shrink(drain_seconds=0.05)
    runtime = ensure_runtime()
    stuck = runtime.spawn(asyncio.Event().wait())
    await asyncio.wait_for(runtime.stop(), PATIENCE)
    assert not stuck.done()
    stuck.cancel()
