"""Who is online: derived from the claims and from when the last one ended, told to those who watch and to nobody else.

Every `presence_seconds` one indexed query asks who came of late and whose grace has ended: the cost goes with those who come
and go, not with those who watch. A connection is told what differs from what it was told before, so nothing that was lost
or late needs a case of its own; a comparison of everything, now and then, finds what the looks could miss.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from messaging import metrics
from messaging.batcher import in_pages
from messaging.blocks import sql_blocked
from messaging.conf import get_limits
from messaging.database import (
    as_json,
    as_wire_time,
    close_lane,
    fetch,
    make_lane,
    run_in_lane,
    sql_member,
    sql_now,
    sql_rows,
    sql_seconds_ago,
    sql_since,
)
from messaging.models import PresenceShown
from messaging.protocol.codec import encode
from messaging.protocol.frames import Presence, PresenceState
from messaging.tasks import end_tasks

logger = logging.getLogger(__name__)

# A claim commits a moment after its stamp: each look goes back this far behind the one before.
_OVERLAP_SECONDS = 10
_FULL_SECONDS = 60.0
# Pairs of a watcher and a watched user in one statement; and, or a list more, in the part of the comparison that goes with
# one look: of half a million the looks must not wait for all.
_AT_ONCE = 500
_COMPARED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Moves:
    """Who came and who went of late; `at` on the store's clock."""

    at: Any
    states: list[PresenceState]


def read_moves(since: Any, overlap: float) -> Moves:
    """Return who came, and whose grace ended, from `overlap` seconds before a look at `since`, or before now for None.

    Uses indexes connection_by_coming and account_by_leaving.
    """
    grace = get_limits().presence_grace_seconds
    sql = f"""
        SELECT {sql_now()}, c.user_id, NULL FROM messaging_store s
        LEFT JOIN messaging_connection c ON c.since >= {sql_since()} WHERE s.id = 1
        UNION ALL
        SELECT NULL, a.user_id, a.last_seen_at FROM messaging_account a
        WHERE a.last_seen_at >= {sql_since()} AND a.last_seen_at < {sql_seconds_ago()}
        AND NOT EXISTS (SELECT 1 FROM messaging_connection c WHERE c.user_id = a.user_id)
    """
    rows = fetch(sql, [since, overlap, since, overlap + grace, grace])
    # The clock before what is found: who moves in between is found by the next look.
    at = min(at for at, _, _ in rows if at is not None)
    return Moves(at, [_state(user, not seen_at, seen_at) for _, user, seen_at in rows if user is not None])


def read_presence(pairs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], PresenceState]:
    """Return, of each pair (viewer, user), the presence of the user, where the viewer may see it.

    It is seen by those who share a chat, unless one of the two blocks the other or shows its own to nobody. Nobody sees
    themselves. Who went counts as online within the grace.
    """
    if not pairs:
        return {}
    sql = f"""
        SELECT r.viewer, r.viewed, c.user_id IS NOT NULL OR COALESCE(a.last_seen_at >= {sql_seconds_ago()}, false),
               a.last_seen_at
        FROM {sql_rows(viewer=int, viewed=int)}
        LEFT JOIN messaging_connection c ON c.user_id = r.viewed
        LEFT JOIN messaging_account a ON a.user_id = r.viewed
        LEFT JOIN messaging_account v ON v.user_id = r.viewer
        WHERE r.viewer <> r.viewed AND {_sql_shows("a")} AND {_sql_shows("v")} AND NOT {sql_blocked("r.viewer", "r.viewed")}
        AND EXISTS (
            SELECT 1 FROM messaging_membership m
            JOIN messaging_membership o ON o.chat_id = m.chat_id AND o.user_id = r.viewed AND o.left_seq IS NULL
            WHERE m.user_id = r.viewer AND m.left_seq IS NULL
        )
    """
    asked = as_json([{"viewer": viewer, "viewed": viewed} for viewer, viewed in pairs])
    rows = fetch(sql, [get_limits().presence_grace_seconds, asked])
    return {(viewer, user): _state(user, online, seen_at) for viewer, user, online, seen_at in rows}


def _sql_shows(account: str) -> str:
    return f"COALESCE({sql_member(f'{account}.preferences', 'presence')}, '') <> '{PresenceShown.NOBODY}'"


def _state(user: int, online: object, seen_at: Any) -> PresenceState:
    last_seen_at = None if online or seen_at is None else as_wire_time(seen_at)
    return PresenceState(user=user, online=bool(online), last_seen_at=last_seen_at)


class Watcher(Protocol):
    """A connection that watches people."""

    user: int

    def tell_signal(self, frame: bytes) -> bool:
        """Send a signal where there is room for it; tell whether it was sent."""


