"""`presence.watch` over the socket, and what those who watch are told."""

from __future__ import annotations

import pytest

from messaging import accounts
from messaging.runtime import ensure_runtime

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def people(world, limits):
    """Return the first of three people who share a group, connected, and the ids of the others."""
    limits(presence_seconds=0.02, presence_grace_seconds=0.1)
    ann, bob, eve = await world.users("ann", "bob", "eve")
    await world.group(ann, bob, eve)
    return await world.join(ann), bob, eve


async def watch(talk, *users):
    """Watch, and return what the ack says of whom."""
    ack = await talk.expect_ack(await talk.send("presence.watch", users=users))
    return [(state["user"], state["online"]) for state in ack["states"]]


async def test_the_ack_says_who_is_there_in_the_order_asked_and_leaves_out_who_is_not_seen(people, world):
    one, bob, eve = people
    (stranger,) = await world.users("joe")
    await world.join(bob)
    assert await watch(one, eve, 10**9, bob, one.user, stranger, bob) == [(eve, False), (bob, True)]


async def test_coming_and_going_are_told_to_who_watches(people, world):
    one, bob, eve = people
    assert await watch(one, bob) == [(bob, False)]
    two, _ = await world.join(bob), await world.join(eve)
    await one.expect("presence", user=bob, online=True, last_seen_at=None)
    await two.leave()
    gone = await one.expect("presence", user=bob, online=False)
    assert gone["last_seen_at"].endswith("Z")
    assert list(gone) == ["type", "user", "online", "last_seen_at"]
    await one.expect_nothing()


async def test_who_comes_back_within_the_grace_was_never_away(people, world, limits):
    one, bob, _ = people
    limits(presence_seconds=0.02, presence_grace_seconds=60)
    two = await world.join(bob)
    assert await watch(one, bob) == [(bob, True)]
    await two.leave()
    await world.settle()
    assert await watch(one, bob) == [(bob, True)]
    await world.join(bob)
    await one.expect_nothing()


async def test_nothing_is_told_to_who_watches_nobody_any_more(people, world):
    one, bob, _ = people
    await watch(one, bob)
    assert await watch(one) == []
    await world.join(bob)
    await one.expect_nothing()


async def test_nobody_may_watch_more_than_two_hundred(people):
    one, _, _ = people
    await one.expect_error("bad_frame", id=await one.send("presence.watch", users=list(range(201))), field="users")
    await one.expect_ack(await one.send("presence.watch", users=list(range(200))))


async def test_a_block_ends_it_for_both(people, world):
    one, bob, _ = people
    two = await world.join(bob)
    await world.call(accounts.block_user, user=bob, blocked=one.user)
    assert (await watch(one, bob), await watch(two, one.user)) == ([], [])


async def test_a_connection_that_ended_is_forgotten(people, world):
    one, bob, _ = people
    await watch(one, bob)
    assert len(ensure_runtime().presence) == 1
    await one.leave()
    assert len(ensure_runtime().presence) == 0
