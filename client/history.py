"""Reads the newest page of history over REST for each chat that had to be forgotten, one chat after another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from client.backoff import Backoff
from client.changes import Forgotten, History
from client.errors import ClientError, RestError
from client.rest import Rest

logger = logging.getLogger(__name__)


class HistoryReader:
    """The chats whose history is wanted; forgotten or dropped again while it is read, what was read does not count."""

    def __init__(self, rest: Rest, backoff: Backoff, *, page: int, tell: Callable[[History], None]) -> None:
        self._rest = rest
        self._backoff = backoff
        self._page = page
        self._tell = tell
        self._wanted: dict[int, Forgotten] = {}
        self._any = asyncio.Event()

    def want(self, forgotten: Forgotten) -> None:
        """Read what stands before the start of a stream, if anything can."""
        self.drop(forgotten.chat)
        if forgotten.start > 1 and self._page:
            self._wanted[forgotten.chat] = forgotten
            self._any.set()

    def drop(self, chat: int) -> None:
        """Do not read the history of `chat`."""
        self._wanted.pop(chat, None)

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            await self._any.wait()
            if not self._wanted:
                self._any.clear()
                continue
            await asyncio.sleep(await self._read(next(iter(self._wanted.values()))))

    async def _read(self, wanted: Forgotten) -> float:
        try:
            page = await self._rest.messages(wanted.chat, before=wanted.start, limit=self._page)
        except ClientError as error:
            return self._failed(wanted, error)
        self._backoff.reset()
        if self._done(wanted):
            self._tell(History(wanted.chat, wanted.start, page.results, page.next is not None))
        return 0.0

    def _failed(self, wanted: Forgotten, error: ClientError) -> float:
        """Give up where the answer is final; return how long to wait before the next reading."""
        if isinstance(error, RestError) and not error.retry and error.status not in (401, 429, 500, 502, 503, 504):
            logger.info("no history of chat=%d: %s", wanted.chat, error.code)
            self._done(wanted)
            return 0.0
        return self._backoff.after_error(error).wait

    def _done(self, wanted: Forgotten) -> bool:
        if self._wanted.get(wanted.chat) is not wanted:
            return False
        del self._wanted[wanted.chat]
        return True
