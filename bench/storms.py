"""The scenarios about connections: opening many, coming back after an absence, and staying idle."""

from __future__ import annotations

from collections.abc import Generator as Steps
from typing import Any

import msgspec

from bench.generator import Opened
from bench.trial import KINDS, Bench, Trial, say, take_turns, trial, trials
from bench.world import World, make_memberships, make_missed

# Everybody is to be in: what is still under way when the time is over counts for nothing.
_TURNS, _SECONDS = 3, 90
_QUICK_TURNS, _QUICK_SECONDS = 1, 8


def run_connect(bench: Bench, server: str) -> dict[str, Any]:
    """2,000 users in 50 chats each, then 500 in 500 each: ticket, handshake and hello, 50 at a time until all are in."""
    few = _connect(bench, server, make_memberships(2000, 50))
    many = {} if bench.quick else {"chats_500": _connect(bench, server, make_memberships(500, 500))}
    return {**few, **many}


def _connect(bench: Bench, server: str, world: World) -> dict[str, Any]:
    turns, seconds = (_QUICK_TURNS, _QUICK_SECONDS) if bench.quick else (_TURNS, _SECONDS)
    with trials(bench, KINDS, server, world) as under:
        figures: dict[str, Any] = take_turns({kind: _storm(each, turns, seconds) for kind, each in under.items()})
    figures["ratio"] = _divide(figures, "connections_per_second")
    return figures


def _storm(under: Trial, turns: int, seconds: float) -> Steps[None, None, dict[str, Any]]:
    """Open all connections, a turn a step, for so many seconds at most; return what the middle one of the turns saw."""
    under.generator.connect(seconds=2)  # the first ones load code and open connections to the stores
    _close(under)
    seen = list[tuple[float, Opened, float]]()
    for _ in range(turns):
        before = under.cpu()
        opened = under.generator.connect(seconds=seconds)
        cpu, rate = under.cpu() - before, opened.opened / opened.seconds
        seen.append((rate, opened, cpu))
        _close(under)
        say(f"  {under.kind:8} {rate:7.1f} connections/s, p99 {opened.opened_ms.p99:.0f} ms, {opened.opened} opened")
        yield
    rate, opened, cpu = sorted(seen, key=lambda turn: turn[0])[len(seen) // 2]
    return {
        "connections_per_second": round(rate, 1),
        "server_us_per_connection": round(1e6 * cpu / max(1, opened.opened)),
        "turns": [_keep(opened) for _, opened, _ in seen],
    }


def _close(under: Trial) -> None:
    """Close all connections and wait until the server is done with them, so that it leaves its core to the next turn."""
    under.generator.close()
    under.settle()


def run_resume(bench: Bench, server: str) -> dict[str, Any]:
    """2,000 users come back at once; each has missed 200 events."""
    users, missed = (400, 200) if bench.quick else (2000, 200)
    figures: dict[str, Any] = {}
    for kind in KINDS:
        with trial(bench, kind, server, make_missed(users, missed), resume=True) as under:
            opened = under.generator.connect(parallel=users, seconds=50)
        rate = opened.replayed / opened.seconds
        whole = opened.opened == users and opened.replayed == users * missed and not opened.violations
        say(
            f"  {kind:8} {opened.opened} back in {opened.seconds:.1f} s, {rate:.0f} events/s, all and in order: {whole}"
        )
        figures[kind] = {"events_per_second": round(rate), "everything_in_order": whole, **_keep(opened)}
    figures["ratio"] = _divide(figures, "events_per_second")
    return figures


def run_idle(bench: Bench, server: str) -> dict[str, Any]:
    """Memory of a connection that says nothing, at 5,000 of them with 50 chats each, or as many as open in a minute."""
    world = make_memberships(500 if bench.quick else 5000, 50)
    figures: dict[str, Any] = {}
    for kind in KINDS:
        with trial(bench, kind, server, world) as under:
            under.generator.connect(seconds=1)
            under.generator.close()
            under.settle()
            empty = under.memory()
            curve: list[tuple[int, int]] = []
            while len(curve) < 6 and (not curve or curve[-1][0] < world.users):
                opened = under.generator.connect(seconds=5 if bench.quick else 10)
                open_now = (curve[-1][0] if curve else 0) + opened.opened
                curve.append((open_now, under.memory()))
            under.settle()
            curve[-1] = (curve[-1][0], under.memory())
        each = (curve[-1][1] - empty) / max(1, curve[-1][0])
        say(f"  {kind:8} {each:.1f} kB a connection at {curve[-1][0]}, {empty} kB without")
        figures[kind] = {"kb_per_connection": round(each, 1), "empty_kb": empty, "memory_kb": curve}
    figures["ratio"] = _divide(figures, "kb_per_connection")
    return figures


def _divide(figures: dict[str, Any], name: str) -> float | None:
    return round(figures["ours"][name] / figures["baseline"][name], 2) if figures["baseline"][name] else None


def _keep(opened: Opened) -> dict[str, Any]:
    kept: dict[str, Any] = msgspec.to_builtins(opened)
    return kept
