"""What is made of runs in which the disk stood still."""

from __future__ import annotations

import math

import pytest

from bench.disk import watch_disk
from bench.generator import Probe
from bench.sustained import Sustained
from bench.trial import Bench, Trial
from tests.bench.test_search import GOOD, change


class Same(Trial):
    """A trial whose every run is the same."""

    def __init__(self, bench: Bench, probe: Probe) -> None:
        self.bench = bench
        self.kind = "ours"
        self._probe = probe

    def run(self, *_: float, **more: float) -> tuple[Probe, float]:
        return self._probe, 0.1


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Return a function that makes a search, on a disk that stands still at every write or at none."""

    def make_(probe, *, still):
        monkeypatch.setattr("bench.sustained.STILL_MS", 0.0 if still else math.inf)
        return Sustained(Same(Bench(tmp_path), probe), first=100, quick=False, rate=100)

    return make_


def test_the_longest_write_to_the_disk_is_told(tmp_path):
    with watch_disk(tmp_path) as disk:
        pass
    assert disk.longest_ms > 0


@pytest.mark.parametrize(("still", "runs"), [(False, 3), (True, 12)])
def test_a_run_at_half_in_which_the_disk_stood_still_is_made_again(make, still, runs):
    searched = make(GOOD, still=still)
    assert len(list(searched.halve())) == len(searched.halves) == runs


@pytest.mark.parametrize(("errors", "still", "runs"), [(0, True, 1), (1, False, 1), (1, True, 3)])
def test_only_a_run_that_fails_while_the_disk_stands_still_is_made_again(make, errors, still, runs):
    searched = make(change(GOOD, errors=errors), still=still)
    assert searched._probe(100) == (errors == 0)
    assert len(searched.probes) == runs
