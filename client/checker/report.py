"""What a check found: violations with the smallest history that shows each, and figures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from client.checker.history import Entry, History
from client.frames import Frame

# How much of one violation, and of one entry, is shown.
_ENTRIES = 40
_WIDTH = 220
_AROUND_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long things may take, in seconds, and how much is replayed; the waits are held against them times `factor`."""

    # A live event, a `chat.joined`, and the end of a connection that was replaced (C7, §6).
    event_seconds: float = 5.0
    # A claim whose connection is over (C8).
    free_seconds: float = 20.0
    # An answer to a command (§2).
    answer_seconds: float = 30.0
    factor: float = 1.0
    # What a resumed connection gets of one chat, and of all.
    resume_chat_events: int = 500
    resume_events: int = 5_000


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of the contract."""

    # "C1" … "C8", "answers" for commands and their answers, "history" for folded messages, "ends" for how sockets end.
    rule: str
    # One sentence with chat, seq, user and id.
    text: str
    # The smallest set of entries that shows it.
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check."""

    violations: list[Violation]
    figures: dict[str, float | int]

    def as_text(self) -> str:
        """Return figures and violations for people to read."""
        lines = [f"{name.replace('_', ' ')}: {_number(figure)}" for name, figure in self.figures.items()]
        lines.append(f"violations: {len(self.violations)}")
        for number, violation in enumerate(self.violations, 1):
            lines += ["", f"{number}. {violation.rule}: {violation.text}", *show_entries(violation.entries)]
        return "\n".join(lines)

    def as_json(self) -> str:
        """Return the same for programs."""
        found = [
            {"rule": each.rule, "text": each.text, "entries": [_as_frame(entry) for entry in each.entries]}
            for each in self.violations
        ]
        return json.dumps({"figures": self.figures, "violations": found}, indent=2)


def show_entries(entries: Sequence[Entry], *, zero: float | None = None) -> Iterator[str]:
    """Yield a line for each entry, with seconds since `zero`, or since the first."""
    if not entries:
        return
    begin = min(entry.at for entry in entries) if zero is None else zero
    for entry in entries[:_ENTRIES]:
        who = f"user {entry.user}" if entry.user else "-"
        who += f" socket {entry.connection}" if entry.connection else ""
        text = json.dumps(entry.frame, ensure_ascii=False)
        text = text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
        yield f"   {entry.at - begin:+9.3f} s  {who:<20} {entry.kind:<12} {text}"
    if len(entries) > _ENTRIES:
        yield f"   … and {len(entries) - _ENTRIES} more"


def time_line(history: History, violation: Violation) -> list[Entry]:
    """Return what happened around a violation: to its users, in its chats, and the faults of the time."""
    if not violation.entries:
        return []
    users = {entry.user for entry in violation.entries} - {0}
    chats = {entry.frame["chat"] for entry in violation.entries if "chat" in entry.frame}
    times = [entry.at for entry in violation.entries if entry.kind != "log"] or [violation.entries[0].at]
    begin, end = min(times) - _AROUND_SECONDS, max(times) + _AROUND_SECONDS
    return [
        entry
        for entry in history.entries
        if entry.kind.startswith("fault") or (begin <= entry.at <= end and _concerns(entry, users, chats))
    ]


def _concerns(entry: Entry, users: set[int], chats: set[int]) -> bool:
    if entry.kind in ("log", "members"):
        return False
    return entry.user in users and (not chats or entry.frame.get("chat") in (None, *chats))


def _as_frame(entry: Entry) -> Frame:
    return {name: getattr(entry, name) for name in ("at", "kind", "user", "connection", "frame")}


def _number(figure: object) -> str:
    return f"{figure:.3f}" if isinstance(figure, float) else str(figure)
