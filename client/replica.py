"""The whole client without its I/O: cursors and outbox of one user on one device.

A port to another language is this object, with the four files under it, and something that moves frames.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from client import commands
from client.changes import CaughtUp, Change
from client.errors import CommandRefused
from client.frames import Frame, encode
from client.outbox import Outbox
from client.streams import Streams
from messaging.protocol.codes import ErrorCode

# Until `ready` tells another one; the default of the protocol.
FRAME_BYTES = 65_536


class Replica:
    """What one device of a user knows: which events it has, and which writes have no final answer."""

    def __init__(self, pause: Callable[[int], float], *, user_name: str = "", device: str | None = None) -> None:
        self.user_name = user_name
        self.device = device or uuid4().hex
        self.streams = Streams()
        self.outbox = Outbox(pause)
        # Whose presence is wanted: a server forgets it with the connection.
        self.watched: list[int] = []
        self._frame_bytes = FRAME_BYTES

    def hello(self) -> Frame:
        """Return the frame that opens a connection."""
        return commands.hello(dict(self.streams.cursors), self.streams.epoch)

    def put(self, write: Frame) -> None:
        """Add a write to the outbox, unless no server could ever answer it."""
        # Beyond the limit the id may go unread and the answer unmatched: the chat would wait for ever.
        if len(encode(write).encode()) > self._frame_bytes:
            code = ErrorCode.FRAME_TOO_LARGE
            raise CommandRefused(code.status, code)
        self.outbox.put(write)

    def receive(self, frame: Frame, now: float) -> list[Change]:
        """Take a frame of the server and return what changed, in order."""
        match frame["type"]:
            case "ready":
                return self._ready(frame)
            case "caught_up":
                return [CaughtUp()]
            case "ack":
                return self.streams.ack(frame, self.outbox.find(frame)) + self._settle(frame, now)
            case "error":
                return self._settle(frame, now)
            case _:
                return self.streams.take(frame)

    def export(self) -> dict[str, Any]:
        """Return all that has to survive the process, as plain JSON data."""
        return {
            "user_name": self.user_name,
            "device": self.device,
            "streams": self.streams.export(),
            "outbox": self.outbox.export(),
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `export` returned; of another user, only the device is taken."""
        self.device = saved["device"]
        if saved["user_name"] == self.user_name:
            self.streams.restore(saved["streams"])
            self.outbox.restore(saved["outbox"])

    def _ready(self, frame: Frame) -> list[Change]:
        self.outbox.burst = frame["limits"]["burst"]
        self._frame_bytes = frame["limits"]["frame_bytes"]
        return self.streams.ready(frame)

    def _settle(self, frame: Frame, now: float) -> list[Change]:
        settled = self.outbox.answer(frame, now)
        return [settled] if settled else []
