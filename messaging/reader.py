"""Reads of the log for this process's streams: whoever asks while a read is under way shares the next one.

A page is therefore always read after it was asked for, and a hundred connections with the same hole cost one query.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from messaging.batcher import Batcher
from messaging.conf import get_limits
from messaging.database import STORE_AWAY, run_in_thread
from messaging.errors import Unavailable
from messaging.log import LogPage, Position, read
from messaging.protocol.batch import EventBatch

# Positions in one statement: a process whose users all come back at once reads in bites that others can get between.
_POSITIONS_PER_READ = 100


@dataclass(frozen=True, slots=True)
class Page:
    """What a read found: the next events, encoded once for all who asked, and the chat's head at that moment."""

    events: EventBatch | None
    head: int
    epoch: str

    @classmethod
    def from_log(cls, page: LogPage) -> Page:
        """Encode a page of the log."""
        events = EventBatch.from_events(page.events, epoch=page.epoch) if page.events else None
        return cls(events, page.head, page.epoch)


class LogReader:
    """Single-flight reading of log pages."""

    def __init__(self) -> None:
        self._batcher = Batcher(self._read, most=_POSITIONS_PER_READ)
        # Those asked for and not yet being read.
        self._waiting: dict[Position, asyncio.Future[Page]] = {}

    async def page(self, chat: int, *, after: int) -> Page:
        """Return the next events of `chat` after `after`; raises Unavailable."""
        position = Position(chat, after, get_limits().events_per_read)
        future = self._waiting.get(position)
        if future is None:
            future = self._waiting[position] = asyncio.get_running_loop().create_future()
            self._batcher.put(position)
        return await asyncio.shield(future)

    async def _read(self, positions: list[Position]) -> None:
        futures = [self._waiting.pop(position) for position in positions]
        try:
            pages = await run_in_thread(read, positions)
        except Exception as error:
            refusal = Unavailable(retry_after=1.0) if isinstance(error, STORE_AWAY) else error
            for future in futures:
                future.set_exception(refusal)
                future.exception()  # nobody may be waiting any more
            return
        for future, page in zip(futures, pages, strict=True):
            future.set_result(Page.from_log(page))
