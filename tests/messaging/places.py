"""Channel layers as the tests of this folder meet them, and ears that listen on them."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections import Counter
from typing import Any

import pytest
import redis.asyncio
from channels.layers import InMemoryChannelLayer
from channels_redis.core import RedisChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from messaging.layers import InMemoryLayer, RedisPubSubLayer
from tests.vocabulary import PATIENCE

Message = dict[str, Any]


def _on_redis(layer: type, name: str) -> Any:
    return pytest.param(layer, id=name, marks=pytest.mark.services)


OUR_REDIS = _on_redis(RedisPubSubLayer, "redis")
OURS = [pytest.param(InMemoryLayer, id="memory"), OUR_REDIS]
STOCK = [
    pytest.param(InMemoryChannelLayer, id="stock-memory"),
    _on_redis(RedisPubSubChannelLayer, "stock-pubsub"),
    _on_redis(RedisChannelLayer, "stock-lists"),
]


class Place:
    """Where layers of one kind meet: each call of `layer()` is another process, as far as the layer can tell."""

    def __init__(self, kind: type) -> None:
        self.kind = kind
        self._prefix = f"test-{uuid.uuid4().hex}"
        self._made: list[Any] = []

    def layer(self) -> Any:
        """Return a layer."""
        if self.kind in (InMemoryLayer, InMemoryChannelLayer):
            # One process only: everybody has the same.
            self._made = self._made or [self.kind()]
            return self._made[0]
        layer = self.kind(hosts=[os.environ["REDIS_URL"]], prefix=self._prefix)
        self._made.append(layer)
        return layer

    async def settled(self) -> None:
        """Return when Redis has taken what the stock pub/sub layers asked for: they do not wait for it, ours do."""
        if self.kind is not RedisPubSubChannelLayer:
            return
        shards = [shard for layer in self._made for inner in layer._layers.values() for shard in inner._shards]
        asked = Counter(name.encode() for shard in shards for name in shard._subscribed_to)
        async with redis.asyncio.from_url(os.environ["REDIS_URL"]) as client, asyncio.timeout(PATIENCE):
            while await self._subscribed(client) != asked:  # noqa: ASYNC110 -- Redis tells nobody
                await asyncio.sleep(0.01)

    async def _subscribed(self, client: Any) -> dict[bytes, int]:
        names = await client.pubsub_channels(f"{self._prefix}*")
        return dict(await client.pubsub_numsub(*names)) if names else {}

    async def close(self) -> None:
        """Close the connections of every layer."""
        for layer in self._made:
            await layer.flush()
            if isinstance(layer, RedisChannelLayer):
                await layer.close_pools()


class Ear:
    """A channel with direct delivery."""

    def __init__(self, layer: Any, channel: str) -> None:
        self.layer = layer
        self.channel = channel
        self._heard: asyncio.Queue[Message] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        # A message of the in-memory layer comes in the thread of who published it.
        layer.attach(channel, lambda message: loop.call_soon_threadsafe(self._heard.put_nowait, message))

    @classmethod
    async def on(cls, layer: Any, *groups: str) -> Ear:
        """Return an ear that has joined `groups`."""
        ear = cls(layer, await layer.new_channel())
        await layer.join(groups, ear.channel)
        return ear

    @property
    def idle(self) -> bool:
        """Whether nothing was heard that was not asked for."""
        return self._heard.empty()

    async def message(self) -> Message:
        """Return the next message."""
        return await asyncio.wait_for(self._heard.get(), PATIENCE)

    async def hear(self) -> Any:
        """Return the `n` of the next message."""
        return (await self.message())["n"]


def numbered(n: Any) -> Message:
    """Return a message with `n`."""
    return {"type": "test.message", "n": n}


async def receive(layer: Any, channel: str) -> Any:
    """Return the `n` of the next message that a channel gets through the ordinary interface."""
    return (await asyncio.wait_for(layer.receive(channel), PATIENCE))["n"]
