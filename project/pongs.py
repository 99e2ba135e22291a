"""A bound on the pongs that wait for a peer: a server answers pings by itself, past every bound of the application."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# So many pongs may wait for a peer that leaves something unread; those for what is read of it at once come on top.
PONGS_UNREAD = 1000
_LOOK_SECONDS = 0.05


class PongBound:
    """Counts the pongs of one connection."""

    def __init__(self) -> None:
        # Whether the peer is not to be read, for its pings would be answered.
        self.passed = False
        self._unread = 0

    def count(self, pending: Callable[[], int], read_on: Callable[[], None]) -> None:
        """Count a pong that is about to be written.

        `pending` tells how many bytes wait for the peer, 0 where it is gone. Once the bound is passed, `read_on` is called
        when nothing waits any more.
        """
        self._unread = self._unread + 1 if pending() else 0
        if self._unread >= PONGS_UNREAD and not self.passed:
            self.passed = True
            self._look_soon(pending, read_on)

    def _look_soon(self, pending: Callable[[], int], read_on: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(_LOOK_SECONDS, self._look, pending, read_on)

    def _look(self, pending: Callable[[], int], read_on: Callable[[], None]) -> None:
        if pending():
            self._look_soon(pending, read_on)
        else:
            self.passed, self._unread = False, 0
            read_on()
