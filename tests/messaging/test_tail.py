"""The tail watcher: what changed in the log reaches who follows it here, whatever became of the channel layer's word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import F
from django.db.models.functions import Now

from messaging import tail
from messaging.database import run_in_thread
from messaging.log import append
from messaging.models import Chat, Membership
from messaging.selectors import read_changes, read_heads, sum_memberships
from messaging.tail import TailWatcher
from tests.messaging.world import addition, make_group, make_users, message, removal
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


class Follower:
    """A connection that notes what it is told."""

    def __init__(self, user: int, *chats: int) -> None:
        self.user = user
        self.chats = chats
        self.told: asyncio.Queue[Any] = asyncio.Queue()

    def look(self, chat: int, head: int) -> None:
        self.told.put_nowait((chat, head))

    def find(self, chats: Sequence[int]) -> None:
        for chat in chats:
            self.told.put_nowait(chat)

    def sum_of_chats(self) -> tuple[int, int]:
        return len(self.chats), sum(self.chats)

    def compare(self, chats: Sequence[int]) -> None:
        self.told.put_nowait(list(chats))

    async def expect(self, what: Any) -> None:
        """Wait until this is told, past what else is."""
        async with asyncio.timeout(PATIENCE):
            while await self.told.get() != what:
                pass


@pytest.fixture
async def watcher(shrink: Callable[..., None]) -> AsyncIterator[TailWatcher]:
    """Yield a watcher that looks often."""
    shrink(tail_seconds=0.02)
    made = TailWatcher()
    yield made
    await made.stop()


def make_chat() -> tuple[int, int, int]:
    ann, bob = make_users("ann", "bob")
    return ann, bob, make_group(ann)


async def write(*writes: Any) -> None:
    await run_in_thread(append, writes)


def forget(chats: Sequence[int]) -> None:
    """Let what was changed have been changed long ago."""
    Chat.objects.filter(pk__in=chats).update(active_at=F("active_at") - DAY)
    Membership.objects.filter(chat__in=chats).update(changed_at=F("changed_at") - DAY)


async def test_who_follows_a_chat_is_told_of_its_head(watcher):
    ann, _, chat = await run_in_thread(make_chat)
    follower, stranger = Follower(ann), Follower(ann)
    watcher.follow(chat, follower)
    watcher.follow(chat + 1, stranger)
    watcher.start()
    await write(message(chat, ann), message(chat, ann))
    await follower.expect((chat, 2))
    assert stranger.told.empty()


async def test_a_head_is_told_once(watcher):
    ann, _, chat = await run_in_thread(make_chat)
    follower = Follower(ann)
    watcher.follow(chat, follower)
    await write(message(chat, ann))
    for _ in range(3):
        await watcher._look()
    assert [follower.told.get_nowait() for _ in range(follower.told.qsize())] == [(chat, 1)]


async def test_a_user_is_told_of_a_new_membership_until_it_was_surely_seen(watcher):
    ann, bob, chat = await run_in_thread(make_chat)
    follower = Follower(bob)
    watcher.enter(follower)
    await write(addition(chat, ann, bob))
    for _ in range(2):
        await watcher._look()
    assert [follower.told.get_nowait() for _ in range(follower.told.qsize())] == [chat, chat]


async def test_who_left_is_told_nothing(watcher):
    ann, bob, chat = await run_in_thread(make_chat)
    follower = Follower(bob)
    watcher.enter(follower)
    watcher.leave(follower)
    watcher.follow(chat, follower)
    watcher.unfollow(chat, follower)
    await write(addition(chat, ann, bob))
    await watcher._look()
    await watcher._compare()
    assert follower.told.empty()


async def test_a_comparison_finds_what_is_too_old_for_a_look(watcher):
    ann, bob, chat = await run_in_thread(make_chat)
    await write(message(chat, ann), addition(chat, ann, bob))
    await run_in_thread(forget, [chat])
    behind, missing, level = Follower(ann, chat), Follower(bob), Follower(bob, chat)
    watcher.follow(chat, behind)
    for follower in (behind, missing, level):
        watcher.enter(follower)
    await watcher._look()
    assert behind.told.empty()
    await watcher._compare()
    assert (behind.told.get_nowait(), missing.told.get_nowait()) == ((chat, 2), [chat])
    assert level.told.empty()


async def test_after_a_look_that_failed_everything_is_compared(watcher, monkeypatch):
    ann, _, chat = await run_in_thread(make_chat)
    await write(message(chat, ann))
    await run_in_thread(forget, [chat])
    failures = [OperationalError("away")] * 3

    def read(*arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return read_changes(*arguments)

    monkeypatch.setattr(tail, "read_changes", read)
    follower = Follower(ann)
    watcher.follow(chat, follower)
    watcher.start()
    await follower.expect((chat, 1))
    assert failures == []


def test_a_look_goes_back_behind_the_one_before():
    ann, _, chat = make_chat()
    first = read_changes(None, 30)
    assert first.heads == [(chat, 0)]
    Chat.objects.update(active_at=Now() - timedelta(seconds=45))
    assert read_changes(first.at, 30).heads == []
    assert read_changes(first.at, 50).heads == [(chat, 0)]
    append([message(chat, ann)])
    assert read_changes(first.at, 30).heads == [(chat, 1)]


@pytest.mark.parametrize("since", [-DAY, DAY])
def test_a_clock_of_the_store_that_was_set_hides_nothing(since):
    """Set forward since the last look, and set back."""
    _, _, chat = make_chat()
    looked_at = read_changes(None, 30).at
    if isinstance(looked_at, str):
        pytest.skip("SQLite's clock is of this machine")
    Chat.objects.update(active_at=Now() + min(since, timedelta(0)))
    assert read_changes(looked_at + since, 30).heads == [(chat, 0)]


def test_heads_and_sums_are_of_what_was_asked():
    ann, bob, chat = make_chat()
    other = make_group(bob, ann)
    append([message(chat, ann), message(other, ann), removal(other, ann, ann)])
    assert read_heads([chat]) == [(chat, 1)]
    assert sum_memberships([ann, bob, bob + 1]) == {ann: (1, chat), bob: (1, other), bob + 1: (0, 0)}
