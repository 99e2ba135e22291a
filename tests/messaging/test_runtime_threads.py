"""Writes and publications of other threads: they go through the writer, are answered or refused, and none waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import get_channel_layer

from messaging import services
from messaging.database import run_in_thread
from messaging.errors import NotAMember, RateLimited, Unavailable
from messaging.fanout import tell_joined
from messaging.runtime import ensure_runtime
from tests.messaging.places import Ear
from tests.messaging.world import in_threads, make_users, message, seqs_of
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


async def from_thread(work: Callable[[], Any]) -> Any:
    return await asyncio.wait_for(run_in_thread(work), PATIENCE)


async def test_a_service_in_a_thread_writes_through_the_writer(ann, chat):
    runtime = ensure_runtime()
    ear = await Ear.on(get_channel_layer(), f"chat.{chat}")
    outcome = await from_thread(lambda: services.send_message(sender=ann, chat=chat, id="a", text="hi"))
    assert (outcome.seq, outcome.duplicate) == (1, False)
    assert (await ear.message())["first"] == 1
    repeat = await from_thread(lambda: runtime.write_from_thread(message(chat, ann, "hi", id="a")))
    assert (repeat.seq, repeat.duplicate) == (1, True)


async def test_many_threads_write_at_once(ann, chat):
    runtime = ensure_runtime()
    write = runtime.write_from_thread
    seqs = await from_thread(lambda: in_threads(8, lambda _: [write(message(chat, ann)).seq for _ in range(5)]))
    assert sorted(seq for each in seqs for seq in each) == list(range(1, 41))
    assert await run_in_thread(seqs_of, chat) == list(range(1, 41))


async def test_a_refusal_reaches_the_thread(ann, chat):
    runtime = ensure_runtime()
    with pytest.raises(NotAMember):
        await from_thread(lambda: runtime.write_from_thread(message(chat + 1, ann)))


async def test_a_full_writer_refuses_a_thread_too(shrink, stuck, ann, chat):
    shrink(writes_waiting=1)
    runtime = ensure_runtime()
    stuck(runtime)
    for _ in range(2):
        # The first is under way, the second waits.
        runtime.writer.submit(message(chat, ann), lambda *_: None)
        await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await from_thread(lambda: runtime.write_from_thread(message(chat, ann)))


async def test_a_thread_does_not_wait_for_ever(shrink, stuck, ann, chat):
    shrink(answer_seconds=0.05)
    runtime = ensure_runtime()
    stuck(runtime)
    with pytest.raises(Unavailable):
        await from_thread(lambda: runtime.write_from_thread(message(chat, ann)))


async def test_the_end_of_a_runtime_lets_no_thread_wait(shrink, stuck, ann, chat):
    shrink(drain_seconds=0.05)
    runtime = ensure_runtime()
    await runtime.beat.registered()
    stuck(runtime)
    waiting = asyncio.ensure_future(from_thread(lambda: runtime.write_from_thread(message(chat, ann))))
    while not runtime._asked:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    stopping = asyncio.ensure_future(runtime.stop())
    # As a server does that gives up waiting for the database.
    await asyncio.wait([stopping], timeout=0.1)
    stopping.cancel()
    with pytest.raises(Unavailable):
        await waiting
    with pytest.raises(Unavailable):
        await from_thread(lambda: runtime.write_from_thread(message(chat, ann)))


async def test_publications_from_a_thread_go_out_in_order():
    runtime = ensure_runtime()
    ear = await Ear.on(get_channel_layer(), "user.5")

    def publish() -> None:
        for chat in range(10):
            runtime.publish_from_thread([tell_joined(5, chat)])

    await from_thread(publish)
    assert [(await ear.message())["chat"] for _ in range(10)] == list(range(10))


async def test_chats_made_in_a_thread_are_told_to_all_members():
    ann, bob = await run_in_thread(make_users, "ann", "bob")
    ensure_runtime()
    ears = [await Ear.on(get_channel_layer(), f"user.{user}") for user in (ann, bob)]
    make = services.create_chat
    chat, _ = await from_thread(lambda: make(creator=ann, kind="group", members=[bob]))
    assert [await ear.message() for ear in ears] == [{"type": "user.joined", "chat": chat}] * 2
