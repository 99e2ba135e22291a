"""The highest rate that a server sustains, and its latency at half of that."""

from __future__ import annotations

from collections.abc import Generator as Steps
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from bench.disk import STILL_MS, watch_disk
from bench.generator import Probe
from bench.search import P99_MS, is_sustained, search
from bench.trial import Trial, say, take_turns

# The middle one of so many is kept.
_RUNS_AT_HALF = 3
# So many runs more than that, where the disk stood still.
_MORE_AT_HALF = 9
# A rate is not given up for a run in which the disk stood still, unless it did so many times.
_TRIES = 3
# Of a run that is for a look.
_QUICK_SECONDS = 1.5


@dataclass(frozen=True)
class Run:
    """What a run saw, what it cost the server in processor seconds, and the longest write to the disk meanwhile in ms."""

    seen: Probe
    cpu: float
    disk_ms: float

    @property
    def spoilt(self) -> bool:
        """Whether the disk stood still, so that the run says little of the server."""
        return self.disk_ms > STILL_MS


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
    halves: list[Run] = field(default_factory=list)
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
        seconds = min(10.0, max(_QUICK_SECONDS if self.quick else self.seconds, 20 / rate))
        good = False
        for _ in range(1 if self.quick else _TRIES):
            run = self._run(rate, seconds)
            good = is_sustained(run.seen, self.p99_ms)
            say(f"  {self.trial.kind:8} {_describe(run)} {'' if good else '✗'}")
            self.probes.append(run.seen)
            if not run.seen.complete:
                self.trial.recover()
            if good or not run.spoilt:
                break
        return good

    def halve(self) -> Steps[None, None, None]:
        """See what half of that rate costs, one run a step; a run in which the disk stood still is made again."""
        wanted, more = (1, 0) if self.quick else (_RUNS_AT_HALF, _MORE_AT_HALF)
        seconds = min(10.0, max(_QUICK_SECONDS if self.quick else 5.0, 40 / self.rate)) if self.rate else 0.0
        while seconds and len(self.halves) < wanted + more and len(self._good_halves) < wanted:
            self.halves.append(self._run(self.rate / 2, seconds))
            say(f"  {self.trial.kind:8} {_describe(self.halves[-1])} at half")
            yield

    @property
    def _good_halves(self) -> list[Run]:
        return [run for run in self.halves if not run.spoilt]

    def _run(self, rate: float, seconds: float) -> Run:
        drain = 2 if self.quick else 6
        with watch_disk(self.trial.bench.folder) as disk:
            seen, cpu = self.trial.run(rate, seconds, drain=drain, typing=self.typing, reading=self.reading)
        return Run(seen, cpu, round(disk.longest_ms, 1))

    def figures(self) -> dict[str, Any]:
        """Return what was found: rates a second, latencies in ms, costs in µs."""
        kept = [_keep(probe, self.p99_ms) for probe in self.probes]
        if not self.rate:
            return {"sends_per_second": 0.0, "deliveries_per_second": 0.0, "found": self.found, "probes": kept}
        at_best = max((probe for probe in self.probes if probe.rate <= self.rate + 1), key=lambda probe: probe.rate)
        halves = sorted(self._good_halves or self.halves, key=lambda run: run.seen.delivery_ms.p99)
        half, cpu = halves[len(halves) // 2].seen, halves[len(halves) // 2].cpu
        return {
            "sends_per_second": round(self.rate, 1),
            "deliveries_per_second": round(self.rate * at_best.expected / at_best.sent, 1),
            "found": self.found,
            "half": _keep(half, self.p99_ms),
            "p99_ms_of_all_at_half": [run.seen.delivery_ms.p99 for run in self.halves],
            "longest_disk_write_ms_of_all_at_half": [run.disk_ms for run in self.halves],
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


def _describe(run: Run) -> str:
    seen = run.seen
    return (
        f"{seen.rate:8.1f}/s  ack p99 {seen.ack_ms.p99:7.1f} ms  delivery p50 {seen.delivery_ms.p50:7.1f} p99"
        f" {seen.delivery_ms.p99:7.1f} ms  {seen.acks}/{seen.sent} acks {seen.deliveries}/{seen.expected}"
        f" deliveries  server {1e6 * run.cpu / max(1, seen.sent):6.0f} µs/send  generator {seen.cpu_share:.0%}"
        f"{f'  disk {run.disk_ms:.0f} ms' if run.spoilt else ''}"
    )
