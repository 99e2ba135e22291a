"""The highest rate that a server sustains, and its latency at half of that."""

from __future__ import annotations

from typing import Any

import msgspec

from bench.generator import Probe
from bench.search import P99_MS, is_sustained, search
from bench.trial import Trial, say

# The middle one is kept: a disk that stands still for a moment, which a machine shares with others, is not the server.
_RUNS_AT_HALF = 3


def measure(
    trial: Trial,
    *,
    first: float,
    quick: bool,
    seconds: float = 4.0,
    most: int = 14,
    p99_ms: float = P99_MS,
    typing: float = 0,
    reading: float = 0,
) -> dict[str, Any]:
    """Return the figures of a server whose connections are open: rates a second, latencies in ms, costs in µs."""
    probes: list[Probe] = []
    signals = {"typing": typing, "reading": reading}

    def probe(rate: float) -> bool:
        # Some messages are needed to speak of p99 at all.
        seen, cpu = trial.run(rate, min(10.0, max(2.0 if quick else seconds, 20 / rate)), **signals)
        probes.append(seen)
        good = is_sustained(seen, p99_ms)
        say(f"  {trial.kind:8} {_describe(seen, cpu)} {'' if good else '✗'}")
        if not seen.complete:
            trial.recover()
        return good

    trial.run(first, 1.0, **signals)  # the first messages load code and open connections to the stores
    rate, found = search(probe, first=first, precision=0.15 if quick else 0.07, most=min(9, most) if quick else most)
    if not rate:
        nothing = {"sends_per_second": 0.0, "deliveries_per_second": 0.0, "found": found}
        return {**nothing, "probes": [_keep(p, p99_ms) for p in probes]}
    at_best = max((p for p in probes if p.rate <= rate + 1), key=lambda p: p.rate)
    halves: list[tuple[Probe, float]] = []
    for _ in range(1 if quick else _RUNS_AT_HALF):
        halves.append(trial.run(rate / 2, min(10.0, max(2.0 if quick else 5.0, 40 / rate)), **signals))
        say(f"  {trial.kind:8} {_describe(*halves[-1])} at half")
    half, cpu = sorted(halves, key=lambda run: run[0].delivery_ms.p99)[len(halves) // 2]
    return {
        "sends_per_second": round(rate, 1),
        "deliveries_per_second": round(rate * at_best.expected / at_best.sent, 1),
        "found": found,
        "half": _keep(half, p99_ms),
        "p99_ms_of_all_at_half": [run.delivery_ms.p99 for run, _ in halves],
        "server_us_per_send_at_half": round(1e6 * cpu / max(1, half.sent), 1),
        "server_us_per_delivery_at_half": round(1e6 * cpu / max(1, half.deliveries), 2),
        "server_cpu_share_at_half": round(cpu / half.seconds, 3),
        "memory_kb": trial.memory(),
        "violations": sum(p.violations for p in probes),
        "p99_ms_at_most": p99_ms,
        "probes": [_keep(p, p99_ms) for p in probes],
    }


def _keep(probe: Probe, p99_ms: float) -> dict[str, Any]:
    return {**msgspec.to_builtins(probe), "sustained": is_sustained(probe, p99_ms)}


def _describe(probe: Probe, cpu: float) -> str:
    return (
        f"{probe.rate:8.1f}/s  ack p99 {probe.ack_ms.p99:7.1f} ms  delivery p50 {probe.delivery_ms.p50:7.1f} p99"
        f" {probe.delivery_ms.p99:7.1f} ms  {probe.acks}/{probe.sent} acks {probe.deliveries}/{probe.expected}"
        f" deliveries  server {1e6 * cpu / max(1, probe.sent):6.0f} µs/send  generator {probe.cpu_share:.0%}"
    )
