"""The load generator, against the real server and against one that breaks the contract."""

from __future__ import annotations

import asyncio
import itertools
import json

import pytest
from websockets.asyncio.server import serve

from bench.fill import fill_ours
from bench.generator import Generator, write_plan
from bench.servers import KEY
from bench.stores import Postgresql
from bench.world import Room, World
from tests.server import database_url

WORLD = World(4, (Room((0, 1, 2)), Room((1, 2, 3)), Room((0, 3))))


class Stub:
    """Answers every message with an ack whose seq comes from `seqs`."""

    def __init__(self, seqs):
        self.seqs = iter(seqs)

    async def __call__(self, socket):
        async for text in socket:
            frame = json.loads(text)
            if frame["type"] == "hello":
                await socket.send(
                    '{"type":"ready","id":"h","chats":[{"chat":1,"head":0,"from":1,"read":0,"unread":0}]}'
                )
                await socket.send('{"type":"caught_up"}')
            else:
                ack = {"type": "ack", "id": frame["id"], "chat": 1, "status": 200, "seq": next(self.seqs)}
                await socket.send(json.dumps(ack, separators=(",", ":")))


async def run_against(stub, plan, *, messages=5, drain=5.0):
    async with serve(stub, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        write_plan(plan, World(1, (Room((0,)),)), ports=[port], key=KEY, ticket=None)
        with Generator(plan) as generator:
            opened = await asyncio.to_thread(generator.connect, seconds=20)
            assert opened.opened == 1
            return await asyncio.to_thread(generator.run, 50, messages / 50, drain=drain)


async def test_numbers_without_a_hole_are_no_violation(tmp_path):
    probe = await run_against(Stub(itertools.count(1)), tmp_path / "plan")
    assert (probe.sent, probe.acks, probe.violations, probe.complete) == (5, 5, 0, True)


@pytest.mark.parametrize("seqs", [(1, 2, 4, 5, 6), (1, 2, 2, 3, 4), (2, 3, 4, 5, 6)], ids=["hole", "repeat", "late"])
async def test_a_number_that_is_not_the_next_is_a_violation(seqs, tmp_path):
    probe = await run_against(Stub(seqs), tmp_path / "plan")
    assert probe.violations
    assert probe.acks == 5


async def test_an_ack_that_does_not_come_leaves_a_run_incomplete(tmp_path):
    probe = await run_against(Stub((1, 2, 3)), tmp_path / "plan", drain=0.1)
    assert probe.acks == 3
    assert not probe.complete


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
async def test_everything_sent_to_the_server_is_acked_and_delivered_in_order(start_server, tmp_path):
    server = await start_server(JWT_SIGNING_KEY=KEY, COMMANDS_BURST="1000")
    await asyncio.to_thread(fill_ours, Postgresql(database_url()), WORLD)
    write_plan(tmp_path / "plan", WORLD, ports=[server.port], key=KEY)
    with Generator(tmp_path / "plan") as generator:
        opened = await asyncio.to_thread(generator.connect, seconds=30)
        probe = await asyncio.to_thread(generator.run, 100, 0.5, drain=20)
    assert (opened.opened, opened.failed, probe.violations, probe.errors) == (4, 0, 0, 0)
    assert (probe.acks, probe.deliveries) == (50, probe.expected)
    assert probe.complete


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
async def test_who_was_away_is_sent_everything_missed(start_server, tmp_path):
    world = World(3, (Room((0, 1, 2), stored=7), Room((0, 1), stored=5)))
    server = await start_server(JWT_SIGNING_KEY=KEY)
    store = Postgresql(database_url())
    await asyncio.to_thread(fill_ours, store, world)
    epoch = store.ask("SELECT epoch FROM messaging_store")[0]
    write_plan(tmp_path / "plan", world, ports=[server.port], key=KEY, epoch=epoch)
    with Generator(tmp_path / "plan") as generator:
        opened = await asyncio.to_thread(generator.connect, seconds=30)
    assert (opened.opened, opened.replayed, opened.violations) == (3, 3 * 7 + 2 * 5, 0)
