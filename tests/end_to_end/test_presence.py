"""Who is online, across server processes and their ends."""

from __future__ import annotations

import asyncio
import time

import pytest

pytestmark = pytest.mark.services

GRACE = 1.0
WAITS = {
    "BEAT_SECONDS": "0.1",
    "SWEEP_SECONDS": "0.1",
    "NODE_SILENCE_SECONDS": "0.5",
    "PRESENCE_SECONDS": "0.1",
    "PRESENCE_GRACE_SECONDS": f"{GRACE:g}",
}


@pytest.fixture
async def pair(start_server, sign_up):
    """Return two processes, Ann connected to the second of them, and Bob, who is not connected and shares a chat with her."""
    doomed, other = await start_server(**WAITS), await start_server(**WAITS)
    ann, bob = await sign_up(other, "ann", "bob")
    await ann.rest.create_chat("private", [bob.id])
    return doomed, other, await ann.join(), bob


async def watch(talk, user: int) -> list[tuple[bool, bool]]:
    """Watch one user; return whether each that is seen is online, and whether it is said when it was last."""
    ack = await talk.expect_ack(await talk.send("presence.watch", users=[user]))
    return [(state["online"], state["last_seen_at"] is not None) for state in ack["states"]]


async def test_a_user_of_a_killed_process_goes_offline_after_the_sweep_and_the_grace(pair):
    doomed, _, one, bob = pair
    assert await watch(one, bob.id) == [(False, False)]
    await bob.at(doomed).join()
    await one.expect("presence", user=bob.id, online=True)
    killed = time.monotonic()
    await doomed.kill()
    gone = await one.expect("presence", user=bob.id, online=False)
    assert time.monotonic() - killed >= GRACE
    assert gone["last_seen_at"].endswith("Z")
    assert await watch(one, bob.id) == [(False, True)]


async def test_nothing_is_told_of_a_user_who_comes_back_at_another_process_within_the_grace(pair):
    doomed, other, one, bob = pair
    await bob.at(doomed).join()
    assert await watch(one, bob.id) == [(True, False)]
    await doomed.kill()
    # The same device takes its claim over before or after the sweep: to Ann there is no difference.
    await bob.at(other).join()
    # What would be told would be told by then.
    await asyncio.sleep(3 * GRACE)
    await one.expect_nothing()
    assert await watch(one, bob.id) == [(True, False)]


async def test_a_user_who_is_sent_elsewhere_by_a_drain_was_never_away(pair):
    doomed, other, one, bob = pair
    two = await bob.at(doomed).join()
    assert await watch(one, bob.id) == [(True, False)]
    stopping = asyncio.ensure_future(doomed.stop())
    await two.expect_close(4100)
    await bob.at(other).join()
    await stopping
    # What would be told would be told by then.
    await asyncio.sleep(2 * GRACE)
    await one.expect_nothing()
