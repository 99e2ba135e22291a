"""The writes without a final answer: what may be sent now, and what an answer does to them.

No I/O and no clock: `now` is any number of seconds that only grows. Writes of one chat go out one at a time, in the
order they were put; of all chats, at most `burst` are unanswered at once. A write to be sent again keeps its place.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count

from client.changes import Settled
from client.frames import Frame

# Until `ready` tells another one; the default of the protocol.
BURST = 40


@dataclass(slots=True)
class _Write:
    number: int
    frame: Frame
    refusals: int = 0


@dataclass(slots=True)
class _Line:
    """The writes of one chat, oldest first; only the first can be unanswered."""

    writes: deque[_Write] = field(default_factory=deque)
    sent_at: float | None = None
    held_until: float = 0.0


class Outbox:
    """Writes in the order they were made, until each has its final answer."""

    def __init__(self, pause: Callable[[int], float], burst: int = BURST) -> None:
        """Take `pause`: how long to wait after the nth refusal in a row that told no `retry_after`."""
        self.burst = burst
        self._pause = pause
        self._numbers = count()
        self._lines: dict[int, _Line] = {}
        self._keys: set[tuple[int, str]] = set()
        self._unanswered = 0
        self._held_until = 0.0

    def __len__(self) -> int:
        return len(self._keys)

    def put(self, frame: Frame) -> None:
        """Add a write at the end; its id must be new to its chat."""
        key = (frame["chat"], frame["id"])
        if key in self._keys:
            raise ValueError("this id is in the outbox already")
        self._keys.add(key)
        self._lines.setdefault(frame["chat"], _Line()).writes.append(_Write(next(self._numbers), frame))

    def due(self, now: float) -> list[Frame]:
        """Return what is to be sent now, in order, and count it as sent."""
        if now < self._held_until:
            return []
        open_lines = [line for line in self._lines.values() if line.sent_at is None and line.held_until <= now]
        open_lines.sort(key=lambda line: line.writes[0].number)
        chosen = open_lines[: max(0, self.burst - self._unanswered)]
        for line in chosen:
            line.sent_at = now
        self._unanswered += len(chosen)
        return [line.writes[0].frame for line in chosen]

    def due_at(self) -> float | None:
        """Return when `due` will have something without a further answer, None if never."""
        if self._unanswered >= self.burst:
            return None
        waits = [line.held_until for line in self._lines.values() if line.sent_at is None]
        return max(min(waits), self._held_until) if waits else None

    def unanswered_since(self) -> float | None:
        """Return when the longest unanswered write was sent."""
        return min((line.sent_at for line in self._lines.values() if line.sent_at is not None), default=None)

    def find(self, answer: Frame) -> Frame | None:
        """Return the command that `answer` belongs to."""
        line = self._line_of(answer)
        return line.writes[0].frame if line else None

    def answer(self, answer: Frame, now: float) -> Settled | None:
        """Settle a write, or hold it back when the answer asks for a repetition."""
        line = self._line_of(answer)
        if line is None:
            return None
        line.sent_at = None
        self._unanswered -= 1
        if answer["type"] == "error" and answer["retry"]:
            self._hold(line, answer, now)
            return None
        return Settled(self._shift(line), answer)

    def lost(self) -> None:
        """Forget what was sent and held: the connection is gone, the next one starts from the first write."""
        self._unanswered = 0
        self._held_until = 0.0
        for line in self._lines.values():
            line.sent_at = None
            line.held_until = 0.0

    def export(self) -> list[Frame]:
        """Return all writes in order, to survive the process."""
        writes = [write for line in self._lines.values() for write in line.writes]
        return [write.frame for write in sorted(writes, key=lambda write: write.number)]

    def restore(self, frames: Iterable[Frame]) -> None:
        """Add what `export` returned."""
        for frame in frames:
            self.put(frame)

    def _line_of(self, answer: Frame) -> _Line | None:
        # An error may come without `chat` where the server could not read it; ids are unique enough then.
        chat = answer.get("chat")
        lines = self._lines.values() if chat is None else [self._lines.get(chat)]
        for line in lines:
            if line and line.sent_at is not None and line.writes[0].frame["id"] == answer["id"]:
                return line
        return None

    def _hold(self, line: _Line, answer: Frame, now: float) -> None:
        write = line.writes[0]
        wait = answer.get("retry_after")
        line.held_until = now + (self._pause(write.refusals) if wait is None else wait)
        write.refusals += 1
        if answer["code"] == "rate_limited":
            # The rate is one for the whole connection: to go on with other chats would cost it (4202).
            self._held_until = max(self._held_until, line.held_until)

    def _shift(self, line: _Line) -> Frame:
        frame = line.writes.popleft().frame
        self._keys.remove((frame["chat"], frame["id"]))
        if not line.writes:
            del self._lines[frame["chat"]]
        return frame
