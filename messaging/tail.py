"""The tail watcher: finds in the log what the channel layer lost and nothing follows (protocol §3, C7).

Every `tail_seconds` two indexed queries ask which chats and memberships changed of late, and those who follow them here are
told: the cost goes with the chats that are active, not with the connections. What even that could miss, because a commit
took long to show or a look failed, is found by a comparison of everything, now and then.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from messaging import metrics
from messaging.batcher import in_pages
from messaging.conf import get_limits
from messaging.database import close_lane, make_lane, run_in_lane
from messaging.selectors import chats_of, read_changes, read_heads, sum_memberships
from messaging.tasks import end_tasks

logger = logging.getLogger(__name__)

# A stamp is of the last statement before its COMMIT: each look goes back this far behind the one before.
_OVERLAP_SECONDS = 30
_FULL_SECONDS = 60.0
# Users or chats in one statement of a comparison, and looks between which others get the loop.
_AT_ONCE = 500


class Follower(Protocol):
    """A connection whose streams are to be level with the log."""

    user: int

    def look(self, chat: int, head: int) -> None:
        """Take note that the log of `chat` has come to `head`."""

    def find(self, chats: Sequence[int]) -> None:
        """Take note that the user is a member of these chats."""

    def sum_of_chats(self) -> tuple[int, int]:
        """Return how many chats have a stream, and the sum of their ids."""

    def compare(self, chats: Sequence[int]) -> None:
        """Take note that these are all chats of the user."""


class TailWatcher:
    """Tells the followers of one process what changed in the log, in the background, until it is stopped."""

    def __init__(self) -> None:
        self._lane = make_lane("tail")
        self._by_chat: dict[int, set[Follower]] = {}
        self._by_user: defaultdict[int, set[Follower]] = defaultdict(set)
        # The store's clock at the last look; None before the first, and after one that failed.
        self._looked_at: Any = None
        self._compare_at = 0.0
        self._look_at = 0.0
        # What the last look found: whoever follows a chat was told of these heads.
        self._told: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.get_running_loop().create_task(self._watch())

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            await end_tasks([self._task])
        close_lane(self._lane)

    # Who follows what

    def enter(self, follower: Follower) -> None:
        """Begin to tell a connection of its user's new chats."""
        self._by_user[follower.user].add(follower)

    def leave(self, follower: Follower) -> None:
        """Tell a connection nothing of new chats any more."""
        followers = self._by_user[follower.user]
        followers.discard(follower)
        if not followers:
            del self._by_user[follower.user]

    def follow(self, chat: int, follower: Follower) -> None:
        """Begin to tell a connection of a chat's events; to be called before the place of its stream is read."""
        self._by_chat.setdefault(chat, set()).add(follower)

    def unfollow(self, chat: int, follower: Follower) -> None:
        """Tell a connection nothing of that chat any more."""
        followers = self._by_chat.get(chat, set())
        followers.discard(follower)
        if not followers:
            self._by_chat.pop(chat, None)

    # Looking

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self._look()
                if loop.time() >= self._compare_at:
                    await self._compare()
                    self._compare_at = loop.time() + _FULL_SECONDS
            except Exception:
                # What changed meanwhile may be out of sight for the next look.
                self._looked_at, self._compare_at = None, 0.0
                metrics.TAIL_FAILURES.inc()
                logger.warning("The tail of the log could not be read; trying again.", exc_info=True)
            await asyncio.sleep(get_limits().tail_seconds)

    async def _look(self) -> None:
        self._look_at = asyncio.get_running_loop().time() + get_limits().tail_seconds
        changes = await run_in_lane(self._lane, read_changes, self._looked_at, _OVERLAP_SECONDS)
        self._looked_at = changes.at
        told, self._told = self._told, dict(changes.heads)
        await self._tell_heads((chat, head) for chat, head in changes.heads if told.get(chat) != head)
        for user, chats in changes.memberships:
            for follower in tuple(self._by_user.get(user, ())):
                follower.find(chats)

    async def _tell_heads(self, heads: Iterable[tuple[int, int]]) -> None:
        looks = 0
        for chat, head in heads:
            for follower in tuple(self._by_chat.get(chat, ())):
                follower.look(chat, head)
                looks += 1
            if looks >= _AT_ONCE:
                looks = 0
                await asyncio.sleep(0)

    async def _compare(self) -> None:
        """Hold every stream against its head, and every user's streams against the memberships."""
        for chats in in_pages(list(self._by_chat), _AT_ONCE):
            await self._tell_heads(await run_in_lane(self._lane, read_heads, chats))
            await self._look_if_due()
        for users in in_pages(list(self._by_user), _AT_ONCE):
            sums = await run_in_lane(self._lane, sum_memberships, users)
            differing = [f for user in users for f in self._by_user.get(user, ()) if f.sum_of_chats() != sums[user]]
            for follower in differing:
                follower.compare(await run_in_lane(self._lane, chats_of, follower.user))
            await self._look_if_due()

    async def _look_if_due(self) -> None:
        """Look between the pages of a comparison that takes long."""
        if asyncio.get_running_loop().time() >= self._look_at:
            await self._look()
