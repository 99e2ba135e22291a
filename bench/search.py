"""The search for the highest rate that a server sustains: up in steps until one fails, then between the two."""

from __future__ import annotations

from collections.abc import Generator as Steps

from bench.generator import Probe

# What counts as sustained: everything arrived, and p99 of acks and of deliveries is at most this.
P99_MS = 250.0
# In a chat of a thousand: a plain consumer needs longer than that for one message, however few there are.
HALL_P99_MS = 1000.0

_STEP = 1.6


def is_sustained(probe: Probe, p99_ms: float = P99_MS) -> bool:
    """Tell whether every ack and delivery of a run arrived, in order and in time."""
    clean = probe.complete and probe.sent and not (probe.errors or probe.violations or probe.closed or probe.overload)
    return bool(clean) and max(probe.ack_ms.p99, probe.delivery_ms.p99) <= p99_ms


def search(*, first: float, precision: float = 0.07, most: int = 20) -> Steps[float, bool, tuple[float, bool]]:
    """Yield rates to be tried and take whether each was sustained; return the highest that was, and if its end was found.

    The highest is 0 where none was sustained. The end is found when a rate that is higher by `precision` at most has
    failed twice: once on the way, and once more when all that is below it is known, because the host may have been busy
    with something else for a while. No more than `most` rates are tried; a first rate that fails is divided by four.
    """
    good, failed = 0.0, list[float]()
    rate = first
    for _ in range(most):
        if (yield rate):
            good = rate
            failed = [each for each in failed if each > rate]
        elif rate in failed:
            return good, True
        else:
            failed.append(rate)
        if not failed:
            rate = good * _STEP
        elif not good:
            rate = failed[-1] / 4
        elif failed[-1] / good <= 1 + precision:
            rate = failed[-1]
        else:
            rate = (good * failed[-1]) ** 0.5
    return good, False
