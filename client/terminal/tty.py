"""A terminal with a person at it: lines scroll above, and what is typed stays whole below them."""

from __future__ import annotations

import asyncio
import codecs
import os
import shutil
import signal
import termios
import tty
from collections.abc import AsyncIterator, Callable
from typing import Any, Self, TextIO

from client.terminal.console import Live
from client.terminal.editor import Editor
from client.terminal.text import clip, harmless, width_of, window

_CHUNK = 65_536
# That pasted lines can be told from typed ones.
_BRACKET_PASTES, _LEAVE_PASTES = "\x1b[?2004h", "\x1b[?2004l"


class TtyConsole:
    """Draws what changes under what does not, and reads keys; to be used as a context, which gives the terminal back."""

    interactive = True
    hides = True

    def __init__(self, source: int, out: TextIO) -> None:
        self.on_typed: Callable[[str], None] = lambda text: None
        self._source = source
        self._out = out
        self._editor = Editor()
        self._live = Live()
        self._above = 0
        self._closed = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()
        self._mode: list[Any] | None = None

    def print(self, *lines: str) -> None:
        """Show lines above what changes."""
        self._draw("".join(harmless(line) + "\n" for line in lines))

    def show(self, live: Live) -> None:
        """Draw anew where something is new."""
        if self._closed:
            return
        if live.asks != self._live.asks:
            self._editor.swap()
        if live != self._live:
            self._live = live
            self._draw()

    async def lines(self) -> AsyncIterator[str]:
        """Read until Ctrl-D."""
        while (line := await self._lines.get()) is not None:
            yield line

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._mode = termios.tcgetattr(self._source)
        self._take_keys()
        loop.add_reader(self._source, self._read)
        # Back from the background, the shell has had the terminal; of another size, nothing is where it was.
        loop.add_signal_handler(signal.SIGCONT, self._take_keys)
        loop.add_signal_handler(signal.SIGWINCH, self._draw)
        return self

    def __exit__(self, *error: object) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._source)
        loop.remove_signal_handler(signal.SIGCONT)
        loop.remove_signal_handler(signal.SIGWINCH)
        self._write(self._erased() + _LEAVE_PASTES)
        self._closed = True
        if self._mode is not None:
            termios.tcsetattr(self._source, termios.TCSADRAIN, self._mode)

    def _take_keys(self) -> None:
        tty.setcbreak(self._source, termios.TCSADRAIN)
        self._above = 0
        self._write(_BRACKET_PASTES)
        self._draw()

    def _read(self) -> None:
        try:
            data = os.read(self._source, _CHUNK)
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._source)
            self._lines.put_nowait(None)
            return
        before = self._editor.text
        for line in self._editor.feed(self._decoder.decode(data), remember=not self._live.asks):
            self._lines.put_nowait(line)
        if self._editor.text != before and not self._live.asks:
            self.on_typed(self._editor.text)
        self._draw()

    def _draw(self, above: str = "") -> None:
        columns = max(20, shutil.get_terminal_size().columns)
        lines = [clip(harmless(line), columns - 1) for line in self._live.lines]
        prompt = clip(harmless(self._live.prompt), columns // 2)
        typed = "" if self._live.hidden else self._editor.text
        text, column = window(typed, self._editor.cursor if typed else 0, columns - width_of(prompt) - 1)
        place = width_of(prompt) + column
        back = f"\r\x1b[{place}C" if place else "\r"
        drawn = self._erased() + above + "".join(line + "\n" for line in lines) + prompt + text + back
        self._above = len(lines)
        self._write(drawn)

    def _erased(self) -> str:
        up = f"\x1b[{self._above}A" if self._above else ""
        return f"\r{up}\x1b[J"

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()
