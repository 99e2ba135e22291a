"""What a client tells its application."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from client.errors import CommandRefused, Stopped
from client.frames import Frame, refusal_of


@dataclass(frozen=True, slots=True)
class Ready:
    """A connection is open; the frame holds heads, read markers and unread counts."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """Every chat has reached the head told in `ready`."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The next event of a chat; `own` where it was made from an ack to a command of this client."""

    chat: int
    seq: int
    event: Frame
    own: bool = False


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Whatever was kept of this chat is void; its events go on at `start`, older ones are in the history."""

    chat: int
    start: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """The user is not in this chat any more."""

    chat: int


@dataclass(frozen=True, slots=True)
class Broken:
    """The server broke the stream of a chat (C1): `seq` came where `expected` was due, None for an unknown chat."""

    chat: int
    seq: int
    expected: int | None


@dataclass(frozen=True, slots=True)
class Signal:
    """Something ephemeral: read, typing, presence, or one of the host's own."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Settled:
    """A command has its final answer."""

    command: Frame
    answer: Frame

    @property
    def refusal(self) -> CommandRefused | None:
        """The error, where the answer is one."""
        return refusal_of(self.answer)


@dataclass(frozen=True, slots=True)
class History:
    """Folded messages older than `before`, newest first, read after a chat was forgotten.

    Events applied meanwhile may be younger than this page: those with a `target` in it are to be folded over it.
    """

    chat: int
    before: int
    messages: list[Frame]
    more: bool


class Phase(Enum):
    """Where a client stands."""

    OFFLINE = "not started"
    CONNECTING = "an attempt is under way"
    CONNECTED = "ready was received"
    LIVE = "every chat is caught up"
    RECONNECTING = "waiting for the next attempt"
    STOPPED = "does not go on by itself"
    CLOSED = "closed for good"


@dataclass(frozen=True, slots=True)
class State:
    """Where a client stands, and why."""

    phase: Phase
    why: str = ""
    wait: float = 0.0
    cause: Stopped | None = None


Change = Ready | CaughtUp | Applied | Forgotten | Dropped | Broken | Signal | Settled | History | State
