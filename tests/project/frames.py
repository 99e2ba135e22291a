"""What clients write, as bytes: frames of all sorts, good ones most of the time."""

from __future__ import annotations

import struct

from hypothesis import strategies as st

LIMIT = 60_000
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def encode_frame(payload, *, first=0x81, key=b"\x01\x20\x03\xff", form=None):
    """Return a frame; `form` is the way the length is written, which need not be the shortest, and no key no mask."""
    size, mask = len(payload), 0x80 if key else 0
    form = form or (1 if size < 126 else 2 if size < 1 << 16 else 8)
    length = {1: lambda: bytes((mask | size,)), 2: lambda: bytes((mask | 126,)) + struct.pack("!H", size)}.get(
        form, lambda: bytes((mask | 127,)) + struct.pack("!Q", size)
    )()
    masked = bytes(byte ^ key[n % 4] for n, byte in enumerate(payload)) if key else payload
    return bytes((first,)) + length + (key or b"") + masked


TEXTS = st.text(max_size=200).map(str.encode) | st.sampled_from([125, 126, 127]).map(lambda size: b"x" * size)
# Texts most of the time, and now and then what autobahn is to see: parts, control frames, and what no client may send.
FRAMES = st.one_of(
    st.builds(encode_frame, TEXTS, key=st.binary(min_size=4, max_size=4)),
    st.builds(encode_frame, TEXTS),
    st.builds(
        encode_frame, st.binary(max_size=60), first=st.sampled_from([0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8A])
    ),
    st.builds(encode_frame, st.binary(max_size=20), first=st.sampled_from([0xC1, 0x83, 0x88, 0x8B, 0x09])),
    st.builds(encode_frame, TEXTS, key=st.just(b"")),
    st.builds(encode_frame, TEXTS.filter(lambda text: len(text) < 126), form=st.sampled_from([2, 8])),
    st.sampled_from([b"y" * 65_535, b"y" * 65_536, b"y" * LIMIT, b"y" * (LIMIT + 1)]).map(encode_frame),
    st.binary(max_size=12),
)
