"""Frames taken before autobahn: the same messages, answers and ends as with autobahn alone, however the bytes come."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from autobahn.twisted.websocket import WebSocketServerFactory, WebSocketServerProtocol
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport

from project.frame_in import WholeFrames, take_text
from tests.project.frames import FRAMES, HANDSHAKE, LIMIT, encode_frame


class Wire(StringTransport):
    aborting = False

    def unregisterProducer(self):
        self.producer = None


Autobahn: Any = WebSocketServerProtocol


class Recorder(Autobahn):
    def onMessage(self, payload, isBinary):
        self.messages.append((payload, isBinary))


class Ours(WholeFrames, Recorder):
    """The protocol under test, which counts what autobahn sees of it."""

    def _dataReceived(self, data):
        self.seen += len(data)
        super()._dataReceived(data)


def open_socket(kind):
    factory = WebSocketServerFactory()
    factory.setProtocolOptions(
        openHandshakeTimeout=0, closeHandshakeTimeout=0, maxFramePayloadSize=LIMIT, maxMessagePayloadSize=LIMIT
    )
    factory.protocol = kind
    protocol: Any = factory.buildProtocol(None)
    protocol.messages, protocol.seen = [], 0
    protocol.makeConnection(Wire())
    protocol.dataReceived(HANDSHAKE)
    protocol.transport.clear()
    protocol.seen = 0
    return protocol


def feed(kind, stream, cuts):
    """Return all that is to be seen of a socket that got the stream in these parts."""
    protocol = open_socket(kind)
    for start, end in pairwise([0, *cuts, len(stream)]):
        protocol.dataReceived(stream[start:end])
    wire = protocol.transport
    return protocol.messages, wire.value(), wire.disconnecting, wire.aborting, protocol.state


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_any_stream_in_any_parts_means_what_it_means_to_autobahn(data):
    stream = b"".join(data.draw(st.lists(FRAMES, max_size=8)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    assert feed(Ours, stream, cuts) == feed(Recorder, stream, cuts)


NO_MASK = b"\0\0\0\0"


@pytest.mark.parametrize(
    ("stream", "cut"),
    [
        pytest.param(encode_frame(encode_frame(b"inner"), key=NO_MASK), 6, id="the payload of one is a frame"),
        pytest.param(encode_frame(encode_frame(b"inner"), first=0x89, key=NO_MASK), 6, id="that of a ping is"),
        pytest.param(b"\x81\x81\x80abcd", 1, id="the second byte of one begins a frame"),
        pytest.param(encode_frame(b"y" * 65_536, key=NO_MASK), 0, id="a length of eight bytes"),
        pytest.param(encode_frame(b"y" * (LIMIT + 1)), 0, id="too long"),
        pytest.param(encode_frame(b"\xed\xa0\x80"), 0, id="half of a surrogate pair"),
        pytest.param(encode_frame(b"\xf0\x9f\x98"), 0, id="a character that ends early"),
    ],
)
def test_what_looks_like_a_text_and_is_none_is_for_autobahn(stream, cut):
    assert feed(Ours, stream, [cut]) == feed(Recorder, stream, [cut])


@pytest.mark.parametrize("size", [0, 1, 3, 4, 125, 126, 1_000, LIMIT])
def test_whole_texts_are_taken_and_autobahn_sees_none_of_them(size):
    protocol = open_socket(Ours)
    texts = [b"a" * size, "\N{GRINNING FACE}".encode(), b""]
    protocol.dataReceived(b"".join(map(encode_frame, texts)))
    assert (protocol.messages, protocol.seen) == ([(text, False) for text in texts], 0)


def test_a_text_between_the_parts_of_another_is_for_autobahn_to_refuse():
    stream = encode_frame(b"part", first=0x01) + encode_frame(b"whole")
    protocol = open_socket(Ours)
    protocol.dataReceived(stream[:10])
    protocol.dataReceived(stream[10:])
    assert (protocol.messages, protocol.seen) == ([], len(stream))


@pytest.mark.parametrize("cut", range(11))
def test_a_frame_that_is_not_there_as_a_whole_is_not_taken(cut):
    assert take_text(encode_frame(b"hello")[:cut], 0) is None


def test_a_client_that_talks_has_answered_the_ping():
    protocol = open_socket(Ours)
    cancelled: list[bool] = []
    protocol.autoPingTimeoutCall = Timer(cancelled)
    protocol.dataReceived(encode_frame(b"hello"))
    assert (protocol.autoPingTimeoutCall, cancelled) == (None, [True])


class Timer:
    def __init__(self, cancelled):
        self._cancelled = cancelled

    def cancel(self):
        self._cancelled.append(True)
