"""The reader: one read for all who ask at the same time, and always after they asked."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from django.db import transaction

from messaging.database import execute, run_in_thread
from messaging.errors import Unavailable
from messaging.models import Event, Store
from messaging.reader import LogReader, Page
from tests.messaging.world import make_group, make_users, say, wait_for_a_waiter

pytestmark = pytest.mark.django_db(transaction=True)


def make_chat(*texts: str) -> int:
    (ann,) = make_users("ann")
    chat = make_group(ann)
    if texts:
        say(chat, ann, *texts)
    return chat


def texts_of(page: Page) -> list[str]:
    return [json.loads(frame)["text"] for _, frame, _ in page.events or ()]


async def until_under_way() -> None:
    # The batcher's task begins in the next turn and hands its batch to a thread in the same.
    for _ in range(3):
        await asyncio.sleep(0)


async def test_a_page_has_the_encoded_events_the_head_and_the_epoch():
    chat = await run_in_thread(make_chat, "one", "two", "three")
    page = await LogReader().page(chat, after=1)
    events: Any = page.events
    assert (texts_of(page), events.first, page.head) == (["two", "three"], 2, 3)
    assert page.epoch == events.epoch == (await run_in_thread(Store.objects.get)).epoch


async def test_where_nothing_follows_there_is_the_head_alone():
    chat = await run_in_thread(make_chat, "one")
    reader = LogReader()
    assert await reader.page(chat, after=1) == Page(None, 1, (await reader.page(chat, after=0)).epoch)
    assert (await reader.page(chat + 1, after=0)).head == 0


async def test_a_page_has_no_more_than_is_set(shrink):
    shrink(events_per_read=2)
    chat = await run_in_thread(make_chat, "one", "two", "three")
    page = await LogReader().page(chat, after=0)
    assert (texts_of(page), page.head) == (["one", "two"], 3)


async def test_all_who_ask_before_a_read_share_it():
    chat = await run_in_thread(make_chat, "one")
    reader = LogReader()
    pages = await asyncio.gather(*(reader.page(chat, after=0) for _ in range(100)))
    assert {id(page) for page in pages} == {id(pages[0])}


async def test_who_asks_while_a_read_is_under_way_shares_the_next():
    chat = await run_in_thread(make_chat, "one")
    reader = LogReader()
    first = asyncio.ensure_future(reader.page(chat, after=0))
    await until_under_way()
    later = [asyncio.ensure_future(reader.page(chat, after=0)) for _ in range(2)]
    one, *others = await asyncio.gather(first, *later)
    assert others[0] is others[1] is not one


async def test_what_was_written_before_one_asked_is_there():
    chat = await run_in_thread(make_chat)
    (bob,) = await run_in_thread(make_users, "bob")
    other = await run_in_thread(make_group, bob)
    reader = LogReader()
    for n in range(1, 6):
        # Others keep it busy.
        busy = [asyncio.ensure_future(reader.page(chat, after=0)) for _ in range(3)]
        await run_in_thread(say, other, bob, "hi")
        assert (await reader.page(other, after=0)).head == n
        await asyncio.gather(*busy)


async def test_many_positions_are_answered_each_with_its_own():
    chat = await run_in_thread(make_chat, *(f"text {n}" for n in range(1, 251)))
    reader = LogReader()
    pages = await asyncio.gather(*(reader.page(chat, after=after) for after in range(250)))
    assert [page.events.first for page in pages if page.events] == list(range(1, 251))


async def test_one_who_stops_waiting_takes_nothing_from_the_others():
    chat = await run_in_thread(make_chat, "one")
    reader = LogReader()
    gone, stays = (asyncio.ensure_future(reader.page(chat, after=0)) for _ in range(2))
    await until_under_way()
    gone.cancel()
    assert texts_of(await stays) == ["one"]
    assert texts_of(await reader.page(chat, after=0)) == ["one"]


def hold_the_log_and_cut_the_reader() -> None:
    with transaction.atomic():
        execute("LOCK TABLE messaging_event IN ACCESS EXCLUSIVE MODE", [])
        execute("SELECT pg_terminate_backend(%s)", [wait_for_a_waiter()])


@pytest.mark.services
async def test_a_store_that_is_away_is_unavailable_and_the_next_read_works():
    chat = await run_in_thread(make_chat, "one")
    reader = LogReader()
    holding = asyncio.ensure_future(run_in_thread(hold_the_log_and_cut_the_reader))

    async def read_until_cut() -> None:
        while True:
            await reader.page(chat, after=0)

    with pytest.raises(Unavailable):
        await read_until_cut()
    await holding
    assert texts_of(await reader.page(chat, after=0)) == ["one"]


async def test_a_failure_reaches_who_asked_and_the_next_read_works():
    chat = await run_in_thread(make_chat, "one")
    await run_in_thread(lambda: Event.objects.update(kind="from.tomorrow"))
    reader = LogReader()
    with pytest.raises(ValueError, match=r"from\.tomorrow"):
        await reader.page(chat, after=0)
    assert (await reader.page(chat, after=1)).head == 1
