"""Frames taken before websockets' parser: the same messages, answers and ends as with it alone, however the bytes come."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from project.uvicorn_protocols import PacedProtocol
from tests.project.frames import FRAMES, HANDSHAKE, LIMIT, encode_frame

OPENED = 3  # turns of the loop in which an application accepts


class Wire:
    """A transport that remembers what was asked of it."""

    def __init__(self):
        self.written, self.asked = b"", []

    def write(self, data):
        self.written += data

    def is_closing(self):
        return "close" in self.asked or "abort" in self.asked

    def get_write_buffer_size(self):
        return 0

    def get_extra_info(self, name, default=None):
        return default

    def __getattr__(self, name):
        return lambda: self.asked.append(name)


class Recorder(PacedProtocol):
    """Ours, which counts what the parser sees."""

    seen = 0

    def _parse(self, data):
        self.seen += len(data)
        super()._parse(data)


class Plain(Recorder):
    """websockets' parser alone."""

    def _take_whole(self, data):
        return 0


async def accept(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    await asyncio.Event().wait()


async def open_socket(kind):
    config = uvicorn.Config(accept, lifespan="off", log_config=None, ws_max_size=LIMIT, ws_ping_interval=None)
    config.load()
    protocol = kind(config, ServerState(), {})
    protocol.connection_made(Wire())
    protocol.data_received(HANDSHAKE)
    for _ in range(OPENED):
        await asyncio.sleep(0)
    assert protocol.is_open
    protocol.transport.written, protocol.seen = b"", 0
    return protocol


async def feed(kind, stream, cuts):
    """Return all that is to be seen of a socket that got the stream in these parts."""
    protocol = await open_socket(kind)
    for start, end in pairwise([0, *cuts, len(stream)]):
        protocol.data_received(stream[start:end])
    messages = [await protocol.queue.get() for _ in range(protocol.queue.qsize())]
    for task in protocol.tasks:
        task.cancel()
    if protocol.close_timer is not None:
        protocol.close_timer.cancel()
    return messages, protocol.transport.written, protocol.transport.asked, protocol.conn.state


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_any_stream_in_any_parts_means_what_it_means_to_the_parser(data):
    stream = b"".join(data.draw(st.lists(FRAMES, max_size=8)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    assert asyncio.run(feed(Recorder, stream, cuts)) == asyncio.run(feed(Plain, stream, cuts))


@pytest.mark.parametrize("size", [0, 1, 3, 4, 125, 126, 1_000, LIMIT])
async def test_whole_texts_are_taken_and_the_parser_sees_none_of_them(size):
    texts = ["a" * size, "\N{GRINNING FACE}", ""]
    protocol = await open_socket(Recorder)
    protocol.data_received(b"".join(encode_frame(text.encode()) for text in texts))
    assert [(await protocol.queue.get())["text"] for _ in texts] == texts
    assert protocol.seen == 0


async def test_a_text_between_the_parts_of_another_is_for_the_parser_to_refuse():
    stream = encode_frame(b"part", first=0x01) + encode_frame(b"whole")
    protocol = await open_socket(Recorder)
    protocol.data_received(stream[:10])
    protocol.data_received(stream[10:])
    assert protocol.seen == len(stream)
    assert (await protocol.queue.get())["type"] == "websocket.disconnect"


async def test_a_violation_behind_another_ends_the_connection_once():
    protocol = await open_socket(Recorder)
    protocol.data_received(encode_frame(b"\xff") + encode_frame(b"", first=0x83))
    assert (await protocol.queue.get())["type"] == "websocket.disconnect"
    assert protocol.queue.empty()
    assert protocol.transport.asked == ["close"]
