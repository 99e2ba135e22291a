"""What was found: one line for each promise and each error, and the proof of what was broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from client.checker import Report, Violation
from client.checker.report import show_entries

# The rules of the checker that are judged, and what they are about. C7 and C8 need faults and time.
RULES = {
    "C1": "stream: no hole, no duplicate, no reordering",
    "C2": "the ack stands where the event stands",
    "C3": "each id is written once",
    "C4": "stored before anybody hears of it",
    "C5": "nothing reaches who is not a member",
    "C6": "what was missed is replayed",
    "answers": "every command has one answer",
    "ends": "a connection ends as it was told",
    "frames": "every frame has the shape of its type",
}
_FIGURES = ("connections", "events_streamed", "acks", "duplicates", "resumes", "resets", "removals", "calls")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error that was provoked, and what is wrong with its answer; nothing where it is as the table says."""

    code: str
    way: str
    problem: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome."""

    url: str
    seconds: float
    violations: list[Violation]
    refusals: list[Refusal]
    figures: dict[str, float | int]

    @classmethod
    def of(
        cls, url: str, seconds: float, report: Report, misshapen: list[Violation], refusals: list[Refusal]
    ) -> Verdict:
        """Take what the checker, the shapes and the error table say."""
        judged = [violation for violation in report.violations if violation.rule in RULES]
        figures = {name: report.figures[name] for name in _FIGURES}
        return cls(url, seconds, judged + misshapen, refusals, figures)

    @property
    def conforms(self) -> bool:
        """Whether nothing was found."""
        return not self.violations and not any(refusal.problem for refusal in self.refusals)

    @property
    def broken(self) -> set[str]:
        """The rules that were broken."""
        return {violation.rule for violation in self.violations}

    def as_text(self) -> str:
        """Return it for people to read."""
        return "\n".join(self._lines())

    def as_json(self) -> str:
        """Return it for programs."""
        rules = {rule: sum(each.rule == rule for each in self.violations) for rule in RULES}
        return json.dumps(
            {
                "url": self.url,
                "conforms": self.conforms,
                "seconds": round(self.seconds, 3),
                "violations_by_rule": rules,
                "violations": [asdict(violation) for violation in self.violations],
                "errors": [asdict(refusal) for refusal in self.refusals],
                "figures": self.figures,
            },
            indent=2,
        )

    def _lines(self) -> Iterator[str]:
        yield f"{self.url}: {'conforms to' if self.conforms else 'breaks'} chat.v1 ({self.seconds:.1f} s)"
        yield ", ".join(f"{name.replace('_', ' ')} {figure}" for name, figure in self.figures.items())
        yield ""
        for rule, about in RULES.items():
            count = sum(each.rule == rule for each in self.violations)
            yield f"  {'BROKEN' if count else 'holds':<7} {rule:<8} {about}" + (f" ({count} times)" if count else "")
        yield ""
        for refusal in self.refusals:
            yield f"  {'WRONG' if refusal.problem else 'right':<7} {refusal.code:<20} {refusal.way}"
            if refusal.problem:
                yield f"          {refusal.problem}"
        for number, violation in enumerate(self.violations, 1):
            yield from ("", f"{number}. {violation.rule}: {violation.text}", *show_entries(violation.entries))
