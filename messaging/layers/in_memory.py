"""The layer of a single process, in memory."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterable, Sequence
from typing import Any

from channels.exceptions import ChannelFull
from channels.layers import InMemoryChannelLayer

from messaging import metrics
from messaging.layers.sinks import Message, Sink, deliver

# Stale entries need not be looked for at every message: the stock layer's search costs 4 ms with 500 users in 100 chats.
_CLEAN_SECONDS = 30.0


class InMemoryLayer(InMemoryChannelLayer):
    """Channels' in-memory layer with direct delivery; one process only."""

    def __init__(self, **config: Any) -> None:
        # A connection may last for longer than the stock layer remembers its groups, which is a day.
        super().__init__(**{"group_expiry": math.inf, **config})
        self._sinks: dict[str, Sink] = {}
        self._cleaned_at = 0.0

    def attach(self, channel: str, sink: Sink) -> None:
        """Deliver messages for `channel` to `sink` from now on."""
        self._sinks[channel] = sink

    def detach(self, channel: str) -> None:
        """Forget a channel that was attached; its groups are left with `leave`."""
        self._sinks.pop(channel, None)

    async def join(self, groups: Iterable[str], channel: str) -> None:
        """Add `channel` to all `groups`."""
        for group in groups:
            await self.group_add(group, channel)

    async def leave(self, groups: Iterable[str], channel: str) -> None:
        """Take `channel` out of all `groups`."""
        for group in groups:
            await self.group_discard(group, channel)

    async def send(self, channel: str, message: Message) -> None:
        """Send to one channel."""
        if (sink := self._sinks.get(channel)) is not None:
            deliver(sink, message)
        else:
            await super().send(channel, message)

    async def group_send(self, group: str, message: Message) -> None:
        """Send to all channels of a group; those attached are called here and now."""
        self._clean_expired()
        receivers = 0
        for channel in list(self.groups.get(group, ())):
            if (sink := self._sinks.get(channel)) is not None:
                receivers += deliver(sink, message)
            else:
                # A full queue loses its own message only.
                with contextlib.suppress(ChannelFull):
                    await super().send(channel, message)
        metrics.count_delivery(message, receivers)

    async def send_groups(self, publications: Sequence[tuple[str, Message]]) -> None:
        """Send many group messages, in order."""
        for group, message in publications:
            await self.group_send(group, message)

    def _clean_expired(self) -> None:
        now = time.monotonic()
        if now - self._cleaned_at >= _CLEAN_SECONDS:
            self._cleaned_at = now
            super()._clean_expired()
