"""The host application's own signals over the socket."""

from __future__ import annotations

from typing import cast

import pytest
from channels.layers import InMemoryChannelLayer

from consumers.chat import ChatConsumer
from messaging.host import anotify
from messaging.runtime import ensure_runtime

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_signal_reaches_its_user_and_nobody_else(world):
    ann, bob = await world.users("ann", "bob")
    await world.group(ann, bob)
    one, two = await world.join(ann), await world.join(bob)
    await anotify(ann, "app.order_shipped", {"order": 4711})
    assert await one.expect("app.order_shipped") == {"type": "app.order_shipped", "order": 4711}
    await two.expect_nothing()


async def test_a_signal_is_not_told_before_ready_and_not_kept(world):
    ann = await world.user("ann")
    talk = await world.connect(ann)
    (consumer,) = (cast(ChatConsumer, connection) for connection in ensure_runtime().connections)
    consumer.hear({"type": "user.signal", "frame": b'{"type":"app.early"}'})  # as while its groups are being joined
    await talk.hello()
    await talk.expect("caught_up")
    await anotify(ann, "app.late")
    await talk.expect("app.late")


async def test_a_signal_is_dropped_for_a_peer_that_leaves_too_much_unread(world, limits):
    ann = await world.user("ann")
    talk = await world.join(ann)
    bounds = ensure_runtime().connections
    room, bounds.pending_most = bounds.pending_most, 0
    await anotify(ann, "app.lost")
    await talk.expect_nothing()
    bounds.pending_most = room
    await anotify(ann, "app.told")
    await talk.expect("app.told")


async def test_a_stock_layer_carries_signals_too(world, monkeypatch):
    monkeypatch.setattr("channels.layers.channel_layers.backends", {"default": InMemoryChannelLayer()})
    ann = await world.user("ann")
    talk = await world.join(ann)
    await anotify(ann, "app.order_shipped", {"order": 4711})
    await talk.expect("app.order_shipped", order=4711)


@pytest.mark.parametrize("name", ["app.order_shipped", "app.", "app"])
async def test_a_client_has_no_signals_of_the_host(world, name):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    one, two = await world.join(ann), await world.join(bob)
    await one.expect_error("unknown_type", id=await one.send(name, chat=chat, order=4711))
    await two.expect_nothing()
