"""When to try again, and when not to: pure rules, the random number is given.

The wait before attempt n is drawn evenly from 0 … min(cap, base · 2ⁿ) ("full jitter"), so that clients cut off
together do not come back together. A connection that stayed ready for a while ends the row of failures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from client.errors import AccountDisabled, AlreadyConnected, ClientError, End, Replaced, RestError, Stopped
from messaging.protocol.codes import CloseCode, Remedy, remedy_for

_STOPS: dict[int | None, type[Stopped]] = {
    CloseCode.REPLACED: Replaced,
    CloseCode.ACCOUNT_DISABLED: AccountDisabled,
}


@dataclass(frozen=True, slots=True)
class Waits:
    """Bounds of the waiting, in seconds."""

    base: float = 0.5
    cap: float = 30.0
    # A connection that is ready for so long counts as a success: less, and a server that accepts everyone
    # and fails at once would be asked as fast as the network goes.
    steady: float = 10.0


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next: wait and try again, with a new token or not, or stop."""

    why: str
    wait: float = 0.0
    renew: bool = False
    stop: Stopped | None = None


class Backoff:
    """The row of failures so far, and the waits that follow from it."""

    def __init__(self, waits: Waits, random: Callable[[], float]) -> None:
        self.waits = waits
        self.failures = 0
        self._random = random

    def reset(self) -> None:
        """Forget the failures: things went well, or the person asked."""
        self.failures = 0

    def next(self) -> float:
        """Count one more failure and draw the wait after it."""
        self.failures += 1
        return self.pause(self.failures - 1)

    def pause(self, failures: int) -> float:
        """Draw the wait after `failures` earlier ones."""
        # 2.0 ** n overflows above 1023, long after the cap is reached.
        return min(self.waits.cap, self.waits.base * 2.0 ** min(failures, 60)) * self._random()

    def told(self, retry_after: float) -> float:
        """Return a wait of at least what the server asked for, spread so that not all come at once."""
        return retry_after + self._random() * max(self.waits.base, retry_after / 2)

    def after_close(self, end: End, *, lived: float | None) -> Step:
        """Decide by the hundreds digit; `lived` is how long the connection was ready, None if it never was."""
        steady = lived is not None and lived >= self.waits.steady
        if steady:
            self.reset()
        why = f"closed {end.code}"
        match remedy_for(end.code):
            case Remedy.STOP:
                return Step(why, stop=_STOPS.get(end.code, Stopped)(end.reason or why))
            case Remedy.RENEW_TOKEN:
                return Step(why, wait=0.0 if steady else self.next(), renew=True)
            case Remedy.RECONNECT:
                return Step(why, wait=self._wait(end.retry_after))
            case Remedy.BACK_OFF:
                return Step(why, wait=max(self.next(), self._wait(end.retry_after) if end.retry_after else 0.0))

    def after_error(self, error: ClientError) -> Step:
        """Decide after an attempt that led to no connection."""
        match error:
            case Stopped():
                return Step(error.why, stop=error)
            case RestError(status=409):
                return Step(error.code, stop=AlreadyConnected(error.code))
            case RestError(status=429 | 503):
                return Step(f"refused {error.status} {error.code}", wait=self._wait(error.retry_after))
            case RestError():
                return Step(f"refused {error.status} {error.code}", wait=self.next())
            case _:
                return Step(str(error), wait=self.next())

    def _wait(self, retry_after: float | None) -> float:
        return self.next() if retry_after is None else self.told(retry_after)
