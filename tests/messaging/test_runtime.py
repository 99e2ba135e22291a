"""What a server process runs: started by the first scope, drained, and gone without a trace when it stops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from channels.layers import get_channel_layer

from messaging import services
from messaging.database import run_in_thread
from messaging.errors import NotAMember, RateLimited, Unavailable
from messaging.fanout import tell_joined
from messaging.models import Node
from messaging.protocol.codes import CloseCode
from messaging.runtime import Runtime, Seat, ensure_runtime, get_runtime, with_runtime
from tests.messaging.connections.peers import claim_of
from tests.messaging.places import Ear
from tests.messaging.world import in_threads, make_group, make_users, message, seqs_of
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


class Peer:
    """A connection that remembers how it was ended."""

    def __init__(self, user: int) -> None:
        self.claim = claim_of(user)
        self.ends: list[tuple[CloseCode, float | None]] = []

    unanswered = 0
    hears_receipts = True

    async def rejoin(self) -> None:
        """Join nothing."""

    def end(self, code: CloseCode, *, retry_after: float | None = None) -> None:
        self.ends.append((code, retry_after))


def make_chat() -> tuple[int, int]:
    (ann,) = make_users("ann")
    return ann, make_group(ann)


async def test_a_loop_has_one_runtime_until_it_stops():
    assert get_runtime() is None
    runtime = ensure_runtime()
    assert ensure_runtime() is runtime is get_runtime()
    await runtime.stop()
    assert get_runtime() is None
    assert ensure_runtime() is not runtime


async def test_a_process_is_known_to_the_database_while_it_runs():
    runtime = ensure_runtime()
    node = await runtime.beat.registered()
    assert (await run_in_thread(Node.objects.get)).pk == node
    await runtime.stop()
    assert not await run_in_thread(Node.objects.exists)


# The first scope starts it, lifespan ends it


async def test_the_first_scope_starts_the_runtime():
    seen = []

    async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
        seen.append((scope["type"], get_runtime()))

    served = with_runtime(application)
    unused: Any = None
    for type_ in ("websocket", "http"):
        await served({"type": type_}, unused, unused)
    assert seen == [("websocket", get_runtime()), ("http", get_runtime())]
    assert get_runtime() is not None


async def test_lifespan_starts_drains_and_stops():
    messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: asyncio.Queue[str] = asyncio.Queue()

    async def send(message: dict[str, Any]) -> None:
        sent.put_nowait(message["type"])

    async def application(*_: Any) -> None:
        raise AssertionError("Lifespan is not the application's.")

    living = asyncio.ensure_future(with_runtime(application)({"type": "lifespan"}, messages.get, send))
    messages.put_nowait({"type": "lifespan.startup"})
    assert await asyncio.wait_for(sent.get(), PATIENCE) == "lifespan.startup.complete"
    runtime = get_runtime()
    assert runtime is not None
    messages.put_nowait({"type": "lifespan.shutdown"})
    assert await asyncio.wait_for(sent.get(), PATIENCE) == "lifespan.shutdown.complete"
    await asyncio.wait_for(living, PATIENCE)
    assert runtime.draining
    assert get_runtime() is None


# Draining


async def test_a_drain_sends_everybody_away_over_some_seconds(shrink):
    shrink(drain_retry_seconds=3)
    runtime = ensure_runtime()
    await runtime.beat.registered()
    peers = [Peer(user) for user in range(250)]
    for peer in peers:
        runtime.connections.add(peer)
    await runtime.drain()
    assert {code for peer in peers for code, _ in peer.ends} == {CloseCode.DRAINING}
    waits = [wait or 0.0 for peer in peers for _, wait in peer.ends]
    assert len(waits) == 250
    assert 0.1 <= min(waits) < 1 < 2 < max(waits) <= 3


async def test_a_drain_gives_answers_time_to_reach_their_place(shrink):
    shrink(drain_seconds=PATIENCE)
    runtime = ensure_runtime()
    await runtime.beat.registered()
    peer = Peer(1)
    peer.unanswered = 1
    runtime.connections.add(peer)
    draining = asyncio.ensure_future(runtime.drain())
    await asyncio.wait([draining], timeout=0.1)
    assert peer.ends == []
    peer.unanswered = 0
    await asyncio.wait_for(draining, PATIENCE)
    assert len(peer.ends) == 1


async def test_a_drain_does_not_wait_for_ever_for_the_database(shrink, stuck):
    shrink(drain_seconds=0.2)
    runtime, peer = ensure_runtime(), Peer(1)
    await runtime.beat.registered()
    runtime.connections.add(peer)
    stuck(runtime)
    runtime.writer.submit(message(1, 1), lambda _outcome, _epoch: None)
    await asyncio.wait_for(runtime.drain(), PATIENCE)
    assert len(peer.ends) == 1


# Getting visitors


async def test_a_process_is_ready_once_the_database_knows_it():
    runtime = ensure_runtime()
    assert runtime.unready == ["database"]
    await runtime.beat.registered()
    assert (runtime.unready, runtime.degraded) == ([], [])
    runtime.draining = True
    assert (runtime.unready, runtime.is_full) == (["draining"], True)


async def test_a_process_takes_so_many_connections_and_no_more(shrink):
    shrink(connections=2)
    runtime = ensure_runtime()
    with Seat(runtime):
        assert not runtime.is_full
        with Seat(runtime) as second:
            second.opened()
            assert runtime.is_full
        assert not runtime.is_full


async def test_of_many_connections_some_are_opened_at_once_and_too_many_are_not_taken(shrink):
    shrink(openings_at_once=2, openings_waiting=1)
    runtime, go, begun = ensure_runtime(), asyncio.Event(), []

    async def open_one(n: int) -> None:
        with Seat(runtime):
            async with runtime.opening():
                begun.append(n)
                await go.wait()

    opening = [asyncio.ensure_future(open_one(n)) for n in range(3)]
    await asyncio.wait(opening, timeout=0.05)
    assert (begun, runtime.is_full) == ([0, 1], True)
    go.set()
    await asyncio.wait(opening, timeout=PATIENCE)
    assert (begun, runtime.is_full) == ([0, 1, 2], False)


async def test_many_connections_share_what_a_process_keeps_for_them(shrink):
    shrink(pending_bytes=100, process_pending_bytes=300)
    connections = ensure_runtime().connections
    peers = [Peer(user) for user in range(6)]
    shares = []
    for peer in peers:
        connections.add(peer)
        shares.append(connections.pending_most)
    assert shares == [100, 100, 100, 75, 60, 50]
    connections.discard(peers[0].claim.connection)
    assert connections.pending_most == 60


# What a drain does with what was written


async def test_a_drain_answers_and_publishes_what_was_written():
    ann, chat = await run_in_thread(make_chat)
    runtime = ensure_runtime()
    answered: list[Any] = []
    ear = await Ear.on(get_channel_layer(), f"chat.{chat}")
    for n in range(20):
        runtime.writer.submit(message(chat, ann, f"{n}"), lambda outcome, _epoch: answered.append(outcome))
    await runtime.drain()
    assert [outcome.seq for outcome in answered] == list(range(1, 21))
    told = 0
    while told < 20:
        told += len((await ear.message())["frames"])


async def test_stopping_waits_for_what_connections_left_behind():
    runtime, done = ensure_runtime(), []

    async def clean_up() -> None:
        await asyncio.sleep(0.01)
        done.append(True)

    runtime.spawn(clean_up())
    await runtime.stop()
    assert done == [True]


async def test_stopping_does_not_wait_for_a_database_that_is_away(shrink, stuck):
    shrink(drain_seconds=0.1)
    runtime = ensure_runtime()
    await runtime.beat.registered()
    stuck(runtime)
    runtime.writer.submit(message(1, 1), lambda _outcome, _epoch: None)
    await asyncio.wait_for(runtime.stop(), PATIENCE)
    assert get_runtime() is None


async def test_stopping_does_not_wait_for_ever(shrink):
    shrink(drain_seconds=0.05)
    runtime = ensure_runtime()
    stuck = runtime.spawn(asyncio.Event().wait())
    await asyncio.wait_for(runtime.stop(), PATIENCE)
    assert not stuck.done()
    stuck.cancel()


# Writes from other threads


async def from_thread(work: Callable[[], Any]) -> Any:
    return await asyncio.wait_for(run_in_thread(work), PATIENCE)


async def test_a_service_in_a_thread_writes_through_the_writer():
    ann, chat = await run_in_thread(make_chat)
    runtime = ensure_runtime()
    ear = await Ear.on(get_channel_layer(), f"chat.{chat}")
    outcome = await from_thread(lambda: services.send_message(sender=ann, chat=chat, id="a", text="hi"))
    assert (outcome.seq, outcome.duplicate) == (1, False)
    assert (await ear.message())["first"] == 1
    repeat = await from_thread(lambda: runtime.write_from_thread(message(chat, ann, "hi", id="a")))
    assert (repeat.seq, repeat.duplicate) == (1, True)


async def test_many_threads_write_at_once():
    ann, chat = await run_in_thread(make_chat)
    runtime = ensure_runtime()
    write = runtime.write_from_thread
    seqs = await from_thread(lambda: in_threads(8, lambda _: [write(message(chat, ann)).seq for _ in range(5)]))
    assert sorted(seq for each in seqs for seq in each) == list(range(1, 41))
    assert await run_in_thread(seqs_of, chat) == list(range(1, 41))


async def test_a_refusal_reaches_the_thread():
    ann, chat = await run_in_thread(make_chat)
    runtime = ensure_runtime()
    with pytest.raises(NotAMember):
        await from_thread(lambda: runtime.write_from_thread(message(chat + 1, ann)))


@pytest.fixture
def stuck() -> Iterator[Callable[[Runtime], None]]:
    """Return a function that keeps the writer of a runtime from committing until the test ends."""
    free = threading.Event()

    def hold(runtime: Runtime) -> None:
        runtime.writer._lane.submit(free.wait, PATIENCE)

    yield hold
    free.set()


async def test_a_full_writer_refuses_a_thread_too(shrink, stuck):
    shrink(writes_waiting=1)
    ann, chat = await run_in_thread(make_chat)
    runtime = ensure_runtime()
    stuck(runtime)
    for _ in range(2):
        # The first is under way, the second waits.
        runtime.writer.submit(message(chat, ann), lambda *_: None)
        await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await from_thread(lambda: runtime.write_from_thread(message(chat, ann)))


async def test_a_thread_does_not_wait_for_ever(shrink, stuck):
    shrink(answer_seconds=0.05)
    ann, chat = await run_in_thread(make_chat)
    runtime = ensure_runtime()
    stuck(runtime)
    with pytest.raises(Unavailable):
        await from_thread(lambda: runtime.write_from_thread(message(chat, ann)))


async def test_the_end_of_a_runtime_lets_no_thread_wait(shrink, stuck):
    shrink(drain_seconds=0.05)
    ann, chat = await run_in_thread(make_chat)
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


async def test_a_runtime_of_an_ended_loop_is_nobodys():
    old: list[Runtime] = []

    def elsewhere() -> None:
        async def run() -> None:
            old.append(ensure_runtime())
            await old[0].stop()

        asyncio.run(run())

    await run_in_thread(elsewhere)
    assert ensure_runtime() is not old[0]
