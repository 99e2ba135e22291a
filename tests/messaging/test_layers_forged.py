"""Whoever reaches Redis and has no key of ours is heard by nobody, and holds nobody up."""

from __future__ import annotations

import asyncio

import msgpack
import pytest
from django.conf import settings
from redis.asyncio import Redis

from messaging.layers import RedisPubSubLayer
from messaging.seal import seal, unseal
from tests.messaging.world import metric
from tests.vocabulary import PATIENCE

KEY = b"a key of ours"
FORGED = {"type": "chat.events", "text": "forged"}


def test_what_was_sealed_is_opened_with_the_key_alone():
    assert unseal(seal(b"said", KEY), KEY) == b"said"
    sealed = seal(b"said", KEY)
    for bad in (b"", b"said", sealed[:-1], sealed[:-1] + b"x", b"x" + sealed[1:], seal(b"said", b"another key")):
        with pytest.raises(ValueError, match="sealed"):
            unseal(bad, KEY)


@pytest.mark.services
async def test_a_forged_message_reaches_nobody_and_the_next_true_one_does():
    (host,) = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"]
    layer, other = (RedisPubSubLayer(hosts=[host], prefix="forged", key="a key of ours") for _ in range(2))
    heard: asyncio.Queue = asyncio.Queue()
    channel = await layer.new_channel()
    layer.attach(channel, heard.put_nowait)
    await layer.join(["chat.1"], channel)
    before = metric("chat_layer_forgeries_total")
    async with Redis.from_url(host["address"]) as stranger:
        for data in (msgpack.packb(FORGED), b"\xff" * 40, b"", seal(msgpack.packb(FORGED), b"another key")):
            assert await stranger.publish("forged__group__chat.1", data) == 1
    await other.send_groups([("chat.1", {"type": "chat.events", "text": "true"})])
    async with asyncio.timeout(PATIENCE):
        assert (await heard.get())["text"] == "true"
    assert heard.empty()
    assert metric("chat_layer_forgeries_total") == before + 4
