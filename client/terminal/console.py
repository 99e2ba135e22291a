"""Where lines come from and go to: the interface, and one that works everywhere, for pipes and plain terminals."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from types import TracebackType
from typing import Protocol, Self, TextIO

from client.terminal.text import harmless

_CHUNK = 65_536
# What is read ahead of a program that lags behind its input.
_CHUNKS = 4


@dataclass(frozen=True, slots=True)
class Live:
    """What stands below all lines and changes: what waits, who types, and the prompt."""

    lines: tuple[str, ...] = ()
    prompt: str = "> "
    # What is typed is an answer, and a line begun before waits until it is given; it may be a secret.
    asks: bool = False
    hidden: bool = False


class Console(Protocol):
    """Lines in both directions."""

    # Whether a person is there to be asked, and whether what is typed can be kept off the screen.
    interactive: bool
    hides: bool
    # Called with the line being typed, after each change; never where it cannot be known.
    on_typed: Callable[[str], None]

    def print(self, *lines: str) -> None:
        """Show lines, for good."""

    def show(self, live: Live) -> None:
        """Show what changes, in place of what was shown before."""

    def lines(self) -> AsyncIterator[str]:
        """Read until the end of input."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class PlainConsole:
    """Prints every line once, what changes too: nothing that was written is taken back."""

    hides = False

    def __init__(self, source: int, out: TextIO, *, interactive: bool) -> None:
        self.interactive = interactive
        self.on_typed: Callable[[str], None] = lambda text: None
        self._source = source
        self._out = out
        self._live = Live()

    def print(self, *lines: str) -> None:
        """Show lines."""
        for line in lines:
            self._out.write(harmless(line) + "\n")
        self._out.flush()

    def show(self, live: Live) -> None:
        """Print those lines that were not there before, and a question."""
        news = (Counter(live.lines) - Counter(self._live.lines)).elements()
        question = live.prompt != self._live.prompt and self.interactive
        self._live = live
        self.print(*news, *([live.prompt] if question else []))

    async def lines(self) -> AsyncIterator[str]:
        """Read in a thread: a file is no more ready to be waited for than a terminal of another system."""
        chunks: asyncio.Queue[bytes] = asyncio.Queue(_CHUNKS)
        Thread(target=self._read, args=(chunks, asyncio.get_running_loop()), daemon=True).start()
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        rest = ""
        while chunk := await chunks.get():
            *whole, rest = (rest + decoder.decode(chunk)).split("\n")
            for line in whole:
                yield line
        if rest:
            yield rest

    def _read(self, chunks: asyncio.Queue[bytes], loop: asyncio.AbstractEventLoop) -> None:
        # The program may end while this thread waits: then there is nobody to put anything for.
        with suppress(RuntimeError, asyncio.CancelledError):
            chunk = b"?"
            while chunk:
                chunk = self._read_chunk()
                if loop.is_closed():
                    return
                asyncio.run_coroutine_threadsafe(chunks.put(chunk), loop).result()

    def _read_chunk(self) -> bytes:
        try:
            return os.read(self._source, _CHUNK)
        except OSError:
            return b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass
