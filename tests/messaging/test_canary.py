"""The canary: a process finds out that it does not hear, and tells its connections when it does again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers

from messaging.canary import Canary
from messaging.layers import InMemoryLayer
from tests.messaging.places import Message
from tests.messaging.world import metric
from tests.vocabulary import PATIENCE


class FaultyLayer(InMemoryLayer):
    """Loses or refuses what it is given, while it is told to."""

    loses = False
    refuses = False

    async def group_send(self, group: str, message: Message) -> None:
        if self.refuses:
            raise ConnectionError
        if not self.loses:
            await super().group_send(group, message)


@pytest.fixture
def layer() -> FaultyLayer:
    """Return the layer of this process."""
    layer = FaultyLayer()
    channel_layers.backends["default"] = layer
    return layer


class Watched:
    """A canary that sings often, and how often its process recovered."""

    def __init__(self) -> None:
        self.recoveries = 0
        self.canary = Canary("n1", self.recover)
        self._recovered = asyncio.Event()

    async def recover(self) -> None:
        self.recoveries += 1

    async def until(self, *, deaf: bool) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.canary.deaf is not deaf:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert metric("chat_layer_deaf") == deaf


@pytest.fixture
async def watched(shrink: Callable[..., None], layer: FaultyLayer) -> AsyncIterator[Watched]:
    """Yield a canary that was not started."""
    shrink(canary_seconds=0.02, publish_seconds=0.05)
    made = Watched()
    yield made
    await made.canary.stop()


async def sings(watched: Watched, songs: int = 3) -> None:
    """Let it sing a few times."""
    async with asyncio.timeout(PATIENCE):
        last = watched.canary._song + songs
        while watched.canary._song < last:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_who_hears_itself_is_not_deaf(watched):
    watched.canary.start()
    await sings(watched)
    await watched.until(deaf=False)
    assert watched.recoveries == 0


@pytest.mark.parametrize("fault", ["loses", "refuses"])
async def test_a_layer_that_carries_nothing_is_found_out_and_so_is_its_recovery(watched, layer, fault):
    setattr(layer, fault, True)
    watched.canary.start()
    await watched.until(deaf=True)
    setattr(layer, fault, False)
    await watched.until(deaf=False)
    await sings(watched)
    assert watched.recoveries == 1


async def test_a_join_that_failed_is_a_reason_to_join_again(watched):
    watched.canary.start()
    await sings(watched)
    watched.canary.doubt()
    await watched.until(deaf=False)
    assert watched.recoveries == 1


async def test_a_group_that_was_forgotten_is_joined_again(watched, layer):
    watched.canary.start()
    await sings(watched)
    layer.groups.clear()
    await watched.until(deaf=True)
    await watched.until(deaf=False)


async def test_a_layer_that_is_away_at_the_start_is_found_out_and_so_is_its_recovery(watched, layer, monkeypatch):
    async def fail(*_arguments: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as away:
        away.setattr(layer, "new_channel", fail)
        watched.canary.start()
        await watched.until(deaf=True)
    await watched.until(deaf=False)


async def test_a_join_that_hangs_is_found_out(watched, layer, monkeypatch):
    monkeypatch.setattr(layer, "group_add", lambda *_arguments: asyncio.Event().wait())
    watched.canary.start()
    await watched.until(deaf=True)


async def test_a_stock_layer_is_heard_too(watched):
    channel_layers.backends["default"] = InMemoryChannelLayer()
    watched.canary.start()
    await sings(watched)
    assert not watched.canary.deaf
