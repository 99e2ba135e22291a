"""The search for the rate that a server sustains."""

from __future__ import annotations

import itertools

import pytest

from bench.generator import Probe, Quantiles
from bench.search import is_sustained, search

FAST = Quantiles(p50=1, p90=2, p99=3, largest=4)
GOOD = Probe(
    rate=100,
    seconds=4,
    sent=400,
    acks=400,
    expected=3600,
    deliveries=3600,
    errors=0,
    violations=0,
    signals=0,
    closed=0,
    overload=False,
    complete=True,
    ack_ms=FAST,
    delivery_ms=FAST,
    lag_ms=FAST,
    cpu_share=0.1,
    ceiling=1e6,
)


def find(probe, **how):
    """Run the search to its end, with a probe that tells whether a rate was sustained."""
    rates = search(**how)
    try:
        rate = next(rates)
        while True:
            rate = rates.send(probe(rate))
    except StopIteration as stop:
        return stop.value


def change(probe, **fields):
    return Probe(**{name: fields.get(name, getattr(probe, name)) for name in Probe.__struct_fields__})


@pytest.mark.parametrize("limit", [30, 123, 1000, 8765])
@pytest.mark.parametrize("first", [20, 1000, 5000])
def test_finds_the_highest_rate_that_a_server_takes(first, limit):
    rate, found = find(lambda rate: rate <= limit, first=first, precision=0.05, most=30)
    assert found
    assert limit / 1.05 <= rate <= limit


@pytest.mark.parametrize("busy", [{1}, {1, 2}, {3}, {7, 8, 9}])
def test_a_host_that_is_busy_for_a_while_does_not_make_the_server_slower(busy):
    runs = itertools.count(1)
    rate, found = find(lambda rate: next(runs) not in busy and rate <= 3000, first=1000, precision=0.05, most=30)
    assert found
    assert 3000 / 1.05 <= rate <= 3000


def test_a_server_that_takes_nothing_sustains_nothing():
    tried = []

    def probe(rate):
        tried.append(rate)
        return False

    assert find(probe, first=40, most=3) == (0.0, False)
    assert tried == [40, 10, 2.5]


def test_an_end_that_was_not_reached_is_told():
    rate, found = find(lambda rate: True, first=100, most=3)
    assert rate == pytest.approx(256)
    assert not found


def test_a_run_without_fault_is_sustained():
    assert is_sustained(GOOD)


@pytest.mark.parametrize(
    "fault",
    [
        {"complete": False},
        {"errors": 1},
        {"violations": 1},
        {"closed": 1},
        {"overload": True},
        {"sent": 0},
        {"ack_ms": Quantiles(p50=1, p90=2, p99=251, largest=300)},
        {"delivery_ms": Quantiles(p50=1, p90=2, p99=251, largest=300)},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_one_fault_is_enough_not_to_be_sustained(fault):
    assert not is_sustained(change(GOOD, **fault))
