"""The cursors of a client: which event of which chat was applied last, and what a frame from the server does to that.

No I/O and no clock. Each call takes a frame and returns what the application has to do, in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from client.changes import Applied, Broken, Change, Dropped, Forgotten, Ready, Signal
from client.frames import Frame, event_of, is_event


class Streams:
    """`epoch` and `seq[chat]` of protocol §8."""

    def __init__(self) -> None:
        self.epoch: str | None = None
        self.user: int | None = None
        self._seq: dict[int, int] = {}

    @property
    def cursors(self) -> Mapping[int, int]:
        """The chats of this user, each with the seq applied last."""
        return MappingProxyType(self._seq)

    def ready(self, frame: Frame) -> list[Change]:
        """Begin a connection: drop chats that are missing, forget those that go on elsewhere."""
        self.epoch, self.user = frame["epoch"], frame["user"]
        listed = frame["chats"]
        gone = self._seq.keys() - {entry["chat"] for entry in listed}
        changes: list[Change] = [Ready(frame)]
        changes += [self._drop(chat) for chat in sorted(gone)]
        for entry in listed:
            changes += self._resume(entry)
        return changes

    def take(self, frame: Frame) -> list[Change]:
        """Take an event, a `chat.joined` or a signal."""
        if frame["type"] == "chat.joined":
            return [self._forget(frame["chat"], frame["from"])]
        if is_event(frame):
            return self._advance(Applied(frame["chat"], frame["seq"], frame))
        # "a client ignores those of chats it does not have" (§4)
        return [Signal(frame)] if "chat" not in frame or frame["chat"] in self._seq else []

    def ack(self, ack: Frame, command: Frame | None) -> list[Change]:
        """Take an ack: it stands in place of the event, save for a duplicate and for what has no seq."""
        if ack.get("duplicate") or "seq" not in ack or "chat" not in ack:
            return []
        event = ack if command is None else event_of(command, ack, self.user)
        return self._advance(Applied(ack["chat"], ack["seq"], event, own=True))

    def export(self) -> dict[str, Any]:
        """Return all that has to survive the process."""
        return {"epoch": self.epoch, "user": self.user, "seq": {str(chat): seq for chat, seq in self._seq.items()}}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on from what `export` returned."""
        self.epoch, self.user = saved["epoch"], saved["user"]
        self._seq = {int(chat): seq for chat, seq in saved["seq"].items()}

    def _resume(self, entry: Frame) -> list[Change]:
        chat, start = entry["chat"], entry["from"]
        if entry.get("reset") or start > self._seq.get(chat, 0) + 1:
            return [self._forget(chat, start)]
        self._seq.setdefault(chat, 0)
        return []

    def _advance(self, applied: Applied) -> list[Change]:
        chat, seq = applied.chat, applied.seq
        if chat not in self._seq:
            return [Broken(chat, seq, None)]
        expected = self._seq[chat] + 1
        if seq != expected:
            return [] if seq < expected else [Broken(chat, seq, expected)]
        self._seq[chat] = seq
        event = applied.event
        removed = event["type"] == "member.removed" and event["user"] == self.user
        return [applied, self._drop(chat)] if removed else [applied]

    def _forget(self, chat: int, start: int) -> Forgotten:
        self._seq[chat] = start - 1
        return Forgotten(chat, start)

    def _drop(self, chat: int) -> Dropped:
        del self._seq[chat]
        return Dropped(chat)
