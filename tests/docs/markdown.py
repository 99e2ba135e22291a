"""As much of Markdown as our documents use: headings, tables, fenced blocks and links."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")


class Document:
    """One file; names of sections are their headings, whatever the level."""

    def __init__(self, path: str) -> None:
        self.path = ROOT / path
        self.text = self.path.read_text(encoding="utf-8")

    @property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def headings(self) -> list[str]:
        """All headings, in order."""
        return re.findall(r"^#+ (.+)$", self.prose, re.MULTILINE)

    @property
    def anchors(self) -> set[str]:
        """What `#…` of a link may name."""
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in self.headings}

    @property
    def links(self) -> list[str]:
        """The targets of all links."""
        return _LINK.findall(self.prose)

    def section(self, heading: str) -> str:
        """Return the text under a heading, up to the next one of its level or above."""
        start = re.search(rf"^(#+) {re.escape(heading)}\n", self.text, re.MULTILINE)
        assert start, f"{self.path.name} has no section {heading!r}"
        rest = self.text[start.end() :]
        end = re.search(rf"^#{{1,{len(start[1])}}} ", rest, re.MULTILINE)
        return rest[: end.start()] if end else rest

    def tables(self, heading: str | None = None) -> list[list[list[str]]]:
        """Return the tables of a section, or all, as rows of cells without head and rule."""
        text = self.prose if heading is None else self.section(heading)
        blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
        return [[[cell.strip() for cell in row[1:-1].split("|")] for row in block.splitlines()[2:]] for block in blocks]

    def rows(self, heading: str | None = None) -> list[list[str]]:
        """Return the rows of all tables of a section."""
        return [row for table in self.tables(heading) for row in table]

    def examples(self, heading: str | None = None) -> list[Any]:
        """Return the values in all JSON blocks of a section."""
        text = self.text if heading is None else self.section(heading)
        return [value for language, block in _FENCE.findall(text) if language == "json" for value in _values(block)]

    def blocks(self) -> list[str]:
        """Return what stands in all fenced blocks."""
        return [block for _, block in _FENCE.findall(self.text)]


def codes(cell: str) -> list[str]:
    """Return what stands in backquotes."""
    return _CODE.findall(cell)


def _values(block: str) -> Iterator[Any]:
    decoder, block = json.JSONDecoder(), block.strip()
    while block:
        value, end = decoder.raw_decode(block)
        yield value
        block = block[end:].lstrip()
