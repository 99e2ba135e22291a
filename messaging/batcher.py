"""Collect what arrives while the last batch is under way, then do it all at once: no timer, no wait when idle."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Batcher(Generic[T]):
    """Hands items to `work` in batches of at most `most`, one batch at a time, in the order they came."""

    def __init__(self, work: Callable[[list[T]], Awaitable[None]], *, most: int) -> None:
        self._work = work
        self._most = most
        self._waiting: deque[T] = deque()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, item: T) -> None:
        """Add an item; the batch it joins starts after this call, never before."""
        self._waiting.append(item)
        if self._task is None:
            # In no context: what is done for many is not to be logged under the request of the first.
            self._task = asyncio.get_running_loop().create_task(self._run(), context=Context())

    async def _run(self) -> None:
        # Nothing may await between the last look at the queue and the task's end: an item put then would wait for ever.
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
                try:
                    await self._work(batch)
                except Exception:
                    logger.exception("A batch of %d failed.", len(batch))
        finally:
            self._task = None

    async def drain(self) -> None:
        """Return when everything that was put is done."""
        while self._task is not None:
            await asyncio.wait([self._task])


def in_pages(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Yield `items` in order, at most so many at a time."""
    for start in range(0, len(items), most):
        yield items[start : start + most]
