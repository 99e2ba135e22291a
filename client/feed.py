"""The two ways in which an application hears of changes: all of them in order, or the state it waits for."""

from __future__ import annotations

import asyncio

from client.changes import Change, Phase, State
from client.errors import ClientClosed


class Feed:
    """Changes on their way to the application; one that lags behind stops the socket from being read."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, *changes: Change) -> None:
        """Add changes, all of them whatever the limit: half of them told would be worse than a few too many."""
        if not self._limit:
            return
        for change in changes:
            self._queue.put_nowait(change)
        if self._queue.qsize() >= self._limit:
            self._room.clear()

    async def room(self) -> None:
        """Wait until the application has read enough."""
        await self._room.wait()

    async def get(self) -> Change:
        """Take the next change; raise ClientClosed after the last one."""
        change = await self._queue.get()
        if self._queue.qsize() < self._limit:
            self._room.set()
        if change is None:
            self._queue.put_nowait(None)
            raise ClientClosed
        return change

    def close(self) -> None:
        """End the feed: what is in it can still be taken."""
        self._queue.put_nowait(None)

    def __aiter__(self) -> Feed:
        return self

    async def __anext__(self) -> Change:
        try:
            return await self.get()
        except ClientClosed:
            raise StopAsyncIteration from None


class Observed:
    """The state of a client, for those who wait for one."""

    def __init__(self) -> None:
        self.state = State(Phase.OFFLINE)
        self._waiters: list[tuple[frozenset[Phase], asyncio.Future[State]]] = []

    def set(self, state: State) -> None:
        """Move to `state` and wake who waits for its phase, however short it lasts."""
        self.state = state
        for phases, waiter in self._waiters:
            if state.phase in phases and not waiter.done():
                waiter.set_result(state)

    async def until(self, *phases: Phase) -> State:
        """Wait for one of `phases` and return the state that had it."""
        if self.state.phase in phases:
            return self.state
        waiter: asyncio.Future[State] = asyncio.get_running_loop().create_future()
        entry = (frozenset(phases), waiter)
        self._waiters.append(entry)
        try:
            return await waiter
        finally:
            self._waiters.remove(entry)
