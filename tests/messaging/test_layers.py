"""The contract of a channel layer: ours in memory and on Redis, and the stock ones that may stand in their place."""

from __future__ import annotations

import asyncio

import pytest

from tests.messaging.places import OURS, STOCK, numbered, receive

pytestmark = pytest.mark.parametrize("place", OURS + STOCK, indirect=True)


async def test_a_message_reaches_who_receives_on_its_channel(place):
    layer, other = place.layer(), place.layer()
    channel = await layer.new_channel()
    receiving = asyncio.ensure_future(receive(layer, channel))
    # Ours on Redis subscribes when somebody receives, so the first message may be too early.
    while not receiving.done():
        await other.send(channel, numbered(1))
        await asyncio.wait([receiving], timeout=0.05)
    assert receiving.result() == 1


async def test_a_group_message_reaches_all_its_channels_in_order(place):
    one, two = place.layer(), place.layer()
    channels = [(layer, await layer.new_channel()) for layer in (one, one, two)]
    for layer, channel in channels:
        await layer.group_add("chat.1", channel)
    await place.settled()
    for n in range(10):
        await one.group_send("chat.1", numbered(n))
    for layer, channel in channels:
        assert [await receive(layer, channel) for _ in range(10)] == list(range(10))


async def test_a_channel_hears_of_its_own_groups_only(place):
    layer = place.layer()
    channel, other = await layer.new_channel(), await layer.new_channel()
    for group in ("chat.1", "chat.3"):
        await layer.group_add(group, channel)
    await layer.group_add("chat.2", other)
    await place.settled()
    for n in (1, 2, 3):
        await layer.group_send(f"chat.{n}", numbered(n))
    assert [await receive(layer, channel), await receive(layer, channel)] == [1, 3]
    assert await receive(layer, other) == 2


async def test_who_left_hears_nothing_more_and_leaving_twice_is_nothing(place):
    layer = place.layer()
    stays, leaves = await layer.new_channel(), await layer.new_channel()
    for channel in (stays, leaves):
        await layer.group_add("chat.1", channel)
    for _ in range(2):
        await layer.group_discard("chat.1", leaves)
    await place.settled()
    await layer.group_send("chat.1", numbered(1))
    assert await receive(layer, stays) == 1
    await layer.send(leaves, numbered(2))
    assert await receive(layer, leaves) == 2


async def test_who_joins_twice_hears_once(place):
    layer = place.layer()
    channel = await layer.new_channel()
    for _ in range(2):
        await layer.group_add("chat.1", channel)
    await place.settled()
    for n in (1, 2):
        await layer.group_send("chat.1", numbered(n))
    assert [await receive(layer, channel), await receive(layer, channel)] == [1, 2]


async def test_who_comes_back_hears_again(place):
    layer = place.layer()
    channel = await layer.new_channel()
    await layer.group_add("chat.1", channel)
    await layer.group_discard("chat.1", channel)
    await place.settled()
    await layer.group_send("chat.1", numbered("missed"))
    await layer.group_add("chat.1", channel)
    await place.settled()
    await layer.group_send("chat.1", numbered("heard"))
    assert await receive(layer, channel) == "heard"


async def test_sending_to_nobody_is_nothing(place):
    layer = place.layer()
    await layer.group_send("chat.1", numbered(1))
    await layer.send(await layer.new_channel(), numbered(2))


async def test_content_comes_through_as_it_was(place):
    content = {
        "bytes": [b"\x00\xff", b"x" * 200_000],
        "text": "é😀\x00",
        "big": 2**53 - 1,
        "none": None,
        "no": False,
    }
    layer = place.layer()
    channel = await layer.new_channel()
    await layer.group_add("chat.1", channel)
    await place.settled()
    await layer.group_send("chat.1", numbered(content))
    assert await receive(layer, channel) == content
