"""What our two layers add to the contract: direct delivery, and many groups or messages in one round trip."""

from __future__ import annotations

import asyncio
import os
import time

import pytest
import redis.asyncio

from messaging.layers import InMemoryLayer, RedisPubSubLayer
from tests.messaging.places import OUR_REDIS, OURS, Ear, numbered, receive
from tests.vocabulary import PATIENCE

both = pytest.mark.parametrize("place", OURS, indirect=True)


@both
async def test_an_attached_channel_is_called_in_order(place):
    ear = await Ear.on(place.layer(), "chat.1")
    other = place.layer()
    for n in range(10):
        await other.group_send("chat.1", numbered(n))
    assert [await ear.hear() for _ in range(10)] == list(range(10))


@both
async def test_all_receivers_of_a_process_share_one_message(place):
    layer = place.layer()
    ears = [await Ear.on(layer, "chat.1") for _ in range(3)]
    await place.layer().group_send("chat.1", numbered([1]))
    one, *others = [await ear.message() for ear in ears]
    assert all(other is one for other in others)


@both
async def test_attached_and_queued_channels_of_one_group_all_hear(place):
    layer = place.layer()
    ear, channel = await Ear.on(layer, "chat.1"), await layer.new_channel()
    await layer.join(["chat.1"], channel)
    for n in range(5):
        await layer.group_send("chat.1", numbered(n))
    assert [await ear.hear() for _ in range(5)] == list(range(5))
    assert [await receive(layer, channel) for _ in range(5)] == list(range(5))


@both
async def test_after_detach_nothing_is_called(place):
    layer = place.layer()
    ear, stays = await Ear.on(layer, "chat.1"), await Ear.on(layer, "chat.1")
    layer.detach(ear.channel)
    layer.detach(ear.channel)
    await layer.group_send("chat.1", numbered(1))
    assert await stays.hear() == 1
    assert ear.idle


