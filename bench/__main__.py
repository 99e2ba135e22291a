"""`python -m bench [SCENARIO ...] [--server SERVER] [--quick]`; `python -m bench report` writes docs/performance.md."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import costs, peers, processes, rest, results, scenarios, storms
from bench.generator import build
from bench.machine import CACHE, ROOT, take_other_core
from bench.report import write_report
from bench.servers import SERVERS
from bench.trial import Bench, say

SCENARIOS: dict[str, Callable[[Bench, str], dict[str, Any]]] = {
    "chats": scenarios.run_chats,
    "pairs": scenarios.run_pairs,
    "hall": scenarios.run_hall,
    "mixed": scenarios.run_mixed,
    "embedded": scenarios.run_embedded,
    "connect": storms.run_connect,
    "resume": storms.run_resume,
    "idle": storms.run_idle,
    "rest": rest.run_rest,
    "sizes": costs.run_sizes,
    "stored": costs.run_stored,
    "processes": processes.run_processes,
}
# Only when they are named: what they compare with has to be installed.
_PEERS = {"peers": peers.run_peers}
# What a quick look takes.
_QUICK = ("chats",)
# Set for the process that with-services.sh starts.
_INSIDE = "BENCH_INSIDE"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(SCENARIOS)}; all of them")
    parser.add_argument("--server", action="append", choices=SERVERS, help="one server only")
    parser.add_argument("--quick", action="store_true", help="a look within three minutes; nothing is kept")
    given = parser.parse_args()
    if given.scenarios == ["report"]:
        return given
    unknown = set(given.scenarios) - SCENARIOS.keys() - _PEERS.keys()
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}")
    return given


def _run_inside_services() -> int:
    """Run this command again with a PostgreSQL and a Redis of its own, which end with it."""
    take_other_core()
    build()
    command = [str(ROOT / "scripts/with-services.sh"), sys.executable, "-m", "bench", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, env=os.environ | {_INSIDE: "1"}).returncode


def _run(given: argparse.Namespace) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    names = given.scenarios or (_QUICK if given.quick else SCENARIOS)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        bench = Bench(Path(folder), quick=given.quick)
        for name in names:
            for server in given.server or SERVERS:
                say(f"{name} on {server}")
                figures = {**SCENARIOS, **_PEERS}[name](bench, server)
                kept = None if given.quick else results.write(name, server, figures, quick=False)
                say(f"{name} on {server}: {_tell(figures)}; {kept or 'not kept'}")


def _tell(figures: dict[str, Any]) -> str:
    ratios = figures.get("ratios") or ({"the baseline": figures["ratio"]} if "ratio" in figures else {})
    return ", ".join(f"{ratio} times {other}" for other, ratio in ratios.items()) or "done"


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    given = _parse()
    try:
        if given.scenarios == ["report"]:
            print(write_report())
        elif os.environ.get(_INSIDE) != "1":
            return _run_inside_services()
        else:
            _run(given)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
