"""Runs the two halves beside each other, from the first connection until somebody leaves."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress

from client.changes import Phase
from client.client import Client
from client.errors import ClientError
from client.terminal.actions import Actions
from client.terminal.console import Console
from client.terminal.desk import Desk
from client.terminal.entry import is_farewell
from client.terminal.listener import Listener
from client.terminal.reading import Reading
from client.terminal.typist import IDLE_SECONDS, Typist

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Lines typed ahead of what is being done.
_LINES = 1000
# For the last words to the server.
_FAREWELL_SECONDS = 2.0


class Terminal:
    """One run of the program, on a client that is signed in."""

    def __init__(self, client: Client, console: Console, *, user: str, url: str) -> None:
        self._client = client
        self._console = console
        self._desk = Desk(client, console, url)
        self._reading = Reading(self._desk)
        self._listener = Listener(self._desk, self._reading, user=user, spawn=self._spawn)
        self._actions = Actions(self._desk, self._reading, self._listener, user=user)
        self._typist = Typist()
        self._idle: asyncio.TimerHandle | None = None
        self._lines: asyncio.Queue[str | None] = asyncio.Queue(_LINES)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> int:
        """Chat; return the exit code, or raise Failure."""
        loop = asyncio.get_running_loop()
        with self._console:
            for number in _SIGNALS:
                loop.add_signal_handler(number, self._desk.leave)
            self._console.on_typed = self._typed
            try:
                self._client.start()
                for work in (self._listener.run(), self._read(), self._obey(), self._reading.tell_marks()):
                    self._spawn(work)
                return await self._desk.left()
            finally:
                await self._stop()

    async def _read(self) -> None:
        async for line in self._console.lines():
            if not self._desk.answer(line):
                await self._lines.put(line)
        if not self._desk.answer(None):
            await self._lines.put(None)

    async def _obey(self) -> None:
        while (line := await self._lines.get()) is not None:
            # What is typed early waits for the chats, but nobody has to wait for a server in order to leave.
            if not is_farewell(line):
                await self._listener.listed.wait()
            await self._actions.do(line)
        if not self._console.interactive:
            await self._listener.listed.wait()
        await self._actions.finish()

    def _typed(self, text: str) -> None:
        if self._desk.book.open is None:
            return
        loop = asyncio.get_running_loop()
        self._tell_typing(self._typist.typed(text, loop.time()))
        if self._idle:
            self._idle.cancel()
        self._idle = loop.call_later(IDLE_SECONDS, lambda: self._tell_typing(self._typist.look(loop.time())))

    def _tell_typing(self, on: bool | None) -> None:
        if on is not None and (entry := self._desk.book.open):
            self._spawn(self._send_typing(entry.chat, on=on))

    async def _send_typing(self, chat: int, *, on: bool) -> None:
        with suppress(ClientError):
            await self._client.typing(chat, on=on)

    async def _stop(self) -> None:
        if self._idle:
            self._idle.cancel()
        if waiting := len(self._client.unsettled):
            these = "1 line is" if waiting == 1 else f"{waiting} lines are"
            self._desk.tell(f"— {these} not sent yet, and kept until you come back")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client.state.phase in (Phase.CONNECTED, Phase.LIVE):
            with suppress(ClientError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_SECONDS):
                    await self._reading.flush()
                    # The tokens are kept nowhere: nobody else is to find a use for them.
                    await self._client.rest.logout()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._desk.fail(error)
