"""The batcher: nothing waits when idle, everything that comes meanwhile is one batch, in order."""

from __future__ import annotations

import asyncio

from messaging.batcher import Batcher
from messaging.request_id import current_request
from tests.vocabulary import PATIENCE


class Work:
    """Work that is done when it is let go, batch by batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self._begun: asyncio.Queue[None] = asyncio.Queue()
        self._gate: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def __call__(self, batch: list[int]) -> None:
        self.batches.append(batch)
        self._begun.put_nowait(None)
        error = await self._gate.get()
        if error is not None:
            raise error

    async def begun(self) -> None:
        """Wait for the next batch to be under way."""
        await asyncio.wait_for(self._begun.get(), PATIENCE)

    def let_go(self, error: Exception | None = None) -> None:
        """Let one batch end."""
        self._gate.put_nowait(error)


def put_all(batcher: Batcher[int], *items: int) -> None:
    for item in items:
        batcher.put(item)


async def test_what_comes_in_one_turn_is_one_batch():
    work = Work()
    batcher = Batcher(work, most=10)
    put_all(batcher, 1, 2, 3)
    await work.begun()
    assert work.batches == [[1, 2, 3]]
    work.let_go()
    await batcher.drain()


async def test_what_comes_while_a_batch_is_under_way_is_the_next():
    work = Work()
    batcher = Batcher(work, most=10)
    batcher.put(1)
    await work.begun()
    put_all(batcher, 2, 3)
    assert len(batcher) == 2
    for _ in range(2):
        work.let_go()
    await batcher.drain()
    assert work.batches == [[1], [2, 3]]


async def test_a_batch_has_no_more_than_the_most_and_the_order_stays():
    work = Work()
    batcher = Batcher(work, most=2)
    put_all(batcher, *range(5))
    for _ in range(3):
        work.let_go()
    await batcher.drain()
    assert work.batches == [[0, 1], [2, 3], [4]]


async def test_one_batch_at_a_time():
    work = Work()
    batcher = Batcher(work, most=1)
    put_all(batcher, 1, 2)
    await work.begun()
    await asyncio.sleep(0)
    assert work.batches == [[1]]
    work.let_go()
    await work.begun()
    work.let_go()
    await batcher.drain()
    assert work.batches == [[1], [2]]


async def test_a_batch_that_fails_does_not_stop_the_next(caplog):
    work = Work()
    batcher = Batcher(work, most=2)
    put_all(batcher, 1, 2, 3)
    work.let_go(ZeroDivisionError())
    work.let_go()
    await batcher.drain()
    assert work.batches == [[1, 2], [3]]
    assert "A batch of 2 failed." in caplog.text


async def test_after_a_pause_it_goes_on():
    work = Work()
    batcher = Batcher(work, most=2)
    for item in (1, 2):
        batcher.put(item)
        work.let_go()
        await batcher.drain()
    assert work.batches == [[1], [2]]


async def test_drain_waits_for_what_is_put_meanwhile_too():
    work = Work()
    batcher = Batcher(work, most=10)
    batcher.put(1)
    await work.begun()
    drained = asyncio.ensure_future(batcher.drain())
    batcher.put(2)
    work.let_go()
    await work.begun()
    assert not drained.done()
    work.let_go()
    await asyncio.wait_for(drained, PATIENCE)
    assert work.batches == [[1], [2]]


async def test_what_the_last_item_of_a_batch_puts_is_done():
    done = []

    async def work(batch: list[int]) -> None:
        done.extend(batch)
        if batch == [1]:
            batcher.put(2)

    batcher = Batcher(work, most=10)
    batcher.put(1)
    await batcher.drain()
    assert done == [1, 2]


async def test_draining_what_is_idle_returns_at_once():
    await asyncio.wait_for(Batcher(Work(), most=1).drain(), PATIENCE)


async def test_a_drain_that_is_cancelled_stops_nothing():
    work = Work()
    batcher = Batcher(work, most=10)
    batcher.put(1)
    drained = asyncio.ensure_future(batcher.drain())
    await work.begun()
    drained.cancel()
    work.let_go()
    await batcher.drain()
    assert (drained.cancelled(), work.batches) == (True, [[1]])


async def test_a_batch_is_not_done_in_the_context_of_whoever_put_its_first_item():
    seen = []

    async def work(items):
        seen.append(current_request.get())

    token = current_request.set("seven")
    batcher = Batcher(work, most=1)
    batcher.put(1)
    current_request.reset(token)
    await batcher.drain()
    assert seen == [""]
