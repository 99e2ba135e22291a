"""The highest rate that a server sustains, and its latency at half of that."""

from __future__ import annotations

from collections.abc import Generator as Steps
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.generator import Probe
from bench.search import P99_MS, is_sustained, search
from bench.trial import Trial, say, take_turns

# The middle one is kept: a disk that stands still for a moment, which a machine shares with others, is not the server.
_RUNS_AT_HALF = 3
# Of a run that is for a look.
_QUICK_SECONDS = 1.5


@dataclass
class Sustained:
    """A server whose connections are open, searched for what it sustains from the rate `first` on."""

    trial: Trial
    first: float
    quick: bool
    seconds: float = 4.0
    most: int = 20
    p99_ms: float = P99_MS
    typing: float = 0
    reading: float = 0
    probes: list[Probe] = field(default_factory=list)
    halves: list[tuple[Probe, float]] = field(default_factory=list)
    rate: float = 0.0
    found: bool = False

    def search(self) -> Steps[None, None, None]:
        """Find the highest rate, one run a step."""
        self._run(self.first, 1.0)  # the first messages load code and open connections to the stores
        yield
        most = min(8, self.most) if self.quick else self.most
        rates = search(first=self.first, precision=0.3 if self.quick else 0.07, most=most)
        try:
            rate = next(rates)
            while True:
                good = self._probe(rate)
                yield
                rate = rates.send(good)
        except StopIteration as stop:
            self.rate, self.found = stop.value

    def _probe(self, rate: float) -> bool:
        # Some messages are needed to speak of p99 at all.
        seen, cpu = self._run(rate, min(10.0, max(_QUICK_SECONDS if self.quick else self.seconds, 20 / rate)))
        self.probes.append(seen)
        good = is_sustained(seen, self.p99_ms)
        say(f"  {self.trial.kind:8} {_describe(seen, cpu)} {'' if good else '✗'}")
        if not seen.complete:
            self.trial.recover()
        return good

    def halve(self) -> Steps[None, None, None]:
        """See what half of that rate costs, one run a step."""
        for _ in range(1 if self.quick else _RUNS_AT_HALF) if self.rate else ():
            self.halves.append(
                self._run(self.rate / 2, min(10.0, max(_QUICK_SECONDS if self.quick else 5.0, 40 / self.rate)))
            )
            say(f"  {self.trial.kind:8} {_describe(*self.halves[-1])} at half")
            yield

    def _run(self, rate: float, seconds: float) -> tuple[Probe, float]:
        drain = 2 if self.quick else 6
        return self.trial.run(rate, seconds, drain=drain, typing=self.typing, reading=self.reading)

    def figures(self) -> dict[str, Any]:
        """Return what was found: rates a second, latencies in ms, costs in µs."""
        kept = [_keep(probe, self.p99_ms) for probe in self.probes]
        if not self.rate:
            return {"sends_per_second": 0.0, "deliveries_per_second": 0.0, "found": self.found, "probes": kept}
        at_best = max((probe for probe in self.probes if probe.rate <= self.rate + 1), key=lambda probe: probe.rate)
        half, cpu = sorted(self.halves, key=lambda run: run[0].delivery_ms.p99)[len(self.halves) // 2]
        return {
            "sends_per_second": round(self.rate, 1),
            "deliveries_per_second": round(self.rate * at_best.expected / at_best.sent, 1),
            "found": self.found,
            "half": _keep(half, self.p99_ms),
            "p99_ms_of_all_at_half": [run.delivery_ms.p99 for run, _ in self.halves],
            "server_us_per_send_at_half": round(1e6 * cpu / max(1, half.sent), 1),
            "server_us_per_delivery_at_half": round(1e6 * cpu / max(1, half.deliveries), 2),
            "server_cpu_share_at_half": round(cpu / half.seconds, 3),
            "memory_kb": self.trial.memory(),
            "violations": sum(probe.violations for probe in self.probes),
            "p99_ms_at_most": self.p99_ms,
            "probes": kept,
        }


def measure(trials: Mapping[str, Trial], *, first: Mapping[str, float], quick: bool, **how: Any) -> dict[str, Any]:
    """Return the figures of servers that are measured by turns, a run of each after a run of the one before it."""
    searched = {kind: Sustained(trial, first[kind], quick, **how) for kind, trial in trials.items()}
    take_turns({kind: each.search() for kind, each in searched.items()})
    take_turns({kind: each.halve() for kind, each in searched.items()})
    return {kind: each.figures() for kind, each in searched.items()}


def _keep(probe: Probe, p99_ms: float) -> dict[str, Any]:
    return {**msgspec.to_builtins(probe), "sustained": is_sustained(probe, p99_ms)}


def _describe(probe: Probe, cpu: float) -> str:
    return (
        f"{probe.rate:8.1f}/s  ack p99 {probe.ack_ms.p99:7.1f} ms  delivery p50 {probe.delivery_ms.p50:7.1f} p99"
        f" {probe.delivery_ms.p99:7.1f} ms  {probe.acks}/{probe.sent} acks {probe.deliveries}/{probe.expected}"
        f" deliveries  server {1e6 * cpu / max(1, probe.sent):6.0f} µs/send  generator {probe.cpu_share:.0%}"
    )
