"""How often an address or a user may call: REST framework's rates, counted so that racing requests do not slip through.

A period begins with the first request and has one atomic counter. REST framework's own throttle reads a list and writes
it back: of fifty password guesses at the same moment it lets fifty through. Without the cache nobody is refused.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import time
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from messaging import metrics

if TYPE_CHECKING:
    # REST framework's views import the throttles that the settings name.
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Throttle(BaseThrottle):
    """By the view's `throttle_scope`, else as `user` or `anon`; per user, or per address where there is none."""

    timer = staticmethod(time.time)

    def __init__(self) -> None:
        self._wait: float | None = None

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Count the request and tell whether it is within the rate."""
        known = request.user.is_authenticated
        rates = api_settings.DEFAULT_THROTTLE_RATES or {}
        scope = getattr(view, "throttle_scope", None)
        if scope not in rates:
            scope = "user" if known else "anon"
        rate = rates.get(scope)
        if rate is None:
            return True
        ident = f"user.{request.user.pk}" if known else network_of(request)
        try:
            return self._count(f"throttle.{scope}.{ident}", *_parse_rate(str(rate)))
        except Exception:  # whatever the cache raises: it protects us, it must not be what stops us
            metrics.THROTTLE_FAILURES.inc()
            logger.warning("The cache is away: requests are not throttled.", exc_info=True)
            return True

    def wait(self) -> float | None:
        """Return in how many seconds the refused request would be let through."""
        return self._wait

    def _count(self, key: str, most: int, seconds: int) -> bool:
        now = self.timer()
        began, count = _count_one(key, now, seconds)
        self._wait = max(0.0, began + seconds - now)
        return count <= most


def _count_one(key: str, now: float, seconds: int) -> tuple[float, int]:
    """Count one more in the period of `key`; return when that began and the count in it."""
    if hasattr(cache, "count"):
        counted: tuple[float, int] = cache.count(key, now, seconds)
        return counted
    began = cache.get_or_set(key, now, seconds) or now
    counter = f"{key}.{began}"
    # It outlives its period, so that an increment never meets an expired key.
    return began, 1 if cache.add(counter, 1, 2 * seconds) else cache.incr(counter)


def _parse_rate(rate: str) -> tuple[int, int]:
    most, period = rate.split("/")
    return int(most), _SECONDS[period[0]]


def network_of(request: Request | HttpRequest) -> str:
    """Name the network that a request comes from, as far as the proxies are believed."""
    return _hash_network(str(BaseThrottle().get_ident(request)))  # type: ignore[arg-type]  # it reads META only


def _hash_network(address: str) -> str:
    """Name an address, or of IPv6 the network that one customer has whole.

    Hashed, because what a proxy wrote there need not be an address, nor fit into a key.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        pass
    else:
        if parsed.version == 6:
            address = str(ipaddress.ip_network((parsed, 64), strict=False))
    return hashlib.blake2b(address.encode(), digest_size=16).hexdigest()
