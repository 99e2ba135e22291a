"""`python -m tests.faults --seconds 600 --seed 7`: a long run; the exit status is 1 where the contract was broken.

It needs DATABASE_URL and redis-server: `scripts/with-services.sh` has both.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from client.checker.report import show_entries, time_line  # noqa: E402
from tests.faults.broken import VARIANTS  # noqa: E402
from tests.faults.run import SHORT, Outcome, Plan, run  # noqa: E402

# Of violations, the first few are shown with what happened around them.
_SHOWN = 5


def main() -> int:
    """Run once as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, help="for how long faults go on")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="deals the faults")
    parser.add_argument("--users", type=int)
    parser.add_argument("--short", action="store_true", help="with the waits and bounds of `make test`")
    parser.add_argument("--rolling", action="store_true", help="only replace the servers, one after the other")
    parser.add_argument("--out", type=Path, help="the folder for the history and the logs of the servers")
    parser.add_argument("--broken", choices=sorted(VARIANTS), help="run servers that break the contract")
    chosen = parser.parse_args()
    folder = chosen.out or Path(tempfile.mkdtemp(prefix="faults-"))
    folder.mkdir(parents=True, exist_ok=True)
    plan = SHORT if chosen.short else Plan(seconds=60.0, seed=0)
    environment = plan.environment | ({"BROKEN": chosen.broken} if chosen.broken else {})
    seconds, users = chosen.seconds or plan.seconds, chosen.users or plan.users
    plan = replace(plan, seconds=seconds, seed=chosen.seed, users=users, environment=environment)
    plan = replace(plan, rolls=chosen.rolling, alone=True)
    for noisy in ("httpx", "client"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    began = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {line}", flush=True)

    tell(f"seed {plan.seed}, files in {folder}")
    outcome = asyncio.run(run(plan, folder, tell=tell))
    _print(outcome, plan.seed, folder)
    return 1 if outcome.report.violations else 0


def _print(outcome: Outcome, seed: int, folder: Path) -> None:
    print(outcome.report.as_text())
    for number, violation in enumerate(outcome.report.violations[:_SHOWN], 1):
        zero = min((entry.at for entry in violation.entries), default=0.0)
        print(f"\nThe time line around {number}:")
        print("\n".join(show_entries(time_line(outcome.history, violation), zero=zero)))
    if outcome.report.violations:
        print(f"\nseed {seed}; judge it again with: python -m client.checker {folder / 'history.jsonl'}")


if __name__ == "__main__":
    sys.exit(main())
