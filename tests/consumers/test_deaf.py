"""What the channel layer lost and nothing follows: the tail watcher finds it in the log (C7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import channel_layers

from messaging import services
from messaging.database import run_in_thread
from messaging.layers import InMemoryLayer
from messaging.models import Store
from messaging.runtime import ensure_runtime
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


class DeafLayer(InMemoryLayer):
    """Loses every group message, does not take joins, and never answers a leave, while it is told to."""

    loses = True
    refuses = False
    hangs = False

    async def joined(self, group: str) -> None:
        """Return when somebody is in a group."""
        async with asyncio.timeout(PATIENCE):
            while group not in self.groups:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if not self.loses:
            await super().group_send(group, message)

    async def group_add(self, group: str, channel: str) -> None:
        if self.refuses:
            raise ConnectionError
        await super().group_add(group, channel)

    async def group_discard(self, group: str, channel: str) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        await super().group_discard(group, channel)


@pytest.fixture(autouse=True)
def layer(limits: Callable[..., None]) -> DeafLayer:
    """Return the layer of this process, whose faults are soon found out."""
    limits(tail_seconds=0.05, canary_seconds=0.05, publish_seconds=0.1, hole_seconds=0.01)
    layer = DeafLayer()
    channel_layers.backends["default"] = layer
    return layer


async def test_an_event_that_nothing_follows_arrives(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    listener = await world.join(bob)
    await world.say(ann, chat, "lost")
    await listener.expect_event(chat, 1, text="lost")
    await listener.expect_nothing()


async def test_a_new_chat_is_told(world):
    ann, bob = await world.users("ann", "bob")
    listener = await world.join(bob)
    chat = await world.group(ann, bob)
    await listener.expect("chat.joined", chat=chat, head=0, **{"from": 1})
    await world.say(ann, chat, "hi")
    await listener.expect_event(chat, 1, text="hi")


async def test_a_removal_ends_the_stream_and_an_addition_opens_the_next(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    listener = await world.join(bob)
    await world.call(services.remove_member, actor=ann, chat=chat, user=bob)
    await listener.expect_event(chat, 1, "member.removed", user=bob)
    await world.say(ann, chat, "unseen")
    await listener.expect_nothing()
    await world.call(services.add_member, actor=ann, chat=chat, user=bob)
    await listener.expect("chat.joined", chat=chat, head=3, **{"from": 3})
    await listener.expect_event(chat, 3, "member.added", user=bob)


async def test_what_was_written_while_hello_was_under_way_arrives(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    listener = await world.connect(bob)
    await world.say(ann, chat, "before")
    await listener.hello(resume={chat: 0}, epoch=await world.epoch())
    await listener.expect_event(chat, 1)
    await listener.expect("caught_up")
    await world.say(ann, chat, "after")
    await listener.expect_event(chat, 2)


async def test_a_write_under_another_epoch_is_left_to_the_next_connection(world):
    (ann,) = await world.users("ann")
    chat = await world.group(ann)
    talk = await world.join(ann)
    await run_in_thread(lambda: Store.objects.update(epoch="restored"))
    await talk.say(chat, id="a")
    bye = await talk.expect_close(4100)
    assert bye["retry_after"] > 0
    again = await world.join(ann)
    await again.say(chat, id="a")
    await again.expect("ack", id="a", seq=1, duplicate=True)


async def test_joins_that_failed_are_repeated_when_the_layer_is_heard_again(world, layer):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    layer.refuses = True
    listener = await world.join(bob)
    assert f"chat.{chat}" not in layer.groups
    layer.refuses = layer.loses = False
    await layer.joined(f"chat.{chat}")
    assert f"user.{bob}" in layer.groups
    await world.say(ann, chat, "heard")
    await listener.expect_event(chat, 1, text="heard")


async def test_a_leave_that_the_layer_never_answers_holds_up_no_join(world, layer):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    listener = await world.join(bob)
    layer.hangs, layer.loses = True, False
    await world.call(services.remove_member, actor=ann, chat=chat, user=bob)
    await listener.expect_event(chat, 1, "member.removed", user=bob)
    other = await world.group(ann, bob)
    await listener.expect("chat.joined", chat=other, head=0, **{"from": 1})
    layer.hangs = False


async def test_who_has_left_is_told_of_nothing_any_more(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    listener = await world.join(bob)
    await world.call(services.remove_member, actor=ann, chat=chat, user=bob)
    await listener.expect_event(chat, 1, "member.removed", user=bob)
    await listener.leave()
    await world.settle()
    tail = ensure_runtime().tail
    assert (tail._by_chat, dict(tail._by_user)) == ({}, {})
