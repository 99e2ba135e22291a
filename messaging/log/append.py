"""append(batch): one transaction that checks, numbers and stores any number of writes, in the same number of statements.

The chats' row locks come first and in key order, so that commit order is seq order and nothing smaller is ever still in
flight. On SQLite `BEGIN IMMEDIATE` is the lock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from messaging import metrics
from messaging.conf import get_limits
from messaging.database import STORE_AWAY, drop_dead_connections, is_contention, pipelined, try_again
from messaging.errors import ChatError, Internal, Unavailable
from messaging.log.load import load
from messaging.log.prepare import prepare
from messaging.log.store import store
from messaging.write import Outcome, Write

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """The answers to a batch, in its order, and the epoch under which its events were stored."""

    outcomes: list[Outcome | ChatError]
    epoch: str


def append(writes: Sequence[Write]) -> Batch:
    """Write a batch: each command succeeds or fails alone; what succeeded is committed when this returns.

    A store that is away is `Unavailable` for all: written or not, the same ids settle it.
    """
    started = time.perf_counter()
    try:
        return try_again(_append, writes)
    except STORE_AWAY as error:
        if is_contention(error) and len({write.chat for write in writes}) > 1:
            return _append_by_chat(writes)
        logger.warning("The store did not confirm a batch of %d writes.", len(writes), exc_info=True)
        # The next batch begins with a connection that works.
        drop_dead_connections(error)
        return Batch([Unavailable(retry_after=1.0)] * len(writes), epoch="")
    except Exception:
        logger.exception("A batch of %d writes failed.", len(writes))
        return _append_one_by_one(writes)
    finally:
        metrics.COMMIT_WRITES.observe(len(writes))
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)


def _append_by_chat(writes: Sequence[Write]) -> Batch:
    """One chat's lock was not to be had: only its own writes wait for it, or fail.

    Many such chats would hold up everybody behind this batch: after a while the rest of it is refused.
    """
    outcomes: dict[int, Outcome | ChatError] = {}
    epoch = ""
    deadline = time.monotonic() + get_limits().answer_seconds / 3
    for chat in sorted({write.chat for write in writes}):
        places = [place for place, write in enumerate(writes) if write.chat == chat]
        if time.monotonic() > deadline:
            outcomes.update(dict.fromkeys(places, Unavailable(retry_after=1.0)))
            continue
        batch = append([writes[place] for place in places])
        outcomes.update(zip(places, batch.outcomes, strict=True))
        epoch = batch.epoch or epoch
    return Batch([outcomes[place] for place in range(len(writes))], epoch)


def _append_one_by_one(writes: Sequence[Write]) -> Batch:
    """Find the write that made a whole batch fail: it fails alone."""
    if len(writes) == 1:
        return Batch([Internal()], epoch="")
    batches = [append([write]) for write in writes]
    return Batch([batch.outcomes[0] for batch in batches], next((b.epoch for b in batches if b.epoch), ""))


def _append(writes: Sequence[Write]) -> Batch:
    # Three round trips: locks and reads, what is stored, COMMIT.
    with transaction.atomic(durable=True), pipelined():
        state, epoch = load(writes)
        outcomes = [prepare(state, write) for write in writes]
        if state.events:
            store(state)
    for row in state.events:
        metrics.EVENTS_OF[row.event.kind].inc()
    return Batch(outcomes, epoch)
