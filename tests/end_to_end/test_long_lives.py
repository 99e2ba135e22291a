"""Connections that stay open for days: nothing that the process keeps for them runs out."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from tests.consumers.conftest import ConsumerTalk, World, forge_access

DAYS = 2 * 24 * 60 * 60.0


@pytest.fixture
async def world(transactional_db: None) -> AsyncIterator[World]:
    """Yield an empty world; its connections end with the test."""
    made = World()
    yield made
    await made.close()


async def _join(world: World, user: int) -> ConsumerTalk:
    """Open a socket whose token outlives the test's days."""
    return await world.join(user, headers=[(b"authorization", b"Bearer " + forge_access(user).encode())])


async def test_a_connection_open_for_days_hears_events_and_signals_and_is_heard(world, monkeypatch):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    one, two = await _join(world, ann), await _join(world, bob)
    wall, monotonic = time.time, time.monotonic
    monkeypatch.setattr(time, "time", lambda: wall() + DAYS)
    monkeypatch.setattr(time, "monotonic", lambda: monotonic() + DAYS)
    # A signal is in no log: the layer alone brings it.
    await one.expect_ack(await one.send("typing", chat=chat, on=True))
    await two.expect("typing", chat=chat, user=ann)
    await one.expect_ack(await one.say(chat, "still here"), seq=1)
    await two.expect_event(chat, 1)