@dataclass(slots=True, eq=False)
class _Watch:
    """What a connection was told of each user it watches; None of those it may not see."""

    watcher: Watcher
    told: dict[int, PresenceState | None]


_Pair = tuple[_Watch, int]


class PresenceWatcher:
    """Tells the connections of one process who came and went, in the background, until it is stopped."""

    def __init__(self) -> None:
        self._lane = make_lane("presence")
        self._watches: dict[Watcher, _Watch] = {}
        self._by_user: dict[int, set[_Watch]] = {}
        # The store's clock at the last look; None before the first, and after one that failed or that nobody needed.
        self._looked_at: Any = None
        self._compare_at = 0.0
        # Whose turn is still to come in the comparison under way.
        self._uncompared: list[_Watch] = []
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to watch."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            await end_tasks([self._task])
        close_lane(self._lane)

    def __len__(self) -> int:
        return len(self._watches)

    def watch(self, watcher: Watcher, users: Iterable[int], states: Iterable[PresenceState]) -> None:
        """Tell `watcher` of `users` from now on, and of nobody else; `states` is what it knows of them."""
        self.unwatch(watcher)
        told: dict[int, PresenceState | None] = dict.fromkeys(users)
        told |= {state.user: state for state in states}
        if told:
            watch = self._watches[watcher] = _Watch(watcher, told)
            for user in told:
                self._by_user.setdefault(user, set()).add(watch)

    def unwatch(self, watcher: Watcher) -> None:
        """Tell `watcher` of nobody any more."""
        watch = self._watches.pop(watcher, None)
        if watch is None:
            return
        for user in watch.told:
            self._by_user[user].discard(watch)
            if not self._by_user[user]:
                del self._by_user[user]

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self._look()
                if self._uncompared or loop.time() >= self._compare_at:
                    await self._compare()
                    if not self._uncompared:
                        self._compare_at = loop.time() + _FULL_SECONDS
            except Exception:
                # Who moved meanwhile may be out of sight for the next look.
                self._looked_at, self._compare_at, self._uncompared = None, 0.0, []
                metrics.PRESENCE_FAILURES.inc()
                logger.warning("Who came and went could not be read; trying again.", exc_info=True)
            await asyncio.sleep(get_limits().presence_seconds)

    async def _look(self) -> None:
        if not self._watches:
            self._looked_at = None
            return
        moves = await run_in_lane(self._lane, read_moves, self._looked_at, _OVERLAP_SECONDS)
        self._looked_at = moves.at
        pairs = [
            (watch, state.user)
            for state in moves.states
            for watch in self._by_user.get(state.user, ())
            if watch.told[state.user] != state
        ]
        await self._tell_all(pairs)

    async def _compare(self) -> None:
        """Hold what everybody was told against what is, a part of them at a time; call it until nobody is left over."""
        self._uncompared = self._uncompared or list(self._watches.values())
        pairs: list[_Pair] = []
        while self._uncompared and len(pairs) < _COMPARED_AT_ONCE:
            watch = self._uncompared.pop()
            if self._watches.get(watch.watcher) is watch:
                pairs += [(watch, user) for user in watch.told]
        await self._tell_all(pairs, hide=True)

    async def _tell_all(self, pairs: Sequence[_Pair], *, hide: bool = False) -> None:
        for page in in_pages(pairs, _AT_ONCE):
            asked = [(watch.watcher.user, user) for watch, user in page]
            # Read after what was told, whatever the look saw: a connection is never told of what is older.
            states = await run_in_lane(self._lane, read_presence, asked)
            frames = {state: _encode(state) for state in states.values()}
            for (watch, user), pair in zip(page, asked, strict=True):
                # One that watches others meanwhile, or nobody, is told of them by its ack.
                if self._watches.get(watch.watcher) is watch:
                    _tell(watch, user, states.get(pair), frames, hide=hide)


def _tell(
    watch: _Watch, user: int, state: PresenceState | None, frames: dict[PresenceState, bytes], *, hide: bool
) -> None:
    told = watch.told[user]
    if state == told:
        return
    if state is not None:
        if watch.watcher.tell_signal(frames[state]):
            watch.told[user] = state
    elif hide and told is not None:
        # Who may not be seen any more is not left online for ever. Not at the moment when they go: that would tell of it.
        gone = PresenceState(user=user, online=False, last_seen_at=None)
        if not told.online or watch.watcher.tell_signal(_encode(gone)):
            watch.told[user] = None


def _encode(state: PresenceState) -> bytes:
    return encode(Presence(**msgspec.structs.asdict(state)))
