"""Those who watch are told what differs from what they know, and nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.db import OperationalError

from messaging import accounts, presence
from messaging.connections.beat import remove_nodes
from messaging.database import run_in_thread
from messaging.models import Account, Connection
from messaging.presence import PresenceWatcher, read_moves, read_presence
from messaging.protocol.frames import PresenceState
from tests.messaging.comings import GRACE, come, go, meet
from tests.messaging.connections.peers import age
from tests.messaging.world import metric
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


class Peer:
    """A connection that notes what it is told, while it has room."""

    def __init__(self, user: int) -> None:
        self.user = user
        self.has_room = True
        self.told: asyncio.Queue[Any] = asyncio.Queue()

    def tell_signal(self, frame: bytes) -> bool:
        if self.has_room:
            self.told.put_nowait(json.loads(frame))
        return self.has_room

    def heard(self) -> list[tuple[int, bool]]:
        """Return what it was told and has not been asked for."""
        frames = [self.told.get_nowait() for _ in range(self.told.qsize())]
        assert all(list(frame) == ["type", "user", "online", "last_seen_at"] for frame in frames)
        return [(frame["user"], frame["online"]) for frame in frames]


@pytest.fixture
async def watcher(shrink: Callable[..., None]) -> AsyncIterator[PresenceWatcher]:
    """Yield a watcher that has not begun."""
    shrink(presence_grace_seconds=GRACE, presence_seconds=0.02)
    made = PresenceWatcher()
    yield made
    await made.stop()


async def watch(watcher: PresenceWatcher, user: int, *users: int) -> Peer:
    """Watch as the command does."""
    peer = Peer(user)
    states = await run_in_thread(read_presence, [(user, other) for other in users])
    watcher.watch(peer, users, states.values())
    return peer


async def test_a_watcher_is_told_of_coming_and_of_going_once(watcher):
    ann, bob = await run_in_thread(meet, "ann", "bob")
    peer = await watch(watcher, ann, bob)
    await run_in_thread(come, bob)
    for _ in range(2):
        await watcher._look()
    assert peer.heard() == [(bob, True)]
    await run_in_thread(lambda: go(bob, ago=GRACE + 1))
    for _ in range(2):
        await watcher._look()
    assert peer.heard() == [(bob, False)]


async def test_nothing_is_told_of_who_comes_back_within_the_grace(watcher):
    ann, bob = await run_in_thread(meet, "ann", "bob")
    await run_in_thread(come, bob)
    peer = await watch(watcher, ann, bob)
    for change in (go, come):
        await run_in_thread(change, bob)
        await watcher._look()
        await watcher._compare()
    assert peer.heard() == []


async def test_everybody_of_a_process_that_is_swept_is_told_after_the_grace(watcher):
    ann, bob, eve = await run_in_thread(meet, "ann", "bob", "eve")
    await run_in_thread(come, bob, eve)
    peer = await watch(watcher, ann, bob, eve)
    await run_in_thread(remove_nodes, ["n1"])
    await watcher._look()
    assert peer.heard() == []
    await run_in_thread(lambda: age(Account.objects.all(), "last_seen_at", GRACE + 1))
    await watcher._look()
    assert sorted(peer.heard()) == [(bob, False), (eve, False)]


async def test_only_those_who_watch_and_may_see_are_told(watcher):
    ann, bob, eve, joe = await run_in_thread(meet, "ann", "bob", "eve", "joe")
    await run_in_thread(lambda: accounts.block_user(user=bob, blocked=eve))
    peers = {user: await watch(watcher, user, other) for user, other in ((ann, bob), (eve, bob), (joe, ann))}
    await run_in_thread(come, bob)
    await watcher._look()
    assert {user: peer.heard() for user, peer in peers.items()} == {ann: [(bob, True)], eve: [], joe: []}


async def test_a_new_list_takes_the_place_of_the_one_before(watcher):
    ann, bob, eve = await run_in_thread(meet, "ann", "bob", "eve")
    peer = await watch(watcher, ann, bob)
    watcher.watch(peer, [eve], [])
    await run_in_thread(come, bob, eve)
    await watcher._look()
    assert peer.heard() == [(eve, True)]


async def test_who_watches_nobody_or_has_left_is_told_nothing_and_costs_nothing(watcher):
    ann, bob = await run_in_thread(meet, "ann", "bob")
    one, two = await watch(watcher, ann, bob), await watch(watcher, ann, bob)
    watcher.watch(one, [], [])
    watcher.unwatch(two)
    watcher.unwatch(two)
    await run_in_thread(come, bob)
    await watcher._look()
    assert (one.heard(), two.heard(), watcher._looked_at) == ([], [], None)


async def test_one_without_room_is_told_when_it_has_some(watcher):
    ann, bob = await run_in_thread(meet, "ann", "bob")
    peer = await watch(watcher, ann, bob)
    peer.has_room = False
    await run_in_thread(come, bob)
    await watcher._look()
    peer.has_room = True
    await watcher._compare()
    assert peer.heard() == [(bob, True)]


async def test_a_comparison_finds_what_no_look_saw(watcher):
    ann, bob, eve = await run_in_thread(meet, "ann", "bob", "eve")
    await run_in_thread(come, bob)
    peer = await watch(watcher, ann, bob, eve)

    def change_out_of_sight() -> None:
        come(eve)
        age(Connection.objects.filter(user=eve), "since", 60)
        go(bob, ago=GRACE + 60)

    await run_in_thread(change_out_of_sight)
    await watcher._look()
    assert peer.heard() == []
    await watcher._compare()
    assert sorted(peer.heard()) == [(bob, False), (eve, True)]


async def test_a_comparison_of_very_many_goes_on_with_the_next_looks(watcher, monkeypatch):
    monkeypatch.setattr(presence, "_COMPARED_AT_ONCE", 2)
    ann, bob, eve = await run_in_thread(meet, "ann", "bob", "eve")
    peers = [await watch(watcher, ann, bob) for _ in range(5)]
    gone = await watch(watcher, ann, bob)
    await run_in_thread(come, bob)
    told = []
    for _ in range(3):
        await watcher._compare()
        watcher.unwatch(gone)
        watcher.watch(peers[0], [eve], [])
        told.append(sum(not peer.told.empty() for peer in [*peers, gone]))
    # Who has gone meanwhile, or watches others, is passed over.
    assert told == [2, 4, 5]
    assert (len(watcher._uncompared), peers[0].heard()) == (0, [])


@pytest.mark.parametrize("hides", ["block", "nobody"])
async def test_who_may_not_be_seen_any_more_is_offline_and_the_true_moment_is_not_told(watcher, hides):
    ann, bob = await run_in_thread(meet, "ann", "bob")
    await run_in_thread(come, bob)
    peer = await watch(watcher, ann, bob)
    if hides == "block":
        await run_in_thread(lambda: accounts.block_user(user=bob, blocked=ann))
    else:
        await run_in_thread(lambda: accounts.set_preference(user=bob, name="presence", value="nobody"))
    await run_in_thread(lambda: go(bob, ago=GRACE + 1))
    await watcher._look()
    assert peer.heard() == []
    for _ in range(2):
        await watcher._compare()
    frame = peer.told.get_nowait()
    assert (frame["online"], frame["last_seen_at"]) == (False, None)
    assert peer.heard() == []


async def test_who_may_be_seen_again_is_told(watcher):
    ann, bob = await run_in_thread(meet, "ann", "bob")
    await run_in_thread(lambda: accounts.block_user(user=bob, blocked=ann))
    await run_in_thread(come, bob)
    peer = await watch(watcher, ann, bob)
    await watcher._compare()
    assert peer.heard() == []
    await run_in_thread(lambda: accounts.unblock_user(user=bob, blocked=ann))
    await watcher._compare()
    assert peer.heard() == [(bob, True)]


async def test_a_look_older_than_what_was_told_tells_nothing(watcher, monkeypatch):
    ann, bob = await run_in_thread(meet, "ann", "bob")
    await run_in_thread(come, bob)
    peer = await watch(watcher, ann, bob)
    real = presence.read_moves

    def read_of_before(since: Any, overlap: float) -> Any:
        moves = real(since, overlap)
        return presence.Moves(moves.at, [PresenceState(user=bob, online=False, last_seen_at=None)])

    monkeypatch.setattr(presence, "read_moves", read_of_before)
    await watcher._look()
    assert peer.heard() == []


async def test_what_everybody_knows_is_not_read_again(watcher, monkeypatch):
    ann, bob = await run_in_thread(meet, "ann", "bob")
    await run_in_thread(come, bob)
    await watch(watcher, ann, bob)
    asked: list[Any] = []

    def note(pairs: Any) -> Any:
        asked.extend(pairs)
        return read_presence(pairs)

    monkeypatch.setattr(presence, "read_presence", note)
    await watcher._look()
    assert asked == []
    assert [state.user for state in (await run_in_thread(read_moves, None, 10)).states] == [bob]


async def test_who_watches_others_meanwhile_is_not_told_of_those_before(watcher, monkeypatch):
    ann, bob, eve = await run_in_thread(meet, "ann", "bob", "eve")
    peer = await watch(watcher, ann, bob)
    await run_in_thread(come, bob)

    def read_while_the_list_changes(pairs: Any) -> Any:
        watcher.watch(peer, [eve], [])
        return read_presence(pairs)

    monkeypatch.setattr(presence, "read_presence", read_while_the_list_changes)
    await watcher._look()
    assert peer.heard() == []


async def test_after_a_failure_everything_is_compared(watcher, monkeypatch):
    ann, bob = await run_in_thread(meet, "ann", "bob")
    peer = await watch(watcher, ann, bob)
    real, failures = presence.read_moves, metric("chat_presence_failures_total")
    failed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def fail_once(since: Any, overlap: float) -> Any:
        monkeypatch.setattr(presence, "read_moves", real)
        come(bob)
        age(Connection.objects.all(), "since", 60)
        loop.call_soon_threadsafe(failed.set)
        raise OperationalError

    # The comparison of the beginning is over.
    watcher._compare_at = loop.time() + 1000
    monkeypatch.setattr(presence, "read_moves", fail_once)
    watcher.start()
    await failed.wait()
    async with asyncio.timeout(PATIENCE):
        assert (await peer.told.get())["user"] == bob
    assert metric("chat_presence_failures_total") == failures + 1
