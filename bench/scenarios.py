"""The scenarios that search for a sustained rate: of the baseline and of this project, by turns."""

from __future__ import annotations

from typing import Any

from bench import sustained
from bench.search import HALL_P99_MS
from bench.trial import KINDS, Bench, say, trials
from bench.world import World, make_chats, make_hall, make_mixed, make_pairs


def run_chats(bench: Bench, server: str) -> dict[str, Any]:
    """200 users, 100 chats of 10, 100-byte texts."""
    return _compare(bench, server, make_chats(), baseline=40, ours=1000)


def run_embedded(bench: Bench, server: str) -> dict[str, Any]:
    """The same on SQLite and in memory, without a service."""
    return _compare(bench, server, make_chats(), baseline=10, ours=500, embedded=True)


def run_pairs(bench: Bench, server: str) -> dict[str, Any]:
    """1,000 users in 2,000 private chats."""
    return _compare(bench, server, make_pairs(), baseline=20, ours=1000)


def run_hall(bench: Bench, server: str) -> dict[str, Any]:
    """One chat of 1,000; sustained with a p99 of a second."""
    return _compare(bench, server, make_hall(), baseline=1, ours=10, p99_ms=HALL_P99_MS)


def run_mixed(bench: Bench, server: str) -> dict[str, Any]:
    """500 users; sizes and activity of chats by Zipf; for each message half a typing and half a read."""
    return _compare(bench, server, make_mixed(), baseline=10, ours=500, typing=0.5, reading=0.5)


def _compare(
    bench: Bench, server: str, world: World, *, baseline: float, ours: float, embedded: bool = False, **how: Any
) -> dict[str, Any]:
    first = {"baseline": baseline, "ours": ours}
    with trials(bench, KINDS, server, world, embedded=embedded) as under:
        for kind, each in under.items():
            opened = each.connect()
            say(f"  {kind:8} {opened.opened} connections in {opened.seconds:.1f} s")
        figures = sustained.measure(under, first=first, quick=bench.quick, **how)
    if figures["baseline"]["sends_per_second"]:
        figures["ratio"] = round(figures["ours"]["sends_per_second"] / figures["baseline"]["sends_per_second"], 2)
    return figures
