"""From a commit to the channel layer: what the members are told, in order, and that no layer ever holds up a write."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest
from channels.layers import BaseChannelLayer, get_channel_layer

from messaging.fanout import (
    Publisher,
    announce,
    group_for_chat,
    group_for_user,
    publish_now,
    tell_account_changed,
    tell_claimed,
    tell_joined,
    tell_signal,
)
from messaging.metrics import count_delivery
from messaging.protocol.batch import EventBatch
from messaging.protocol.frames import Event
from tests.messaging.places import Ear
from tests.messaging.world import metric

AT = "2026-01-31T12:00:00.123456Z"


def event(chat: int, seq: int, kind: str = "message.created", **body: Any) -> Event:
    return Event(
        chat=chat, seq=seq, at=AT, kind=kind, sender=3, id=None, content_hash=None, body=body or {"text": "hi"}
    )


async def listen(*groups: str) -> Ear:
    return await Ear.on(get_channel_layer(), *groups)


# What is told to whom


def test_the_events_of_a_chat_are_one_message_to_its_group():
    ((group, message),) = announce(EventBatch.of_each_chat([event(7, 4), event(7, 5)], epoch="e"))
    batch = EventBatch.from_message(message)
    assert (group, batch.chat, batch.first, len(batch), batch.epoch) == ("chat.7", 7, 4, 2, "e")
    assert [json.loads(frame)["seq"] for frame in batch.frames] == [4, 5]


def test_each_chat_of_a_batch_has_its_own_in_the_order_of_its_log():
    events = [event(9, 1), event(7, 4), event(9, 2), event(7, 5), event(9, 3)]
    publications = announce(EventBatch.of_each_chat(events, epoch="e"))
    told = [(group, message["first"], len(message["frames"])) for group, message in publications]
    assert told == [("chat.7", 4, 2), ("chat.9", 1, 3)]


def test_numbers_that_another_gave_between_are_left_to_him():
    events = [event(7, 4), event(7, 6), event(7, 7), event(9, 8)]
    publications = announce(EventBatch.of_each_chat(events, epoch="e"))
    told = [(group, message["first"], len(message["frames"])) for group, message in publications]
    assert told == [("chat.7", 4, 1), ("chat.7", 6, 2), ("chat.9", 8, 1)]


def test_who_was_added_is_told_of_the_chat():
    events = [event(7, 4, "member.added", user=5, role="member"), event(7, 5), event(7, 6, "member.removed", user=5)]
    (_, joined) = announce(EventBatch.of_each_chat(events, epoch="e"))
    assert joined == tell_joined(5, 7) == ("user.5", {"type": "user.joined", "chat": 7})


def test_nothing_written_is_nothing_told():
    assert announce(EventBatch.of_each_chat([], epoch="e")) == []


def test_a_signal_is_told_to_the_chat_with_who_need_not_hear_it():
    group, message = tell_signal(7, user=5, frame=b"{}")
    assert (group, message) == ("chat.7", {"type": "chat.signal", "chat": 7, "user": 5, "frame": b"{}"})


def test_what_is_told_to_a_user_goes_to_the_group_of_that_user():
    assert (group_for_chat(7), group_for_user(5)) == ("chat.7", "user.5")
    assert tell_claimed(5, "c1") == ("user.5", {"type": "user.claimed", "connection": "c1"})
    assert tell_account_changed(5) == ("user.5", {"type": "user.account"})


# How it goes out


async def test_publications_arrive_in_their_order():
    ear, publisher = await listen("chat.1", "chat.2"), Publisher()
    for n in range(20):
        publisher.publish([(f"chat.{1 + n % 2}", {"type": "chat.events", "n": n})])
    await publisher.drain()
    assert [await ear.hear() for _ in range(20)] == list(range(20))


async def test_a_batch_arrives_as_it_went_out():
    ear, publisher = await listen("chat.7"), Publisher()
    publisher.publish(announce(EventBatch.of_each_chat([event(7, 4, text="Grüße ☃")], epoch="e")))
    message = await ear.message()
    sent = EventBatch.from_events([event(7, 4, text="Grüße ☃")], epoch="e")
    assert list(EventBatch.from_message(message)) == list(sent)


async def test_publishing_from_a_thread_of_its_own_arrives_too():
    ear = await listen("user.5")
    await asyncio.to_thread(publish_now, [tell_joined(5, 7), tell_joined(5, 8)])
    assert [(await ear.message())["chat"] for _ in range(2)] == [7, 8]


def test_publishing_nothing_asks_no_layer(settings):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "no.such.Layer"}}
    publish_now([])


async def test_beyond_the_bound_the_publications_of_a_commit_are_dropped_and_counted(shrink):
    shrink(publications_waiting=3)
    ear, publisher = await listen("user.5"), Publisher()
    before = metric("chat_publish_drops_total")
    for chat in range(5):
        publisher.publish([tell_joined(5, chat), tell_joined(5, 10 + chat)])
    await publisher.drain()
    publisher.publish([tell_joined(5, 9)])
    assert [(await ear.message())["chat"] for _ in range(5)] == [0, 10, 1, 11, 9]
    assert metric("chat_publish_drops_total") == before + 6


# Layers that fail


class StockLayer(BaseChannelLayer):
    """A layer of the ordinary interface, which keeps what it was sent."""

    sent: list[tuple[str, dict[str, Any]]]

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self.sent = []

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.sent.append((group, message))


class BrokenOnceLayer(StockLayer):
    """A layer whose first message is lost with an error."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await super().group_send(group, message)
        if len(self.sent) == 1:
            raise ConnectionError("no broker")


class SilentOnceLayer(StockLayer):
    """A layer whose first message never gets an answer."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await super().group_send(group, message)
        if len(self.sent) == 1:
            await asyncio.Event().wait()


@pytest.fixture
def use_layer(settings):
    def use(layer: type[StockLayer]) -> None:
        settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.{layer.__name__}"}}

    return use


async def test_a_stock_layer_gets_one_group_message_after_another(use_layer):
    use_layer(StockLayer)
    publisher = Publisher()
    publisher.publish([tell_joined(5, 7), tell_joined(6, 7)])
    await publisher.drain()
    assert [group for group, _ in get_channel_layer().sent] == ["user.5", "user.6"]


@pytest.mark.parametrize("layer", [BrokenOnceLayer, SilentOnceLayer])
async def test_a_layer_that_fails_loses_a_publication_and_the_next_goes_out(use_layer, shrink, caplog, layer):
    use_layer(layer)
    shrink(publish_seconds=0.02)
    publisher = Publisher()
    before = metric("chat_publish_failures_total")
    publisher.publish([tell_joined(5, 7)])
    await publisher.drain()
    publisher.publish([tell_joined(5, 8)])
    await publisher.drain()
    assert [message["chat"] for _, message in get_channel_layer().sent] == [7, 8]
    assert metric("chat_publish_failures_total") == before + 1
    assert "1 publications were lost" in caplog.text


def test_a_layer_that_fails_is_no_error_of_who_publishes_from_a_thread(use_layer):
    use_layer(BrokenOnceLayer)
    publish_now([tell_joined(5, 7)])


@pytest.mark.parametrize(("receivers", "timed"), [(0, 0), (3, 1)])
def test_a_delivery_is_counted_for_each_receiver_and_timed_once(receivers, timed):
    def counts():
        return metric("chat_deliveries_total", what="event"), metric("chat_delivery_seconds_count")

    before = counts()
    count_delivery({"frames": [b"{}", b"{}"], "sent_at": time.time()}, receivers)
    assert counts() == (before[0] + 2 * receivers, before[1] + timed)
