"""`python -m bench [SCENARIO ...] [--server SERVER] [--quick]`; `python -m bench report` writes docs/performance.md."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench import costs, peers, processes, profiling, rest, results, scenarios, storms
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
# Only when they are named: they install what they need.
_EXTRA = {"peers": peers.run_peers, "profile": profiling.run_profile}
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
    unknown = set(given.scenarios) - SCENARIOS.keys() - _EXTRA.keys()
    if unknown:
        parser.error(f"no scenario {', '.join(sorted(unknown))}")
    return given


def _run_inside_services() -> int:
    """Run this command again with a PostgreSQL and a Redis of its own, which end with it."""
    take_other_core()
    build()
    command = [str(ROOT / "scripts/with-services.sh"), sys.executable, "-m", "bench", *sys.argv[1:]]
    # A group of its own, so that whatever ends this process reaches all of it once, and the stores end after the servers.
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {_INSIDE: "1"}, start_new_session=True)

    def end(_number: int, _frame: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    return process.wait()


def _run(given: argparse.Namespace) -> None:
    # Also where SIGINT was ignored by whoever started us, as shells do for what runs in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    CACHE.mkdir(parents=True, exist_ok=True)
    names = given.scenarios or (_QUICK if given.quick else SCENARIOS)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        bench = Bench(Path(folder), quick=given.quick)
        for name in names:
            for server in given.server or SERVERS:
                say(f"{name} on {server}")
                figures = {**SCENARIOS, **_EXTRA}[name](bench, server)
                kept = None if given.quick else results.write(name, server, figures, quick=False)
                say(f"{name} on {server}: {_tell(figures)}; {kept or 'not kept'}")
    if not given.quick:
        say(f"written: {write_report()}")


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
