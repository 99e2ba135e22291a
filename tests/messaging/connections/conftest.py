"""A server process that beats fast."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.messaging.connections.peers import Process


@pytest.fixture
def fast(shrink) -> None:
    """Have processes beat and sweep many times a second."""
    shrink(beat_seconds=0.1, sweep_seconds=0.05, node_silence_seconds=0.4, orphan_claim_seconds=0.1)


@pytest.fixture
async def process(fast) -> AsyncIterator[Process]:
    """Yield a process that beats, and stop it."""
    made = Process()
    made.beat.start()
    yield made
    await made.beat.stop()
