"""What a server process runs: begun by the first scope, ready for visitors or not, and gone without a trace when it stops."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from messaging.database import run_in_thread
from messaging.models import Node
from messaging.runtime import Runtime, Seat, ensure_runtime, get_runtime, with_runtime
from tests.messaging.connections.peers import Peer, claim_of
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


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


async def test_a_runtime_of_an_ended_loop_is_nobodys():
    old: list[Runtime] = []

    def elsewhere() -> None:
        async def run() -> None:
            old.append(ensure_runtime())
            await old[0].stop()

        asyncio.run(run())

    await run_in_thread(elsewhere)
    assert ensure_runtime() is not old[0]


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
    peers = [Peer(claim_of(user)) for user in range(6)]
    shares = []
    for peer in peers:
        connections.add(peer)
        shares.append(connections.pending_most)
    assert shares == [100, 100, 100, 75, 60, 50]
    connections.discard(peers[0].claim.connection)
    assert connections.pending_most == 60
