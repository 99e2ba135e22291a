"""`python -m client.checker FILE` judges a history that was saved; the exit status is 1 where it breaks the contract."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from client.checker.check import check
from client.checker.history import History
from client.checker.report import Bounds, Report, show_entries, time_line


def main(arguments: list[str] | None = None) -> int:
    """Print the report of a history."""
    parser = argparse.ArgumentParser(prog="python -m client.checker", description=check.__doc__)
    parser.add_argument("file", type=Path, help="a history, as JSON lines")
    parser.add_argument("--json", action="store_true", help="print figures and violations as JSON")
    parser.add_argument("--factor", type=float, default=1.0, help="multiplies every bound of time")
    chosen = parser.parse_args(arguments)
    history = History.load(chosen.file)
    report = check(history, Bounds(factor=chosen.factor))
    print(report.as_json() if chosen.json else "\n".join(_text(history, report)))
    return 1 if report.violations else 0


def _text(history: History, report: Report) -> Iterator[str]:
    yield report.as_text()
    for number, violation in enumerate(report.violations, 1):
        yield from ("", f"The time line around {number}:")
        zero = min((entry.at for entry in violation.entries), default=0.0)
        yield from show_entries(time_line(history, violation), zero=zero)


if __name__ == "__main__":
    sys.exit(main())