@both
async def test_a_failing_sink_is_nobody_elses(place, caplog):
    layer = place.layer()
    broken = await layer.new_channel()
    layer.attach(broken, lambda _message: 1 // 0)
    await layer.join(["chat.1"], broken)
    ear = await Ear.on(layer, "chat.1")
    for n in (1, 2):
        await layer.group_send("chat.1", numbered(n))
    assert [await ear.hear(), await ear.hear()] == [1, 2]
    assert "A layer message was not taken." in caplog.text


@both
async def test_many_groups_are_joined_and_left_at_once(place):
    layer, groups = place.layer(), [f"chat.{n}" for n in range(300)]
    ear = await Ear.on(layer, *groups)
    await place.layer().send_groups([(group, numbered(n)) for n, group in enumerate(groups)])
    assert [await ear.hear() for _ in groups] == list(range(300))
    await layer.leave(groups[1:], ear.channel)
    await layer.send_groups([(group, numbered(group)) for group in [*groups[1:], groups[0]]])
    assert await ear.hear() == "chat.0"


@both
async def test_many_messages_go_out_in_their_order(place):
    ear = await Ear.on(place.layer(), "chat.1", "chat.2")
    await place.layer().send_groups([(f"chat.{1 + n % 2}", numbered(n)) for n in range(50)])
    assert [await ear.hear() for _ in range(50)] == list(range(50))


@both
async def test_what_a_process_publishes_it_hears_once(place):
    layer, other = place.layer(), place.layer()
    ear = await Ear.on(layer, "chat.1")
    await layer.send_groups([("chat.1", numbered("own")), ("chat.1", numbered("own too"))])
    await other.send_groups([("chat.1", numbered("another's"))])
    assert [await ear.hear() for _ in range(3)] == ["own", "own too", "another's"]
    assert ear.idle


@pytest.mark.services
@pytest.mark.parametrize("place", [OUR_REDIS], indirect=True)
async def test_who_is_in_the_same_process_hears_while_redis_takes_nothing(place):
    layer = place.layer()
    ear, message = await Ear.on(layer, "chat.1"), numbered(1)
    async with redis.asyncio.from_url(os.environ["REDIS_URL"]) as client:
        await client.client_pause(10_000, all=False)
        sending = asyncio.ensure_future(layer.send_groups([("chat.1", message)]))
        assert await ear.message() == message
        assert not sending.done()
        await client.client_unpause()
        await asyncio.wait_for(sending, PATIENCE)


@pytest.mark.services
@pytest.mark.parametrize("place", [OUR_REDIS], indirect=True)
async def test_while_redis_does_not_answer_nobody_in_the_process_waits_for_it(place):
    layer = place.layer()
    ear = await Ear.on(layer, "chat.1")
    async with redis.asyncio.from_url(os.environ["REDIS_URL"]) as client:
        await client.client_pause(10_000, all=False)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(layer.send_groups([("chat.1", numbered(1))]), 0.1)
        with pytest.raises(ConnectionError):
            await layer.send_groups([("chat.1", numbered(2))])
        assert [await ear.hear(), await ear.hear()] == [1, 2]
        await client.client_unpause()
    await layer.group_send("chat.1", numbered(3))
    await layer.send_groups([("chat.1", numbered(4))])
    assert {await ear.hear(), await ear.hear()} == {3, 4}


@pytest.mark.services
async def test_a_redis_that_stood_still_is_heard_as_soon_as_it_goes_on(caplog):
    host = {"address": os.environ["REDIS_URL"], "health_check_interval": 0.1}
    layer, other = (RedisPubSubLayer(hosts=[host], prefix="still") for _ in range(2))
    ear = await Ear.on(layer, "chat.1")
    async with redis.asyncio.from_url(os.environ["REDIS_URL"]) as client:
        # For so long that its health is asked for three times.
        await client.client_pause(3_500)
    await other.send_groups([("chat.1", numbered(1))])
    assert await ear.hear() == 1
    assert "The connection to Redis is lost" not in caplog.text
    await layer.flush()
    await other.flush()


@both
async def test_nothing_sent_joined_or_left_is_nothing(place):
    layer = place.layer()
    ear = await Ear.on(layer)
    await layer.send_groups([])
    await layer.leave([], ear.channel)
    await layer.leave(["chat.1"], ear.channel)


@both
async def test_a_join_that_returned_hears_what_is_sent_next(place):
    layer, other = place.layer(), place.layer()
    for n in range(30):
        ear = await Ear.on(layer, f"chat.{n}", "common")
        await other.group_send(f"chat.{n}", numbered(n))
        assert await ear.hear() == n


@both
async def test_joins_at_the_same_moment_all_hear(place):
    layer = place.layer()
    ears = await asyncio.gather(*(Ear.on(layer, "chat.1", f"chat.{n}") for n in range(2, 30)))
    await place.layer().group_send("chat.1", numbered("all"))
    assert {await ear.hear() for ear in ears} == {"all"}


@both
async def test_a_join_beside_the_leaving_of_the_last_one_keeps_the_subscription(place):
    layer, other = place.layer(), place.layer()
    ear = await Ear.on(layer, "chat.1")
    for n in range(20):
        newcomer = Ear(layer, await layer.new_channel())
        work = [layer.leave(["chat.1"], ear.channel), layer.join(["chat.1"], newcomer.channel)]
        await asyncio.gather(*(work if n % 2 else work[::-1]))
        await other.group_send("chat.1", numbered(n))
        assert await newcomer.hear() == n
        ear = newcomer


async def test_a_join_during_a_group_message_stands_in_memory():
    layer = InMemoryLayer()
    ear, queued = await Ear.on(layer, "chat.1"), await layer.new_channel()
    await layer.join(["chat.1"], queued)
    sending = [asyncio.ensure_future(layer.group_send("chat.1", numbered(n))) for n in range(2)]
    await asyncio.sleep(0)
    newcomer = await Ear.on(layer, "chat.1")
    await layer.leave(["chat.1"], queued)
    await asyncio.gather(*sending)
    await layer.group_send("chat.1", numbered("next"))
    assert [await ear.hear() for _ in range(3)] == [0, 1, "next"]
    assert await newcomer.hear() == "next"
    assert [await receive(layer, queued) for _ in range(2)] == [0, 1]
    assert queued not in layer.channels


async def test_a_connection_in_memory_hears_for_longer_than_a_day(monkeypatch):
    layer = InMemoryLayer()
    ear, queued = await Ear.on(layer, "chat.1"), await layer.new_channel()
    await layer.join(["chat.1"], queued)
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 2 * 86_400)
    await layer.group_send("chat.1", numbered(1))
    assert [await ear.hear(), await receive(layer, queued)] == [1, 1]


async def test_a_full_queue_loses_its_own_message_only():
    layer = InMemoryLayer(capacity=1)
    ear, full = await Ear.on(layer, "chat.1"), await layer.new_channel()
    await layer.join(["chat.1"], full)
    for n in (1, 2):
        await layer.group_send("chat.1", numbered(n))
    assert [await ear.hear(), await ear.hear()] == [1, 2]
    assert await receive(layer, full) == 1


@pytest.mark.parametrize("count", [2, 3])
def test_several_hosts_are_refused(count):
    with pytest.raises(ValueError, match="one Redis server or one Sentinel master"):
        RedisPubSubLayer(hosts=["redis://localhost"] * count)


@pytest.mark.services
@pytest.mark.parametrize("place", [OUR_REDIS], indirect=True)
async def test_subscriptions_come_back_after_the_connection_to_redis_was_cut(place):
    layer, other = place.layer(), place.layer()
    ear = await Ear.on(layer, "chat.1")
    await other.group_send("chat.1", numbered("before"))
    assert await ear.hear() == "before"
    async with redis.asyncio.from_url(os.environ["REDIS_URL"]) as client:
        await client.client_kill_filter(_type="pubsub")
    hearing = asyncio.ensure_future(ear.hear())
    while not hearing.done():
        await other.group_send("chat.1", numbered("after"))
        await asyncio.wait([hearing], timeout=0.05)
    assert hearing.result() == "after"
