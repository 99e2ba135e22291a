"""Other people's text, made fit to be shown: nothing in it moves the cursor, changes colours or turns a line around."""

from __future__ import annotations

import re
import unicodedata

# C0, DEL and C1 (an escape sequence begins with one of them), bidirectional embeddings, overrides and isolates,
# the deprecated format characters, interlinear annotation, and halves of characters that no encoding takes.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff]")
_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_TAB = "    "
# Variation selector 16.
_AS_EMOJI = "\ufe0f"


def harmless(text: str) -> str:
    """Return `text` as one line that a terminal shows and does not obey."""
    return _HARMFUL.sub("", _BREAK.sub(" ", text).replace("\t", _TAB))


def split_harmless(text: str) -> list[str]:
    """Return the lines of `text`, each harmless."""
    return [harmless(line) for line in _BREAK.split(text)]


def width_of(text: str) -> int:
    """Return how many columns `text` takes."""
    return sum(_widths(text))


def clip(text: str, columns: int) -> str:
    """Return `text`, or as much of its beginning as fits into `columns`."""
    if width_of(text) <= columns:
        return text
    return text[: _fitting(_widths(text), columns - 1)] + "…"


def window(text: str, cursor: int, columns: int) -> tuple[str, int]:
    """Return the part of a typed line around its cursor that fits into `columns`, and the cursor's column in it."""
    # The cursor takes a column too.
    start = cursor - _fitting(_widths(text[:cursor])[::-1], columns - 1)
    return text[start:][: _fitting(_widths(text[start:]), columns)], width_of(text[start:cursor])


def _fitting(widths: list[int], columns: int) -> int:
    for count, width in enumerate(widths):
        columns -= width
        if columns < 0:
            return count
    return len(widths)


def _widths(text: str) -> list[int]:
    widths = [_width(character) for character in text]
    for place in range(1, len(text)):
        # As an emoji, a sign that is narrow in a text is wide: ❤️, 1️⃣.
        if text[place] == _AS_EMOJI and widths[place - 1] == 1:
            widths[place] = 1
    return widths


def _width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
