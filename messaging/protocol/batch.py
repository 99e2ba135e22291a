"""Consecutive events of one chat, encoded once for every receiver of a process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from messaging.protocol.codec import encode_event, subject_of
from messaging.protocol.frames import Event

# RFC 6455 §5.2: FIN and the text opcode; a server's frames are not masked.
_FIN_TEXT = 0x81


class Key(NamedTuple):
    """What the delivery path must know of an event: whose it is, and whom it adds or removes (0: nobody)."""

    sender: int
    id: str | None
    content_hash: str | None
    added: int
    removed: int

    def settles(self, content_hash: str) -> bool:
        """Tell whether this is the event of a write with that content; a forgotten content is any content."""
        return self.content_hash is None or self.content_hash == content_hash


class EventBatch:
    """Events `first`, `first`+1 … of `chat`, under `epoch`: their frames, and a key for each."""

    def __init__(self, chat: int, first: int, epoch: str, frames: Sequence[bytes], keys: Sequence[Key]) -> None:
        self.chat = chat
        self.first = first
        self.epoch = epoch
        self.frames = frames
        self.keys = keys

    @classmethod
    def from_events(cls, events: Sequence[Event], *, epoch: str) -> EventBatch:
        """Encode consecutive events of one chat; there is at least one."""
        frames = [encode_event(event) for event in events]
        keys = [Key(event.sender, event.id, event.content_hash, *subject_of(event)) for event in events]
        return cls(events[0].chat, events[0].seq, epoch, frames, keys)

    @classmethod
    def of_each_chat(cls, events: Sequence[Event], *, epoch: str) -> list[EventBatch]:
        """Encode what was written together: a batch for each chat, in the order of their ids.

        A chat has several where numbers between are another's: what could not be one commit was written one by one.
        """
        ordered = enumerate(sorted(events, key=attrgetter("chat", "seq")))
        runs = groupby(ordered, key=lambda placed: (placed[1].chat, placed[1].seq - placed[0]))
        return [cls.from_events([event for _, event in run], epoch=epoch) for _, run in runs]

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> EventBatch:
        """Take a batch out of a layer message."""
        keys = [Key(*key) for key in message["keys"]]
        return cls(message["chat"], message["first"], message["epoch"], message["frames"], keys)

    def as_message(self) -> dict[str, Any]:
        """Return the batch as a layer message: plain types that every layer can carry."""
        return {
            "type": "chat.events",
            "chat": self.chat,
            "first": self.first,
            "epoch": self.epoch,
            "frames": self.frames,
            "keys": [tuple(key) for key in self.keys],
        }

    def __len__(self) -> int:
        return len(self.frames)

    def __iter__(self) -> Iterator[tuple[int, bytes, Key]]:
        return zip(range(self.first, self.first + len(self.frames)), self.frames, self.keys, strict=True)

    @cached_property
    def concerns(self) -> frozenset[int]:
        """The users for whom these events are more than frames to pass on: senders, added and removed."""
        return frozenset(user for key in self.keys for user in (key.sender, key.added, key.removed))

    @cached_property
    def size(self) -> int:
        """How many bytes the frames take."""
        return sum(map(len, self.frames))

    @cached_property
    def prepared(self) -> bytes:
        """All frames as the bytes of WebSocket text frames."""
        return b"".join(map(prepare_frame, self.frames))


def prepare_frame(payload: bytes) -> bytes:
    """Return `payload` as a WebSocket text frame, ready for the transport (RFC 6455 §5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((_FIN_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_FIN_TEXT, 127)) + size.to_bytes(8, "big") + payload


class _Stamp(msgspec.Struct):
    at: str


_stamp_of = msgspec.json.Decoder(_Stamp).decode


def time_of(frame: bytes) -> str:
    """Return the `at` of an event's frame."""
    return _stamp_of(frame).at
