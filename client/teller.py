"""The one place that every change goes through: it is saved, fed to the application, and acted upon."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from client.changes import CaughtUp, Change, Dropped, Forgotten, Phase, Ready, Settled, State
from client.errors import ClientClosed
from client.feed import Feed, Observed
from client.frames import Frame
from client.history import HistoryReader
from client.replica import Replica
from client.store import Store


class Teller:
    """Tells the store, the application and those who wait, in this order."""

    def __init__(self, replica: Replica, store: Store | None, feed: Feed, history: HistoryReader) -> None:
        self._replica = replica
        self._store = store
        self._feed = feed
        self._history = history
        self._observed = Observed()
        self._waiters: dict[tuple[int, str], asyncio.Future[Settled]] = {}

    @property
    def state(self) -> State:
        """The state told last."""
        return self._observed.state

    async def until(self, *phases: Phase) -> State:
        """Wait for one of `phases`."""
        return await self._observed.until(*phases)

    async def tell(self, changes: Sequence[Change]) -> None:
        """Tell changes, then wait until the application has room for more."""
        if changes:
            self.save(changes)
            self._feed.put(*changes)
            for change in changes:
                self._follow(change)
        await self._feed.room()

    def observe(self, state: State) -> None:
        """Tell where the client stands."""
        self._observed.set(state)
        self._feed.put(state)

    def save(self, changes: Sequence[Change] = ()) -> None:
        """Have the store keep what the replica is now."""
        if self._store:
            self._store.save(self._replica, changes)

    async def settled(self, command: Frame) -> Settled:
        """Wait for the final answer to a write."""
        key = (command["chat"], command["id"])
        waiter: asyncio.Future[Settled] = asyncio.get_running_loop().create_future()
        self._waiters[key] = waiter
        try:
            return await waiter
        finally:
            self._waiters.pop(key, None)

    def close(self) -> None:
        """End the feed, and all waiting for answers."""
        self._feed.close()
        for waiter in self._waiters.values():
            if not waiter.done():
                waiter.set_exception(ClientClosed())

    def _follow(self, change: Change) -> None:
        match change:
            case Ready():
                self.observe(State(Phase.CONNECTED))
            case CaughtUp():
                self.observe(State(Phase.LIVE))
            case Forgotten():
                self._history.want(change)
            case Dropped(chat):
                self._history.drop(chat)
            case Settled(command):
                waiter = self._waiters.get((command["chat"], command["id"]))
                if waiter and not waiter.done():
                    waiter.set_result(change)
