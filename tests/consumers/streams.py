"""Streams without a socket: what is offered to those of one user, and an outlet that remembers what was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consumers.pending import Pending, PendingWrites
from consumers.stream import Streams, Verdict
from messaging.protocol.batch import EventBatch
from messaging.protocol.frames import Event
from messaging.protocol.kinds import Kind

ME, OTHER, CHAT, EPOCH = 1, 2, 7, "now"


class Sent:
    """An outlet that remembers."""

    def __init__(self) -> None:
        self.room = 1_000_000
        self.frames: list[dict[str, Any]] = []

    def send(self, payload: bytes) -> None:
        self.room -= len(payload)
        self.frames.append(json.loads(payload))

    def send_batch(self, batch: EventBatch) -> None:
        for frame in batch.frames:
            self.send(frame)

    def take(self) -> list[Any]:
        """Return what was sent since the last look: seqs of events, and (type, …) of everything else."""
        frames, self.frames = self.frames, []
        return [_brief(frame) for frame in frames]


def _brief(frame: dict[str, Any]) -> Any:
    if frame["type"] == "ack":
        return ("ack", frame["id"], frame.get("seq"), frame.get("duplicate", False))
    return frame["seq"] if "seq" in frame and frame["type"] != "chat.joined" else frame["type"]


def event(seq: int, *, sender: int = OTHER, id: str | None = None, hash: str | None = None, **body: Any) -> Event:
    kind = body.pop("kind", Kind.MESSAGE_CREATED)
    return Event(
        chat=CHAT, seq=seq, at="t", kind=kind, sender=sender, id=id, content_hash=hash, body=body or {"text": str(seq)}
    )


def batch(*events: Event, epoch: str = EPOCH) -> EventBatch:
    return EventBatch.from_events(events, epoch=epoch)


def seqs(first: int, last: int) -> EventBatch:
    return batch(*(event(seq) for seq in range(first, last + 1)))


def removed(seq: int) -> Event:
    return event(seq, kind=Kind.MEMBER_REMOVED, user=ME)


def read(streams: Streams, log: list[Event]) -> Verdict:
    """Answer a read of the log as it stands."""
    stream = streams.get(CHAT)
    assert stream is not None
    after = streams.begin_read(stream)
    found = [e for e in log if e.seq > after]
    return streams.finish_read(stream, batch(*found) if found else None, len(log))


def submit(writes: PendingWrites, id: str, hash: str = "h") -> Pending:
    pending = Pending(CHAT, id, hash)
    writes.add(pending)
    return pending


@pytest.fixture
def sent() -> Sent:
    """Return what takes the frames of streams without a socket."""
    return Sent()


@pytest.fixture
def writes(sent: Sent) -> PendingWrites:
    """Return the unanswered writes of the one whose streams they are."""
    return PendingWrites(ME, sent)


@pytest.fixture
def streams(sent: Sent, writes: PendingWrites) -> Streams:
    """Return streams with one chat, live from seq 1."""
    made = Streams(ME, sent, writes, held_most=8)
    made.expect(CHAT)
    made.begin(EPOCH, [(CHAT, 1, 0)])
    assert sent.take() == ["caught_up"]
    return made
