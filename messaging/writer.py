"""The per-process batcher in front of `append`: while one batch commits, the next collects.

A write that is answered has been committed; its publication is already queued then, so the members hear of it whatever
happens to the writer's own connection.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from messaging import metrics
from messaging.batcher import Batcher
from messaging.conf import get_limits
from messaging.database import close_lane, make_lane, run_in_lane
from messaging.errors import ChatError, RateLimited, Unavailable
from messaging.fanout import Publisher, announce
from messaging.log import Batch, append
from messaging.protocol.batch import EventBatch
from messaging.signals import SignalSender
from messaging.write import Outcome, Write

logger = logging.getLogger(__name__)

# How far apart the writes are whose way to the members is timed.
_TIME_EVERY_SECONDS = 0.2

# The outcome of a write, and its event among those that were written into its chat together, if it has one.
Answer = Callable[[Outcome | ChatError, EventBatch | None], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    write: Write
    answer: Answer
    # By the wall clock, where the way of this one is timed.
    sent_at: float | None


class Writer:
    """Takes writes from the event loop, commits them in batches in the order they came and answers each.

    `answer(outcome, batch)` is called in the event loop.
    """

    def __init__(self, publisher: Publisher, signals: SignalSender) -> None:
        self._publisher = publisher
        self._signals = signals
        self._lane = make_lane("writer")
        self._batcher = Batcher(self._commit, most=get_limits().writes_per_commit)
        self._most = get_limits().writes_waiting
        self._time_next_at = 0.0

    def submit(self, write: Write, answer: Answer) -> None:
        """Queue a write; raises RateLimited when the queue is full."""
        if len(self._batcher) >= self._most:
            metrics.LIMITS_HIT.labels("writes_waiting").inc()
            raise RateLimited(retry_after=1.0)
        self._batcher.put(_Waiting(write, answer, self._time_some()))

    def _time_some(self) -> float | None:
        """Return the time for a few writes in each second."""
        now = time.time()
        if 0 <= self._time_next_at - now <= _TIME_EVERY_SECONDS:
            return None
        self._time_next_at = now + _TIME_EVERY_SECONDS
        return now

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            result = await run_in_lane(self._lane, append, [waiting.write for waiting in batch])
        except Exception:
            logger.exception("The writer's thread failed.")
            result = Batch([Unavailable(retry_after=1.0)] * len(batch), epoch="")
        events = [o.event for o in result.outcomes if isinstance(o, Outcome) and o.event is not None]
        batches = EventBatch.of_each_chat(events, epoch=result.epoch)
        written: dict[tuple[int, int | None], EventBatch] = {
            (each.chat, seq): each for each in batches for seq, _, _ in each
        }
        self._publisher.publish(announce(batches, sent_at=_times_of(batch)))
        self._signals.tell_stored(events)
        for waiting, outcome in zip(batch, result.outcomes, strict=True):
            place = waiting.write.chat, outcome.seq if isinstance(outcome, Outcome) else None
            _answer(waiting, outcome, written.get(place))

    async def drain(self) -> None:
        """Return when every write that was queued is answered."""
        await self._batcher.drain()

    def close(self) -> None:
        """Give up the thread."""
        close_lane(self._lane)


def _times_of(batch: list[_Waiting]) -> dict[int, float]:
    """Return when writes were sent, by chat, of those whose way is timed."""
    return {waiting.write.chat: waiting.sent_at for waiting in batch if waiting.sent_at is not None}


def _answer(waiting: _Waiting, outcome: Outcome | ChatError, batch: EventBatch | None) -> None:
    # One connection's failure to take its answer is not another's.
    try:
        waiting.answer(outcome, batch)
    except Exception:
        logger.exception("An answer was not taken.")
