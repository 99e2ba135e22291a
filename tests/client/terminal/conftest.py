"""A person at a terminal, played by the test, and a server that plays its script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any, Self

import pytest

from client import Client
from client.terminal.console import Live
from client.terminal.terminal import Terminal
from tests.client.conftest import SWIFT, MakeClient
from tests.client.peer import PATIENCE, Server, Socket


class FakeConsole:
    """Keeps what is shown, and says what the test types."""

    def __init__(self, *, interactive: bool = True) -> None:
        self.interactive = self.hides = interactive
        self.on_typed: Callable[[str], None] = lambda text: None
        self.printed: list[str] = []
        self.live = Live()
        self._typed: asyncio.Queue[str | None] = asyncio.Queue()
        self._news = asyncio.Event()

    def type(self, *lines: str) -> None:
        """Type lines."""
        for line in lines:
            self._typed.put_nowait(line)

    def end(self) -> None:
        """End the input."""
        self._typed.put_nowait(None)

    async def expect(self, *parts: str) -> str:
        """Take lines from what was printed until one has all `parts` in it."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while self.printed:
                    line = self.printed.pop(0)
                    if all(part in line for part in parts):
                        return line
                await self._wait()

    async def expect_live(self, told: Callable[[Live], bool]) -> Live:
        """Wait until what changes is as it should be."""
        async with asyncio.timeout(PATIENCE):
            while not told(self.live):
                await self._wait()
        return self.live

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()

    def print(self, *lines: str) -> None:
        self.printed += lines
        self._news.set()

    def show(self, live: Live) -> None:
        self.live = live
        self._news.set()

    async def lines(self) -> AsyncIterator[str]:
        while (line := await self._typed.get()) is not None:
            yield line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass


class Sitting:
    """One run of the terminal: what the person sees, what the server hears, and how it ends."""

    def __init__(self, server: Server, client: Client, console: FakeConsole) -> None:
        self.server = server
        self.client = client
        self.console = console
        self.task = asyncio.create_task(Terminal(client, console, user="ada", url=server.base_url).run())

    async def begin(self, *chats: tuple[int, int, int], **ready: Any) -> Socket:
        """Let it connect, in these chats or in chat 7."""
        socket = await self.server.socket()
        await socket.welcome(*(chats or ((7, 2, 3),)), **ready)
        return socket

    async def open(self) -> None:
        """Open chat 7."""
        self.console.type("/open 7")
        await self.console.expect_live(lambda live: live.prompt == "Tea> ")
        await self.console.expect("── Tea")

    async def ended(self) -> int:
        """Wait for the end and return the exit code."""
        return await asyncio.wait_for(self.task, PATIENCE)


SitDown = Callable[..., Sitting]


@pytest.fixture
async def sit_down(server: Server, make_client: MakeClient) -> AsyncIterator[SitDown]:
    """Run a terminal, for a person or for a script, and end it in the end."""
    running: list[Sitting] = []

    def start(*, interactive: bool = True, **more: Any) -> Sitting:
        chat = {"id": 7, "kind": "group", "title": "Tea", "head": 2, "unread": 0, "read": 2}
        server.reply("GET /api/chats/", 200, {"results": [chat], "next": None})
        client = make_client(start=False, options=replace(SWIFT, history_page=0), **more)
        running.append(Sitting(server, client, FakeConsole(interactive=interactive)))
        return running[-1]

    yield start
    for each in running:
        each.task.cancel()
        await asyncio.gather(each.task, return_exceptions=True)
