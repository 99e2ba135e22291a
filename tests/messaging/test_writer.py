"""The writer: bounded, in order, and nobody is answered before the commit."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from channels.layers import get_channel_layer
from django.db import connection, connections

from messaging.database import fetch, run_in_lane, run_in_thread
from messaging.errors import RateLimited
from messaging.fanout import Publisher, group_for_chat
from messaging.models import Store
from messaging.protocol.batch import EventBatch
from messaging.signals import SignalSender
from messaging.write import Outcome, Write
from messaging.writer import Writer
from tests.messaging.places import Ear
from tests.messaging.world import events_of, make_group, make_users, message, metric
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Desk:
    """A writer, a chat of Ann's, and what was answered."""

    writer: Writer
    publisher: Publisher
    ann: int
    chat: int
    answered: list[Any] = field(default_factory=list)

    def submit(self, *writes: Write) -> None:
        for write in writes:
            self.writer.submit(write, lambda outcome, _batch: self.answered.append(outcome))

    def say(self, *texts: str) -> None:
        self.submit(*(message(self.chat, self.ann, text) for text in texts))

    async def listen(self) -> Ear:
        """Join the chat's group."""
        return await Ear.on(get_channel_layer(), group_for_chat(self.chat))

    async def answers(self) -> list[Any]:
        """Return a seq or the code of an error for each write, once all are answered."""
        await asyncio.wait_for(self.writer.drain(), PATIENCE)
        return [o.seq if isinstance(o, Outcome) else o.code.value for o in self.answered]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    def make() -> tuple[int, int]:
        (ann,) = make_users("ann")
        return ann, make_group(ann)

    publisher = Publisher()
    made = Desk(Writer(publisher, SignalSender()), publisher, *await run_in_thread(make))
    yield made
    await made.writer.drain()
    await publisher.drain()
    made.writer.close()


async def test_writes_are_numbered_and_answered_in_the_order_they_came(desk):
    desk.say(*(f"text {n}" for n in range(50)))
    assert await desk.answers() == list(range(1, 51))
    texts = [event.body["text"] for event in await run_in_thread(events_of, desk.chat)]
    assert texts == [f"text {n}" for n in range(50)]


async def test_what_comes_during_a_commit_is_committed_together(desk):
    before = metric("chat_commit_writes_count"), metric("chat_commit_writes_sum")
    desk.say("first")
    await asyncio.sleep(0)
    desk.say(*(f"text {n}" for n in range(30)))
    assert await desk.answers() == list(range(1, 32))
    assert metric("chat_commit_writes_count") - before[0] == 2
    assert metric("chat_commit_writes_sum") - before[1] == 31


async def test_a_commit_has_no_more_writes_than_is_set(shrink):
    shrink(writes_per_commit=1)
    (ann,) = await run_in_thread(make_users, "ann")
    desk = Desk(Writer(Publisher(), SignalSender()), Publisher(), ann, await run_in_thread(make_group, ann))
    desk.say("one", "two", "three")
    assert await desk.answers() == [1, 2, 3]
    desk.writer.close()


async def test_beyond_the_bound_a_write_is_refused_and_later_taken(shrink):
    shrink(writes_waiting=2)
    (ann,) = await run_in_thread(make_users, "ann")
    desk = Desk(Writer(Publisher(), SignalSender()), Publisher(), ann, await run_in_thread(make_group, ann))
    desk.say("one", "two")
    with pytest.raises(RateLimited) as refused:
        desk.say("three")
    assert refused.value.retry_after == 1.0
    assert await desk.answers() == [1, 2]
    desk.say("three")
    assert await desk.answers() == [1, 2, 3]
    desk.writer.close()


async def test_an_answer_comes_after_its_commit(desk):
    seen = asyncio.get_running_loop().create_future()

    def look(outcome: Outcome, batch: EventBatch) -> None:
        # A thread of its own: the connection that wrote would see its own transaction.
        looking = asyncio.ensure_future(run_in_thread(events_of, desk.chat))
        looking.add_done_callback(lambda done: seen.set_result((batch.epoch, [event.seq for event in done.result()])))

    desk.writer.submit(message(desk.chat, desk.ann), look)
    epoch = (await run_in_thread(Store.objects.get)).epoch
    assert await asyncio.wait_for(seen, PATIENCE) == (epoch, [1])


async def test_a_refused_write_is_answered_in_its_place(desk):
    desk.submit(message(desk.chat, desk.ann), message(desk.chat + 1, desk.ann), message(desk.chat, desk.ann))
    assert await desk.answers() == [1, "not_a_member", 2]


async def test_a_failing_answer_is_nobody_elses(desk, caplog):
    desk.say("one")
    desk.writer.submit(message(desk.chat, desk.ann), lambda *_: 1 // 0)
    desk.say("three")
    assert await desk.answers() == [1, 3]
    assert "An answer was not taken." in caplog.text


async def test_an_answer_may_ask_for_the_next_write(desk):
    desk.writer.submit(message(desk.chat, desk.ann), lambda *_: desk.say("next"))
    assert await desk.answers() == [2]


async def test_what_was_written_is_published_whatever_becomes_of_its_writer(desk):
    ear = await desk.listen()
    desk.writer.submit(message(desk.chat, desk.ann, "one"), lambda *_: 1 // 0)
    told = await ear.message()
    assert (told["type"], told["first"], len(told["frames"])) == ("chat.events", 1, 1)


async def test_a_repeat_is_not_published_again(desk):
    ear = await desk.listen()
    write = message(desk.chat, desk.ann)
    desk.submit(write, write)
    assert await desk.answers() == [1, 1]
    desk.submit(write, message(desk.chat, desk.ann, "last"))
    assert await desk.answers() == [1, 1, 1, 2]
    told = [await ear.message(), await ear.message()]
    assert [(each["first"], len(each["frames"])) for each in told] == [(1, 1), (2, 1)]


@pytest.mark.embedded
async def test_while_the_store_is_away_writes_are_unavailable_and_then_taken(desk, monkeypatch):
    # The writer's thread has no connection yet: it takes this setting.
    monkeypatch.setitem(connections.settings["default"]["OPTIONS"], "timeout", 0.05)
    write = message(desk.chat, desk.ann)
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        desk.submit(write)
        assert await desk.answers() == ["unavailable"]
    desk.submit(write)
    assert await desk.answers() == ["unavailable", 1]


@pytest.mark.services
async def test_a_connection_cut_between_two_commits_costs_one_answer(desk):
    desk.say("one")
    assert await desk.answers() == [1]
    ((own,),) = await run_in_lane(desk.writer._lane, fetch, "SELECT pg_backend_pid()", [])
    await run_in_thread(fetch, "SELECT pg_terminate_backend(%s)", [own])
    again = message(desk.chat, desk.ann)
    for _ in range(2):
        desk.submit(again)
        await desk.writer.drain()
    assert (await desk.answers())[-1] == 2


async def test_a_writer_without_its_thread_answers_all_the_same(desk, caplog):
    broken = Writer(desk.publisher, SignalSender())
    broken.close()
    broken.submit(message(desk.chat, desk.ann), lambda outcome, _batch: desk.answered.append(outcome))
    await broken.drain()
    assert await desk.answers() == ["unavailable"]
    assert "The writer's thread failed." in caplog.text
