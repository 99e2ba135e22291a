"""Frames as a client writes them, and what the codec of a server says of them."""

from __future__ import annotations

from typing import Any

import pytest

from messaging.protocol.codec import Codec, RefusedFrame

codec = Codec(frame_bytes=65_536, text_chars=4_000)


def frame(text: str = '"hi"', *, id: str = '"a"', chat: str = "7", more: str = "") -> str:
    """Return a `message.send` whose fields are given as JSON."""
    return f'{{"type":"message.send","id":{id},"chat":{chat},"text":{text}{more}}}'


def decode(text: str) -> Any:
    """Return the command that a good frame is."""
    return codec.decode(text)


def refusal_of(text: str) -> RefusedFrame:
    """Return what is said of a bad frame."""
    with pytest.raises(RefusedFrame) as caught:
        codec.decode(text)
    return caught.value


def expect_bad_field(text: str, field: str | None) -> None:
    """Expect `bad_frame` with this field."""
    refused = refusal_of(text)
    assert (refused.error.code, refused.error.field) == ("bad_frame", field)
