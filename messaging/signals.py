"""Django signals, for the application around this one: an event was stored, a user came or went.

They are sent after the fact, in the process where it happened, at most once: who has to know for certain reads the log. In
a server process they are sent from a thread of their own, in order, so that no receiver holds up a write or the loop.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.db import close_old_connections
from django.dispatch import Signal

from messaging import metrics
from messaging.batcher import Batcher
from messaging.conf import get_limits
from messaging.database import as_moment, close_lane, make_lane, run_in_lane
from messaging.models import Chat
from messaging.protocol.frames import Event

# sender: Chat; event: StoredEvent.
event_stored = Signal()
# sender: the user model; user, connection and device: the id of the user, of the connection and of its installation.
user_connected = Signal()
user_disconnected = Signal()

# Signals that are sent in one trip to the thread.
_SENT_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it was committed; `body` holds the fields of its kind, as its frame does."""

    chat: int
    seq: int
    kind: str
    sender: int
    at: datetime
    body: dict[str, Any]


def send_stored(events: Sequence[Event]) -> None:
    """Send `event_stored` for events that were committed, here and now; what a receiver raises is logged."""
    for event in events if event_stored.receivers else ():
        stored = StoredEvent(
            event.chat, event.seq, str(event.kind), event.sender, as_moment(event.at), dict(event.body)
        )
        event_stored.send_robust(sender=Chat, event=stored)


class SignalSender:
    """Sends the signals of one server process in the background, in the order given; without a receiver it does nothing."""

    def __init__(self) -> None:
        self._lane = make_lane("signals")
        self._batcher = Batcher(self._send, most=_SENT_AT_ONCE)
        self._most = get_limits().publications_waiting

    def tell_stored(self, events: Sequence[Event]) -> None:
        """Send `event_stored` for the events of one commit."""
        if events and event_stored.receivers:
            self._put(partial(send_stored, events))

    def tell_connected(self, user: int, *, connection: str, device: str) -> None:
        """Send `user_connected`."""
        self._tell(user_connected, user=user, connection=connection, device=device)

    def tell_disconnected(self, user: int, *, connection: str, device: str) -> None:
        """Send `user_disconnected`."""
        self._tell(user_disconnected, user=user, connection=connection, device=device)

    def _tell(self, signal: Signal, **fields: Any) -> None:
        if signal.receivers:
            self._put(partial(signal.send_robust, sender=get_user_model(), **fields))

    def _put(self, work: Callable[[], Any]) -> None:
        if len(self._batcher) >= self._most:
            # Receivers are slower than what they are told of, and what waits is kept in memory.
            metrics.LIMITS_HIT.labels("signals_waiting").inc()
        else:
            self._batcher.put(work)

    async def _send(self, batch: list[Callable[[], Any]]) -> None:
        await run_in_lane(self._lane, _call_all, batch)

    async def drain(self) -> None:
        """Return when everything was sent, or a quarter of the drain later: a receiver may hang."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(get_limits().drain_seconds / 4):
                await self._batcher.drain()

    def close(self) -> None:
        """Give up the thread."""
        close_lane(self._lane)


def _call_all(batch: list[Callable[[], Any]]) -> None:
    # Receivers may use the database, after a pause in which their connection died.
    close_old_connections()
    try:
        for work in batch:
            work()
    finally:
        close_old_connections()
