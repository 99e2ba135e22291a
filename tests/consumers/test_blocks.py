"""What two people of whom one blocks the other hear of each other over their sockets."""

from __future__ import annotations

import pytest

from messaging import accounts, services

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def pair(world):
    """Return two connected people, their private chat and a group of both; the second blocks the first."""
    ann, bob = await world.users("ann", "bob")
    chat, _ = await world.call(services.create_chat, creator=ann, kind="private", members=[bob])
    group = await world.group(ann, bob)
    await world.say(bob, chat, "one")
    one, two = await world.join(ann), await world.join(bob)
    await world.call(accounts.block_user, user=bob, blocked=ann)
    return one, two, chat, group


async def test_a_message_in_a_blocked_private_chat_is_forbidden(pair):
    one, two, chat, group = pair
    for talk in (one, two):
        id = await talk.say(chat)
        await talk.expect_error("forbidden", id=id, chat=chat)
    id = await one.say(group)
    await one.expect_ack(id, chat=group, seq=1)
    await two.expect_event(group, 1)


async def test_signals_of_a_blocked_private_chat_are_silent(pair):
    one, two, chat, group = pair
    await one.expect_ack(await one.send("typing", chat=chat, on=True))
    await one.expect_ack(await one.send("read", chat=chat, seq=1))
    await two.expect_nothing()
    await one.expect_ack(await one.send("typing", chat=group, on=True))
    await two.expect("typing", chat=group, user=one.user, on=True)
