"""Read receipts on the socket of who has switched them off, and of the others."""

from __future__ import annotations

import asyncio

import pytest

from messaging import accounts, services
from messaging.models import Account
from messaging.runtime import ensure_runtime
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def three(world):
    """Return three people and their chat, with messages 1 to 4 of the first."""
    people = await world.users("ann", "bob", "cid")
    chat = await world.group(*people)
    await world.say(people[0], chat, "1", "2", "3", "4")
    return *people, chat


async def expect_hearing(talk, hears: bool) -> None:
    """Wait until the connection of `talk` has heard of the switch."""
    (connection,) = (each for each in ensure_runtime().connections if each.claim.user == talk.user)
    async with asyncio.timeout(PATIENCE):
        while connection.hears_receipts is not hears:  # noqa: ASYNC110 -- nothing is told to the client
            await asyncio.sleep(0.01)


async def read(world, user: int, chat: int, seq: int) -> None:
    await world.call(services.mark_read, user=user, chat=chat, seq=seq)


async def test_off_since_before_the_connection_hides_both_ways(world, three, limits):
    limits(beat_seconds=60, publish_seconds=PATIENCE)
    ann, bob, cid, chat = three
    await world.call(accounts.set_receipts, user=bob, on=False)
    one, two = await world.join(ann), await world.join(bob)
    await read(world, bob, chat, 1)
    await read(world, cid, chat, 2)
    await one.expect("read", user=cid, seq=2)
    await two.expect_nothing()


async def test_an_open_connection_goes_by_the_switch(world, three, limits):
    limits(beat_seconds=60, publish_seconds=PATIENCE)
    _, bob, cid, chat = three
    talk = await world.join(bob)
    for on, seq in ((False, 1), (True, 2)):
        await world.call(accounts.set_receipts, user=bob, on=on)
        await expect_hearing(talk, on)
        await read(world, cid, chat, seq)
    await talk.expect("read", user=cid, seq=2)


async def test_a_switch_that_the_layer_lost_is_found_by_the_beat(world, three):
    _, bob, cid, chat = three
    talk = await world.join(bob)
    await world.call(Account.objects.create, user_id=bob, preferences={"receipts": False})
    await expect_hearing(talk, False)
    await read(world, cid, chat, 1)
    await talk.expect_nothing()


async def test_off_hides_no_typing(world, three):
    ann, bob, _, chat = three
    await world.call(accounts.set_receipts, user=bob, on=False)
    one, two = await world.join(ann), await world.join(bob)
    await one.expect_ack(await one.send("typing", chat=chat, on=True))
    await two.expect("typing", user=ann)


async def test_a_marker_that_is_not_told_is_stored(world, three):
    ann, bob, _, chat = three
    await world.call(accounts.set_receipts, user=bob, on=False)
    one, two = await world.join(ann), await world.join(bob)
    await two.expect_ack(await two.send("read", chat=chat, seq=3))
    await one.expect_nothing()
    again = await world.join(bob)
    assert again.ready["chats"][0]["read"] == 3
