"""Tries of passwords: per account and per network, slower and slower, and never locked.

Three counts, each of tries that did not succeed: of one network at one account, of one network at all accounts, and of all
networks at one account. Each has some tries free; after them one is let through per wait, and the waits double up to a bound.

A network that has signed in to an account before is not held up by what others try there: whoever guesses from elsewhere
cannot keep the owner out at home. Names that are nobody's are counted like others, and looked up nowhere. Without the cache
nobody is held up.
"""

from __future__ import annotations

import hashlib
import logging
import time
from contextlib import suppress
from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.core.cache import cache

from messaging import metrics
from messaging.conf import get_settings
from messaging.errors import RateLimited

logger = logging.getLogger(__name__)

_DAY = 86_400
# After the last sign-in from there.
_KNOWN_SECONDS = 30 * _DAY
# A count that goes on for a day is an exponent that nobody wants to raise to.
_DOUBLINGS_MOST = 10


@dataclass(frozen=True, slots=True)
class _Count:
    """A count of tries, of which some are free; no wait after them is longer than `most` seconds."""

    key: str
    free: int
    most: int


class Try:
    """One try of the password of `name` from the network `network`, both as the cache may name them."""

    timer = staticmethod(time.time)

    def __init__(self, name: str, network: str) -> None:
        account = _hash_name(name)
        self._known = f"login.known.{account}.{network}"
        # Somebody mistyping; somebody with a list of accounts, or an office behind one address; somebody with many addresses.
        self._pair = _Count(f"login.pair.{account}.{network}", free=5, most=900)
        self._network = _Count(f"login.network.{network}", free=30, most=300)
        self._account = _Count(f"login.account.{account}", free=20, most=60)
        self._taken: list[_Count] = []
        self._gates: list[str] = []

    def begin(self) -> None:
        """Count the try before the password is looked at, so that racing ones do not slip through; raises RateLimited."""
        if not get_settings().login_waits:
            return
        try:
            is_known = cache.get(self._known) is not None
            counts = (self._pair,) if is_known else (self._network, self._pair, self._account)
            for count in counts:
                self._take(count)
        except RateLimited:
            # No try was made: those gates that did open are for the next one.
            with suppress(Exception):
                cache.delete_many(self._gates)
                self._give_back()
            raise
        except Exception:  # whatever the cache raises: it protects us, it must not be what stops us
            metrics.THROTTLE_FAILURES.inc()
            logger.warning("The cache is away: tries of passwords are not held up.", exc_info=True)

    def succeed(self) -> None:
        """Forget what was tried at the account from here, and know the network from now on."""
        if not get_settings().login_waits:
            return
        try:
            self._give_back()
            # Also the network's, if it was this try that was let through: others there have done nothing.
            cache.delete_many(self._gates)
            for count in (self._pair, self._account):
                cache.delete_many([count.key, _gate(count)])
            cache.set(self._known, 1, _KNOWN_SECONDS)
        except Exception:
            metrics.THROTTLE_FAILURES.inc()
            logger.warning("The cache is away: a sign-in is not remembered.", exc_info=True)

    def _take(self, count: _Count) -> None:
        cache.add(count.key, 0, _DAY)
        tries = cache.incr(count.key)
        self._taken.append(count)
        if tries <= count.free:
            return
        now = self.timer()
        wait = min(2 ** min(tries - count.free - 1, _DOUBLINGS_MOST), count.most)
        # Of many at the same moment one makes the key, and is let through; it goes when the wait is over.
        if not cache.add(_gate(count), now + wait, wait):
            raise RateLimited("Too many tries; wait a little.", retry_after=self._wait_for(count, now))
        self._gates.append(_gate(count))

    def _wait_for(self, count: _Count, now: float) -> float:
        return max(1.0, float(cache.get(_gate(count), now)) - now)

    def _give_back(self) -> None:
        """Take the try out of the counts again: it was refused, or it succeeded."""
        while self._taken:
            key = self._taken.pop().key
            # One that has ended meanwhile is not begun anew.
            if cache.get(key):
                cache.decr(key)


def _gate(count: _Count) -> str:
    return f"{count.key}.gate"


def _hash_name(name: str) -> str:
    # The same account whatever the capitals, and a name of any length is a key.
    normal = get_user_model().normalize_username(name).casefold()
    return hashlib.blake2b(normal.encode(errors="replace"), digest_size=16).hexdigest()
