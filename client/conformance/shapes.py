"""The shape of every frame that came, held against the types of the protocol; unknown types are for others to know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

import msgspec

from client.checker import Entry, History, Violation
from messaging.protocol.events import AnyEntry, AnyEvent
from messaging.protocol.frames import Ack, Bye, CaughtUp, ChatJoined, Error, Presence, ReadTold, Ready, TypingTold

_FRAMES = (Ready, CaughtUp, ChatJoined, Ack, Error, Bye, ReadTold, TypingTold, Presence, *get_args(AnyEvent))
_BY_TYPE: dict[str, Any] = {frame.__struct_config__.tag: frame for frame in _FRAMES}
_INSIDE = (("events", AnyEvent), ("messages", AnyEntry))


def check_shapes(history: History) -> list[Violation]:
    """Return every frame that is not of the shape of its type."""
    return [
        Violation("frames", f"a frame of type {entry.frame['type']}: {problem}", [entry])
        for entry in history.entries
        if entry.kind == "received"
        for problem in _problems(entry)
    ]


def _problems(entry: Entry) -> Iterator[str]:
    frame = entry.frame
    kinds = [(frame, _BY_TYPE.get(frame["type"], Any))]
    kinds += [(each, kind) for name, kind in _INSIDE if frame["type"] == "ack" for each in frame.get(name, ())]
    for value, kind in kinds:
        try:
            msgspec.json.decode(json.dumps(value), type=kind)
        except msgspec.ValidationError as error:
            yield str(error)
