"""The moments at which a connection ends unless something comes first: hello, the token, an answer, room to send."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from consumers.outlet import Outlet
from messaging import metrics
from messaging.conf import get_limits
from messaging.protocol.codes import CloseCode

# How often a peer that has much to read is looked at.
ROOM_SECONDS = 0.05


class Deadlines:
    """The deadlines of one connection; `end` is called with the close code of one that passes."""

    def __init__(self, end: Callable[[CloseCode], None]) -> None:
        self._end = end
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._closed = False

    def set(self, name: str, seconds: float, code: CloseCode) -> None:
        """Set a deadline, in place of an earlier one of that name."""
        self.cancel(name)
        self._timers[name] = self._loop.call_later(seconds, self._end, code)

    def cancel(self, name: str) -> None:
        """Take a deadline back, where there is one."""
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Take all of them back, and let nobody wait."""
        self._closed = True
        for name in list(self._timers):
            self.cancel(name)

    def _watch_room(self, room: Callable[[], int]) -> None:
        """End the connection unless its peer makes room, by reading, in time."""
        if "room" not in self._timers:
            self._check_room(room, time.monotonic())

    def _check_room(self, room: Callable[[], int], since: float) -> None:
        self._timers.pop("room", None)
        if room() > 0:
            return
        if time.monotonic() - since >= get_limits().slow_seconds:
            self._end(CloseCode.TOO_SLOW)
        else:
            self._timers["room"] = self._loop.call_later(ROOM_SECONDS, self._check_room, room, since)

    async def wait_for_room(self, outlet: Outlet) -> None:
        """Return when the peer has read enough of what was sent to it; one that does not is sent away."""
        if outlet.room > 0:
            return
        metrics.LIMITS_HIT.labels("pending_bytes").inc()
        with metrics.SLOW_READERS.track_inprogress():
            while outlet.room <= 0 and not self._closed:
                # Anew after each moment with room: it was used by others who waited, and the peer does read.
                self._watch_room(lambda: outlet.room)
                await asyncio.sleep(ROOM_SECONDS)
        self.cancel("room")

    def watch_answers(self, oldest: Callable[[], float | None]) -> None:
        """End the connection when a command waits too long; `oldest` tells since when one does, on the monotonic clock."""
        if "answers" not in self._timers and (since := oldest()) is not None:
            left = since + get_limits().answer_seconds - time.monotonic()
            self._timers["answers"] = self._loop.call_later(left, self._check_answers, oldest)

    def _check_answers(self, oldest: Callable[[], float | None]) -> None:
        del self._timers["answers"]
        since = oldest()
        if since is not None and time.monotonic() - since >= get_limits().answer_seconds:
            self._end(CloseCode.OVERLOADED)
        else:
            self.watch_answers(oldest)
