"""The load generator in XMPP, against a small server of rooms; and what Prosody is told."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as xml
from collections import defaultdict
from contextlib import asynccontextmanager

from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.typing import Subprotocol

from bench import prosody
from bench.generator import Generator
from bench.trial import Bench, make_plan
from bench.world import Room, World

WORLD = World(4, (Room((0, 1, 2)), Room((1, 2))))


class Rooms:
    """Sends each message to all in its room; of joins, `taken` are refused, and those to `silent` rooms are not answered."""

    def __init__(self, *, taken=0, silent=(), reflects=True, refuses=False):
        self.taken, self.silent, self.reflects, self.refuses = taken, silent, reflects, refuses
        self.rooms: defaultdict[str, dict[ServerConnection, str]] = defaultdict(dict)

    async def __call__(self, socket):
        authenticated = False
        async for text in socket:
            stanza = xml.fromstring(text)  # noqa: S314 -- our own generator has written it
            match stanza.tag.rpartition("}")[2]:
                case "open":
                    await socket.send("<open/>")
                    offered = "<bind/>" if authenticated else "<mechanisms/>"
                    await socket.send(f"<stream:features>{offered}</stream:features>")
                case "auth":
                    authenticated = True
                    await socket.send("<success/>")
                case "iq":
                    await socket.send("<iq type='result' id='bind'><bind><jid>a@localhost/b</jid></bind></iq>")
                case "presence":
                    await self.join(socket, stanza.attrib["to"])
                case "message":
                    await self.tell(socket, stanza)

    async def join(self, socket, place):
        room, _, name = place.partition("/")
        if room.startswith(tuple(self.silent)):
            return
        if self.taken:
            self.taken -= 1
            await socket.send(f"<presence type='error' from='{place}'><error><conflict/></error></presence>")
            return
        for other in self.rooms[room].values():
            await socket.send(f"<presence from='{room}/{other}'/>")
        self.rooms[room][socket] = name
        await socket.send(f"<presence from='{place}'><x><status code='201'/><status code='110'/></x></presence>")
        await socket.send(f"<message type='groupchat' from='{room}'><subject/></message>")

    async def tell(self, socket, stanza):
        room, said = stanza.attrib["to"], stanza.findtext("{*}body")
        head = f"<message id='{stanza.attrib['id']}' from='{room}/{self.rooms[room][socket]}'"
        if self.refuses:
            await socket.send(f"{head} type='error'><error/></message>")
            return
        told = [each for each in self.rooms[room] if self.reflects or each is not socket]
        broadcast(told, f"{head} type='groupchat'><body>{said}</body></message>")


@asynccontextmanager
async def generate(rooms, folder):
    async with serve(rooms, "127.0.0.1", 0, subprotocols=[Subprotocol("xmpp")]) as server:
        port = server.sockets[0].getsockname()[1]
        with Generator(make_plan(Bench(folder), prosody.KIND, WORLD, [port])) as generator:
            yield generator


async def run_against(rooms, folder, *, drain=5.0):
    async with generate(rooms, folder) as generator:
        opened = await asyncio.to_thread(generator.connect, seconds=20)
        assert opened.opened == 4
        return await asyncio.to_thread(generator.run, 100, 0.2, drain=drain)


async def test_ones_own_message_is_the_ack_and_the_others_are_deliveries(tmp_path):
    probe = await run_against(Rooms(), tmp_path)
    assert (probe.sent, probe.acks, probe.errors, probe.complete) == (20, 20, 0, True)
    assert 20 < probe.deliveries == probe.expected < 40


async def test_a_message_that_its_sender_does_not_hear_has_no_ack(tmp_path):
    probe = await run_against(Rooms(reflects=False), tmp_path, drain=0.2)
    assert (probe.acks, probe.deliveries, probe.complete) == (0, probe.expected, False)


async def test_a_message_that_is_refused_is_an_error(tmp_path):
    probe = await run_against(Rooms(refuses=True), tmp_path, drain=0.1)
    assert (probe.acks, probe.deliveries, probe.errors) == (0, 0, 20)


async def test_a_connection_is_open_when_all_its_rooms_have_confirmed(tmp_path):
    async with generate(Rooms(silent={"c2@"}), tmp_path) as generator:
        opened = await asyncio.to_thread(generator.connect, seconds=0.5)
    assert (opened.opened, opened.unfinished) == (2, 2)


async def test_who_is_refused_a_room_tries_again(tmp_path):
    async with generate(Rooms(taken=1), tmp_path) as generator:
        opened = await asyncio.to_thread(generator.connect, seconds=20)
    assert (opened.opened, opened.failed) == (4, 1)


def test_prosody_listens_where_it_is_told_and_nowhere_else(tmp_path):
    file = prosody.write_config(tmp_path / "place", 1234, "postgres://someone:secret@localhost:99/bench_7")
    config = file.read_text()
    assert "http_ports = { 1234 }" in config
    assert 'host = "localhost", port = 99, database = "bench_7"' in config
    assert 'username = "someone", password = "secret"' in config
    assert all(f"{name}_ports = {{}}" in config for name in ("https", "c2s"))
