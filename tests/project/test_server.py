"""Each of our servers as a process of its own: the extension, and the ways to end."""

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from project.env import BASE_DIR
from project.pongs import PONGS_UNREAD
from project.process import PARTS_MOST
from tests.project.stub_server import CHUNK, CHUNKS

# It knows no database: once is enough.
pytestmark = pytest.mark.embedded

FLOOD = len(CHUNK) * CHUNKS
# A masked ping with the longest payload, and several times as many as two kernels take.
PING, PINGS = b"\x89\xfd" + bytes(4 + 125), 60_000


class Place(NamedTuple):
    kind: str
    port: int


@pytest.fixture(params=["daphne", "uvicorn"])
def place(request):
    with socket.create_server(("127.0.0.1", 0)) as free:
        return Place(request.param, free.getsockname()[1])


@asynccontextmanager
async def run_server(place, **variables):
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.project.stub_server", place.kind, "-p", str(place.port)),
        cwd=BASE_DIR,
        env={**os.environ, "LOG_FORMAT": "text", **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield server
    finally:
        if server.returncode is None:
            server.kill()
        await server.communicate()


@asynccontextmanager
async def run_listening_server(place, **variables):
    async with run_server(place, **variables) as server:
        assert (
            f"project.server: Serving on http://127.0.0.1:{place.port}\n" in (await server.stderr.readline()).decode()
        )
        yield server


async def expect(server, line):
    assert (await server.stdout.readline()).decode() == f"{line}\n"


async def expect_number(server, name):
    found, number = (await server.stdout.readline()).decode().split()
    assert found == name
    return int(number)


async def until_still(size):
    """Return a size once it has not changed for a second."""
    sizes: list[int] = []
    while len(sizes) < 10 or len(set(sizes[-10:])) > 1:
        await asyncio.sleep(0.1)  # nothing tells of it
        sizes.append(size())
    return sizes[-1]


def connect_to(place, **headers):
    return connect(
        f"ws://127.0.0.1:{place.port}/ws/",
        additional_headers=headers,
        ping_interval=None,
        max_size=None,
        max_queue=None,
        close_timeout=1,
    )


async def test_prepared_frames_are_written_only_while_the_socket_is_open(place):
    async with run_listening_server(place) as server:
        async with connect_to(place) as socket_:
            assert await socket_.recv() == "prepared"
        await expect(server, "connecting False")
        await expect(server, "accepted True")
        await expect(server, "ended False 1000")


async def test_a_client_is_read_no_faster_than_its_frames_are_taken(place):
    async with run_listening_server(place) as server, connect_to(place) as socket_:
        await expect(server, "connecting False")
        await expect(server, "accepted True")

        async def flood():
            for _ in range(CHUNKS):
                await socket_.send("x" * len(CHUNK))
            await socket_.send("count")

        await socket_.send("hold")
        flooding = asyncio.ensure_future(flood())
        await expect(server, "held")
        assert not flooding.done()
        await expect(server, f"taken {CHUNKS + 2}")
        await flooding


async def test_bytes_for_a_slow_reader_are_counted_until_the_connection_is_cut(place):
    async with run_listening_server(place) as server, connect_to(place) as socket_:
        assert await socket_.recv() == "prepared"
        await expect(server, "connecting False")
        await expect(server, "accepted True")
        socket_.transport.pause_reading()
        await socket_.send("flood")
        assert FLOOD / 2 < await expect_number(server, "flooded") <= FLOOD
        # What the kernel took is not counted any more.
        assert 0 < await expect_number(server, "later") < FLOOD
        await socket_.send("abort")
        await expect(server, "ended False 1006")
        socket_.transport.resume_reading()
        with pytest.raises(ConnectionClosedError):
            async for _ in socket_:
                pass


async def test_nothing_is_pending_for_a_reader_that_keeps_up(place):
    async with run_listening_server(place) as server, connect_to(place) as socket_:
        assert await socket_.recv() == "prepared"
        await expect(server, "connecting False")
        await expect(server, "accepted True")
        await socket_.send("flood")
        for _ in range(CHUNKS):
            assert len(await socket_.recv()) == 100_000
        await expect_number(server, "flooded")
        await expect_number(server, "later")
        await socket_.send("pending")
        assert await expect_number(server, "pending") == 0


async def test_a_client_that_sends_pings_and_reads_no_pong_is_not_read_until_it_does(place):
    async with run_listening_server(place) as server, connect_to(place) as socket_:
        assert await socket_.recv() == "prepared"
        await expect(server, "connecting False")
        await expect(server, "accepted True")
        socket_.transport.pause_reading()
        socket_.transport.write(PING * PINGS)
        unread = await until_still(socket_.transport.get_write_buffer_size)
        socket_.transport.resume_reading()
        assert unread > len(PING) * PINGS / 4
        await socket_.send("pending")
        assert await expect_number(server, "pending") < len(PING) * PONGS_UNREAD


@pytest.mark.parametrize("word", ["leave", "be cancelled"])
async def test_a_connection_ends_with_its_application(place, word):
    async with run_listening_server(place), connect_to(place) as socket_:
        assert await socket_.recv() == "prepared"
        await socket_.send(word)
        with pytest.raises(ConnectionClosedError):
            await asyncio.wait_for(socket_.recv(), 5)


async def test_frames_against_the_protocol_end_their_connection(place):
    async with run_listening_server(place) as server, connect_to(place) as socket_:
        await expect(server, "connecting False")
        await expect(server, "accepted True")
        await socket_.send(b"\xff", text=True)
        assert (await server.stdout.readline()).startswith(b"ended False ")
        with pytest.raises(ConnectionClosedError):
            async for _ in socket_:
                pass


async def test_a_message_in_parts_without_end_ends_its_connection(place):
    async with run_listening_server(place), connect_to(place) as socket_:
        assert await socket_.recv() == "prepared"
        socket_.transport.write(b"\x01\x80mask" + b"\x00\x80mask" * PARTS_MOST)
        with pytest.raises(ConnectionClosedError):
            await asyncio.wait_for(socket_.recv(), 5)


async def test_a_message_in_parts_is_taken_whole(place):
    async with run_listening_server(place) as server, connect_to(place) as socket_:
        await expect(server, "connecting False")
        await expect(server, "accepted True")
        await socket_.send(["co"] + [""] * (PARTS_MOST - 4) + ["un", "t"])
        await expect(server, "taken 1")


async def test_a_head_without_an_end_ends_its_connection(place):
    async with run_listening_server(place):
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(b"GET / HTTP/1.1\r\nX-Much: " + b"x" * 100_000)
        with suppress(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 5)
        writer.close()


async def test_an_address_that_a_client_says_it_has_is_not_believed(place):
    async with run_listening_server(place) as server, connect_to(place, **{"X-Forwarded-For": "192.0.2.9"}) as socket_:
        await expect(server, "connecting False")
        await expect(server, "accepted True")
        await socket_.send("client")
        await expect(server, "client 127.0.0.1")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signal_ends_the_process_well_however_young_its_sockets_are(place, number):
    async with run_listening_server(place, DRAIN_SECONDS="0.5") as server, connect_to(place) as socket_:
        assert await socket_.recv() == "prepared"
        server.send_signal(number)
        assert await asyncio.wait_for(server.wait(), 5) == 0


async def test_server_told_to_stop_takes_no_more_connections(place):
    async with run_listening_server(place) as server, connect_to(place) as socket_:
        assert await socket_.recv() == "prepared"
        server.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        assert server.returncode is None
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", place.port)


async def test_second_signal_ends_the_process_at_once(place):
    async with run_listening_server(place, DRAIN_SECONDS="30") as server, connect_to(place) as socket_:
        assert await socket_.recv() == "prepared"
        server.send_signal(signal.SIGTERM)
        await asyncio.sleep(1.5)
        server.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.wait(), 1) == -signal.SIGTERM


async def test_idle_process_ends_without_waiting(place):
    async with run_listening_server(place) as server:
        server.send_signal(signal.SIGTERM)
        started = time.monotonic()
        assert await asyncio.wait_for(server.wait(), 5) == 0
        assert time.monotonic() - started < 2


async def test_port_in_use_is_said_in_a_sentence(place):
    with socket.create_server(("127.0.0.1", place.port)):
        async with run_server(place) as server:
            output, errors = await server.communicate()
    assert (server.returncode, output) == (1, b"")
    assert errors.decode() == (
        f"onesocket: Couldn't listen on 127.0.0.1:{place.port}: [Errno 98] Address already in use.\n"
    )
