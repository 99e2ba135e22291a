"""The bounds of one connection: how fast it may ask, and how often it may be wrong."""

from __future__ import annotations

from collections import deque

from messaging.conf import Limits
from messaging.protocol.codes import ErrorCode


class TokenBucket:
    """`rate` tokens a second, `burst` at most; time is an argument, in seconds."""

    __slots__ = ("_at", "_burst", "_rate", "_tokens")

    def __init__(self, *, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, now: float) -> bool:
        """Take one token; tell whether there was one."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def wait(self) -> float:
        """Return in how many seconds there will be a token."""
        return max(0.0, (1 - self._tokens) / self._rate)


# A minute, over which bad frames are counted (protocol §2).
_BAD_FRAMES_SECONDS = 60.0


class Allowance:
    """What one connection may still ask; time is an argument, in seconds of a clock that does not jump."""

    def __init__(self, limits: Limits, *, now: float) -> None:
        rate, burst, factor = limits.commands_per_second, limits.commands_burst, limits.flood_factor
        self._commands = TokenBucket(rate=rate, burst=burst, now=now)
        self._frames = TokenBucket(rate=rate * factor, burst=burst * factor, now=now)
        self._bad_at: deque[float] = deque(maxlen=limits.bad_frames_per_minute)

    def reads(self, now: float) -> bool:
        """Tell whether one more frame is read at all."""
        return self._frames.take(now)

    def commands(self, now: float) -> bool:
        """Tell whether one more command is carried out."""
        return self._commands.take(now)

    def wait(self) -> float:
        """Return in how many seconds the next command will be carried out."""
        return self._commands.wait()

    def forgives(self, code: ErrorCode, now: float) -> bool:
        """Count an error; tell whether the connection may go on being wrong."""
        if code.status != 400 or code is ErrorCode.UNKNOWN_TYPE:
            return True
        self._bad_at.append(now)
        return len(self._bad_at) < (self._bad_at.maxlen or 0) or now - self._bad_at[0] > _BAD_FRAMES_SECONDS
