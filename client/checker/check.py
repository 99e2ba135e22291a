"""Holds a history against the contract."""

from __future__ import annotations

from client.checker.figures import count_figures
from client.checker.history import History
from client.checker.index import build_index
from client.checker.report import Bounds, Report
from client.checker.rules import RULES


def check(history: History, bounds: Bounds | None = None) -> Report:
    """Return everything in which a history breaks the contract; what cannot be known for certain is no breach."""
    index = build_index(history, bounds or Bounds())
    violations = [violation for rule in RULES for violation in rule(index)]
    return Report(violations, count_figures(index))
