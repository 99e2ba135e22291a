"""A line being typed: keys go in, finished lines come out. No terminal and no clock."""

from __future__ import annotations

import re
from collections.abc import Callable

# The end of input, in the place of a line: Ctrl-D where nothing was typed.
END = None

# One key: an escape sequence (CSI, SS3, an Escape before another one, Alt and a key) or a character.
_KEY = re.compile(r"\x1b\[[ -?]*[^ -?]|\x1bO.|\x1b(?=\x1b)|\x1b[^\[O\x1b]|[^\x1b]", re.DOTALL)
# Bracketed paste: lines in it are text, not so many times Enter.
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"
# What is not printable and yet belongs to words and emoji: joiners, and the tags that spell the flag of a region.
_JOINS = re.compile("[\u200c\u200d\U000e0020-\U000e007f]")
_HISTORY = 200


class Editor:
    """One line with a cursor, and the lines before it."""

    def __init__(self) -> None:
        self.text = ""
        self.cursor = 0
        self._unread = ""
        self._aside: str | None = None
        self._pasting = False
        self._past: list[str] = []
        self._place = 0
        self._keys = self._bindings()

    def feed(self, data: str, *, remember: bool = True) -> list[str | None]:
        """Take what was typed and return the lines finished by it; secrets are not to be remembered."""
        self._unread += data
        lines: list[str | None] = []
        while key := _KEY.match(self._unread):
            self._unread = self._unread[key.end() :]
            if key[0] in ("\r", "\n") and not self._pasting:
                lines.append(self._finish(remember=remember))
            elif key[0] == "\x04" and not self.text:
                lines.append(END)
            else:
                self._press(key[0])
        return lines

    def swap(self) -> None:
        """Put the line aside for an answer; the second time, forget what was answered and bring the line back."""
        if self._aside is None:
            self._aside = self.text
            self._replace("", 0)
        else:
            line, self._aside = self._aside, None
            self._replace(line, len(line))

    def _finish(self, *, remember: bool) -> str:
        line = self.text
        if remember and line.strip() and line not in self._past[-1:]:
            self._past = [*self._past, line][-_HISTORY:]
        self._place = len(self._past)
        self._replace("", 0)
        return line

    def _press(self, key: str) -> None:
        if key in (PASTE_BEGINS, PASTE_ENDS):
            self._pasting = key == PASTE_BEGINS
        elif binding := self._keys.get(key):
            binding()
        elif key in "\r\n\t":
            self._insert(" ")
        elif key.isprintable() or _JOINS.match(key):
            self._insert(key)

    def _bindings(self) -> dict[str, Callable[[], None]]:
        named = {
            ("\x7f", "\x08"): self._backspace,
            ("\x1b[3~", "\x04"): self._delete,
            ("\x15",): lambda: self._replace(self.text[self.cursor :], 0),
            ("\x0b",): lambda: self._replace(self.text[: self.cursor], self.cursor),
            ("\x17",): self._delete_word,
            ("\x1b[D", "\x1bOD", "\x02"): lambda: self._move(self.cursor - 1),
            ("\x1b[C", "\x1bOC", "\x06"): lambda: self._move(self.cursor + 1),
            ("\x1b[H", "\x1bOH", "\x1b[1~", "\x01"): lambda: self._move(0),
            ("\x1b[F", "\x1bOF", "\x1b[4~", "\x05"): lambda: self._move(len(self.text)),
            ("\x1b[A", "\x1bOA", "\x10"): lambda: self._recall(-1),
            ("\x1b[B", "\x1bOB", "\x0e"): lambda: self._recall(1),
        }
        return {key: binding for keys, binding in named.items() for key in keys}

    def _insert(self, text: str) -> None:
        self._replace(self.text[: self.cursor] + text + self.text[self.cursor :], self.cursor + len(text))

    def _backspace(self) -> None:
        if self.cursor:
            self._replace(self.text[: self.cursor - 1] + self.text[self.cursor :], self.cursor - 1)

    def _delete(self) -> None:
        self._replace(self.text[: self.cursor] + self.text[self.cursor + 1 :], self.cursor)

    def _delete_word(self) -> None:
        kept = re.sub(r"\S*\s*$", "", self.text[: self.cursor])
        self._replace(kept + self.text[self.cursor :], len(kept))

    def _recall(self, by: int) -> None:
        self._place = min(max(self._place + by, 0), len(self._past))
        line = self._past[self._place] if self._place < len(self._past) else ""
        self._replace(line, len(line))

    def _replace(self, text: str, cursor: int) -> None:
        self.text = text
        self._move(cursor)

    def _move(self, cursor: int) -> None:
        self.cursor = min(max(cursor, 0), len(self.text))
