"""The terminal client as a person starts it: a process, with pipes or a terminal of its own."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import sys
import termios
from collections.abc import Sequence
from typing import Any

import pytest

from tests.server import PASSWORD, ROOT, Server
from tests.vocabulary import PATIENCE

_ESCAPES = re.compile(r"\x1b\[[0-?]*[@-~]|\r")


class Program:
    """One run, whose output is read to the end; `expect` takes it piece by piece."""

    def __init__(self, process: asyncio.subprocess.Process, keyboard: int, screen: int) -> None:
        self.process = process
        self.raw = ""
        self._keyboard = keyboard
        self._screen = screen
        self._taken = 0
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(screen, self._read)

    @property
    def shown(self) -> str:
        """All that was shown, without escape sequences."""
        return _ESCAPES.sub("", self.raw)

    @property
    def mode(self) -> list[Any]:
        """How its terminal treats keys: with echo, line by line …"""
        return termios.tcgetattr(self._keyboard)

    def type(self, text: str) -> None:
        """Type something, which is no line yet."""
        os.write(self._keyboard, text.encode())

    def enter(self, *lines: str) -> None:
        """Type lines."""
        self.type("".join(f"{line}\n" for line in lines))

    async def expect(self, *texts: str) -> None:
        """Wait until these were shown, in this order, after what was expected before."""
        for text in texts:
            try:
                async with asyncio.timeout(4 * PATIENCE):
                    place = await self._find(text)
            except TimeoutError:
                pytest.fail(
                    f"{text!r} was not shown after {self.shown[: self._taken]!r}, but {self.shown[self._taken :]!r}"
                )
            self._taken = place + len(text)

    async def _find(self, text: str) -> int:
        while (place := self.shown.find(text, self._taken)) < 0:
            assert self._screen >= 0, self.shown
            self._news.clear()
            await self._news.wait()
        return place

    def end_input(self) -> None:
        """Close what it reads from."""
        os.close(self._keyboard)
        self._keyboard = -1

    async def ended(self) -> int:
        """Wait for its end and return the exit code; nothing went wrong that it did not foresee."""
        async with asyncio.timeout(2 * PATIENCE):
            code = await self.process.wait()
            while self._screen >= 0:
                self._news.clear()
                await self._news.wait()
        assert "Traceback" not in self.shown
        assert "Warning" not in self.shown
        return code

    async def kill(self) -> None:
        """End it as a loss of power does."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def look_away(self) -> None:
        """Close what it writes to."""
        asyncio.get_running_loop().remove_reader(self._screen)
        os.close(self._screen)
        self._screen = -1

    def release(self) -> None:
        """Close what is still open."""
        for number in {self._keyboard, self._screen} - {-1}:
            asyncio.get_running_loop().remove_reader(number)
            os.close(number)
        self._keyboard = self._screen = -1

    def _read(self) -> None:
        try:
            data = os.read(self._screen, 65536)
        except OSError:  # the other end of a terminal is closed
            data = b""
        self.raw += data.decode(errors="replace")
        if not data:
            asyncio.get_running_loop().remove_reader(self._screen)
            if self._screen != self._keyboard:
                os.close(self._screen)
            self._screen = -1
        self._news.set()


async def run_terminal(
    server: Server,
    user: str,
    *options: str,
    tty: bool = False,
    program: Sequence[str] = ("-m", "client.terminal"),
    **environment: str,
) -> Program:
    """Start the terminal client as somebody."""
    command = (sys.executable, "-W", "error", *program, "--user", user, "--url", server.url, *options)
    return await (_in_terminal if tty else _in_pipes)(command, _environment() | environment)


async def _in_pipes(command: tuple[str, ...], environment: dict[str, str]) -> Program:
    (source, keyboard), (screen, sink) = os.pipe(), os.pipe()
    process = await asyncio.create_subprocess_exec(
        *command, stdin=source, stdout=sink, stderr=sink, cwd=ROOT, env=environment
    )
    for number in (source, sink):
        os.close(number)
    return Program(process, keyboard, screen)


async def _in_terminal(command: tuple[str, ...], environment: dict[str, str]) -> Program:
    ours, its = pty.openpty()
    termios.tcsetwinsize(ours, (24, 80))
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, preexec_fn=lambda: os.login_tty(its)
    )
    os.close(its)
    return Program(process, ours, ours)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return kept | {"LANG": "C.UTF-8", "TERM": "xterm", "DOTENV": os.devnull, "ONESOCKET_PASSWORD": PASSWORD}
