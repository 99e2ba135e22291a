"""What one delivery costs as a chat grows, and one send as its log grows."""

from __future__ import annotations

from typing import Any

from bench.generator import Generator
from bench.servers import serve
from bench.trial import Bench, Trial, make_plan, say, trial
from bench.world import Room, World, make_hall

# Far from the limit of any of them.
_DELIVERIES_PER_SECOND = 5000
_SENDS_PER_SECOND = 400
_ROUNDS = 4


def run_sizes(bench: Bench, server: str) -> dict[str, Any]:
    """Processor time of the server for a delivery, in one chat of 10, of 100 and of 1,000 members."""
    figures: dict[str, Any] = {}
    for size in (10, 100, 1000):
        with trial(bench, "ours", server, make_hall(size)) as under:
            under.connect()
            rate = _DELIVERIES_PER_SECOND / size
            under.run(rate, 2)
            under.settle()
            probe, cpu = under.run(rate, 4 if bench.quick else 12)
        cost = 1e6 * cpu / max(1, probe.deliveries)
        say(f"  {size:5} members: {cost:.2f} µs a delivery, p99 {probe.delivery_ms.p99:.1f} ms")
        figures[f"members_{size}"] = {
            "server_us_per_delivery": round(cost, 2),
            "delivery_p50_ms": probe.delivery_ms.p50,
            "delivery_p99_ms": probe.delivery_ms.p99,
            "complete": probe.complete,
        }
    return figures


def run_stored(bench: Bench, server: str) -> dict[str, Any]:
    """Cost of a send in a chat with 10 stored events, and in one with 1,000,000 of the same database, in turns."""
    counts = (10, 50_000 if bench.quick else 1_000_000)
    people = tuple(range(10))
    place = bench.place("ours", World(10, tuple(Room(people, stored=count) for count in counts)))
    totals = {count: {"sends": 0, "server": 0.0, "postgresql": 0.0, "p50": [], "p99": []} for count in counts}
    with serve("ours", server, place, bench.folder) as running:
        for turn in range(_ROUNDS):
            for count in counts:
                world = World(10, tuple(Room(people, weight=float(each == count)) for each in counts))
                with Generator(make_plan(bench, "ours", world, [running.port])) as generator:
                    under = Trial(bench, "ours", [running], generator, 10)
                    under.connect()
                    under.run(_SENDS_PER_SECOND, 1)
                    _add(totals[count], bench, under, seconds=1 if bench.quick else 4)
                say(f"  round {turn + 1}: {count} stored")
    return {f"stored_{count}": _average(total) for count, total in totals.items()}


def _add(total: dict[str, Any], bench: Bench, under: Trial, *, seconds: float) -> None:
    before = bench.store_cpu()
    probe, cpu = under.run(_SENDS_PER_SECOND, seconds)
    total["postgresql"] += bench.store_cpu() - before
    total["server"] += cpu
    total["sends"] += probe.acks
    total["p50"].append(probe.ack_ms.p50)
    total["p99"].append(probe.ack_ms.p99)


def _average(total: dict[str, Any]) -> dict[str, Any]:
    sends = max(1, total["sends"])
    return {
        "server_us_per_send": round(1e6 * total["server"] / sends),
        "postgresql_us_per_send": round(1e6 * total["postgresql"] / sends),
        "ack_p50_ms": sorted(total["p50"]),
        "ack_p99_ms": sorted(total["p99"]),
    }
