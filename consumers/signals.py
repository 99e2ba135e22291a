"""What is not an event: read markers, stored one a second, and typing, told one in three."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from messaging.conf import get_limits
from messaging.database import STORE_AWAY, run_in_thread
from messaging.errors import ChatError, Internal, Unavailable
from messaging.runtime import Runtime
from messaging.services import mark_read

logger = logging.getLogger(__name__)

# Called with the chat, the id and None for the ack, or the error.
Answer = Callable[[int, str, ChatError | None], None]


@dataclass(slots=True)
class _Mark:
    """What is wanted of one chat and not yet stored."""

    seq: int = -1
    ids: list[str] = field(default_factory=list)
    # When the first of them came, on whatever clock the edge has.
    since: float = 0.0


class ReadMarks:
    """The read markers that one connection moves: what comes within a second of the last is stored with the next.

    The work outlives the connection: a marker sent just before it ended is stored.
    """

    def __init__(self, user: int, runtime: Runtime, answer: Answer) -> None:
        self._user = user
        self._runtime = runtime
        self._answer = answer
        self._marks: dict[int, _Mark] = {}
        # Those that are on their way to the store.
        self._moving: dict[int, _Mark] = {}

    def oldest(self) -> float | None:
        """Return since when the oldest one that asks for an answer waits, or None where there is none."""
        waiting = (mark.since for mark in (*self._moving.values(), *self._marks.values()) if mark.ids)
        return min(waiting, default=None)

    def put(self, chat: int, seq: int, *, id: str | None, now: float) -> None:
        """Want the marker of `chat` at `seq`; the answer, if an `id` asks for one, comes when it is stored."""
        mark = self._marks.get(chat)
        if mark is None:
            mark = self._marks[chat] = _Mark()
            self._runtime.spawn(self._store(chat))
        mark.seq = max(mark.seq, seq)
        if id is not None:
            mark.since = mark.since if mark.ids else now
            mark.ids.append(id)

    async def _store(self, chat: int) -> None:
        while (mark := self._marks[chat]).seq >= 0:
            self._moving[chat], self._marks[chat] = mark, _Mark()
            error = await self._move(chat, mark.seq)
            del self._moving[chat]
            for id in mark.ids:
                self._answer(chat, id, error)
            if not self._runtime.draining:
                await asyncio.sleep(get_limits().read_seconds)
        del self._marks[chat]

    async def _move(self, chat: int, seq: int) -> ChatError | None:
        try:
            await run_in_thread(mark_read, user=self._user, chat=chat, seq=seq)
        except ChatError as error:
            return error
        except STORE_AWAY:
            return Unavailable(retry_after=1.0)
        except Exception:
            logger.exception("A read marker could not be moved.")
            return Internal()
        return None


class TypingTold:
    """When the others were last told that this connection's user is typing, by chat; time is an argument."""

    def __init__(self) -> None:
        self._told_at: dict[int, float] = {}
        self._is_on: set[int] = set()

    def is_news(self, chat: int, *, on: bool, now: float) -> bool:
        """Tell whether the others are to be told: a beginning once in a while, an end at once."""
        if not on:
            was_on = chat in self._is_on
            self._is_on.discard(chat)
            return was_on
        if now - self._told_at.get(chat, -get_limits().typing_seconds) < get_limits().typing_seconds:
            return False
        self._told_at[chat] = now
        self._is_on.add(chat)
        return True
