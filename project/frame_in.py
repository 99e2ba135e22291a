"""What clients mostly send, a whole masked text frame, taken in one step; the server's own parser gets everything else.

autobahn, which is Daphne's, takes a frame apart in a dozen calls, and so does that of `websockets`, which is uvicorn's
(`project/uvicorn_protocols.py`). What is not taken here, be it in parts, a control frame or against the protocol, they see
as it came, in its place.
"""

from __future__ import annotations

from typing import Any, NamedTuple

# RFC 6455 §5.2: FIN and the text opcode; then the mask bit and a length, which 126 says is in the next two bytes.
_FIN_TEXT = 0x81
_MASKED = 0x80
_TWO_BYTES_FOLLOW = 126
_KEY_BYTES = 4


class TextFrame(NamedTuple):
    """The text of a frame, as its bytes, and where the next frame begins."""

    payload: bytes
    end: int


def take_text(data: bytes, start: int) -> TextFrame | None:
    """Return the frame at `start`, or None unless it is whole, masked, one message of text and below 64 KiB."""
    if len(data) - start < 2 + _KEY_BYTES or data[start] != _FIN_TEXT or data[start + 1] < _MASKED:
        return None
    key, size = start + 2, data[start + 1] - _MASKED
    if size == _TWO_BYTES_FOLLOW:
        key, size = start + 4, int.from_bytes(data[start + 2 : start + 4], "big")
        if size < _TWO_BYTES_FOLLOW:
            return None
    elif size > _TWO_BYTES_FOLLOW:
        return None
    text = key + _KEY_BYTES
    if len(data) < text + size:
        return None
    payload = _unmask(data[key:text], data[text : text + size])
    return TextFrame(payload, text + size) if _is_utf8(payload) else None


def _unmask(key: bytes, payload: bytes) -> bytes:
    # One operation on numbers as long as the text is many times faster than one on each byte.
    size = len(payload)
    mask = (key * (size // _KEY_BYTES + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(mask, "little")).to_bytes(size, "little")


def _is_utf8(payload: bytes) -> bool:
    if payload.isascii():
        return True
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


class WholeFrames:
    """A mixin before an autobahn protocol of a server: what `take_text` takes goes to `onMessage` at once."""

    def dataReceived(self: Any, data: bytes) -> None:
        """Take the frames at the beginning of `data`, and pass on what follows them."""
        start = 0
        # Only between two messages, of which autobahn holds no part.
        if self.state == self.STATE_OPEN and not self.data and self.current_frame is None and not self.inside_message:
            while (frame := take_text(data, start)) is not None and self._takes(frame):
                start = frame.end
                if self.autoPingTimeoutCall:
                    # A client that talks is there.
                    self._cancelAutoPingTimeoutCall()
                self.onMessage(frame.payload, False)
        if start < len(data):
            super().dataReceived(data[start:] if start else data)  # type: ignore[misc]  # autobahn's

    def _takes(self: Any, frame: TextFrame) -> bool:
        if self.state != self.STATE_OPEN:
            return False
        size = len(frame.payload)
        return not (0 < self.maxFramePayloadSize < size or 0 < self.maxMessagePayloadSize < size)
