"""What both halves of the program work on: the client, what is known of chats and people, and the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from client.client import Client
from client.frames import Frame
from client.terminal.book import Book, Entry
from client.terminal.console import Console, Live
from client.terminal.errors import Failure, Problem
from client.terminal.lines import Lines
from client.terminal.people import People

# How many of the writes that wait are shown.
_PENDING = 5


class Desk:
    """One user at one terminal."""

    def __init__(self, client: Client, console: Console, url: str) -> None:
        self.client = client
        self.rest = client.rest
        self.console = console
        self.url = url
        self.book = Book()
        self.people = People(client.rest)
        self.lines = Lines(self.people.name)
        # What is wrong with the connection, as a line; empty while nothing is.
        self.trouble = ""
        # A line of a script that could not be done is in the exit code.
        self.failed = False
        # Writes whose final answer was not shown yet, those of an earlier run included.
        self._unanswered = {(write["chat"], write["id"]): write for write in client.unsettled}
        self._answered = asyncio.Event()
        # While the person is asked something: the answers, and the question as it stands below.
        self._answers: asyncio.Queue[str | None] | None = None
        self._question = Live()
        self._left: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def tell(self, *lines: str) -> None:
        """Show lines, for good."""
        self.console.print(*lines)
        self.refresh()

    def complain(self, line: str) -> None:
        """Tell that something could not be done."""
        self.failed = True
        self.tell(f"! {line}")

    def refresh(self) -> None:
        """Show what has changed."""
        lines = tuple(self._below())
        if self._answers is not None:
            self.console.show(replace(self._question, lines=lines))
        else:
            entry = self.book.open
            self.console.show(Live(lines, f"{self.lines.chat(entry)}> " if entry else "> "))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Take every line as an answer: a password typed too early must not become a message."""
        self._answers = asyncio.Queue()
        try:
            yield
        finally:
            self._answers = None
            self.refresh()

    async def ask(self, prompt: str, *, hidden: bool = False) -> str:
        """Ask the person, while `asking`; raise Failure where nobody answers any more."""
        self._question = Live(prompt=prompt, asks=True, hidden=hidden)
        self.refresh()
        answer = await self._answers.get() if self._answers else None
        if answer is None:
            raise Failure("nobody answered")
        return answer.strip()

    def answer(self, line: str | None) -> bool:
        """Take a line, or the end of all lines, as an answer; tell whether anything is asked."""
        if self._answers is None:
            return False
        self._answers.put_nowait(line)
        return True

    def post(self, write: Frame) -> None:
        """Send a write; raise CommandRefused where no server could take it."""
        self.client.post(write)
        self._unanswered[write["chat"], write["id"]] = write
        self.refresh()

    def settle(self, write: Frame) -> None:
        """Count a write as answered."""
        self._unanswered.pop((write["chat"], write["id"]), None)
        self._answered.set()

    def sends(self, chat: int) -> bool:
        """Tell whether a message to this chat is without an answer."""
        return any(write["chat"] == chat and write["type"] == "message.send" for write in self._unanswered.values())

    async def sent(self, *, at_most: int) -> None:
        """Wait until no more than so many writes are without an answer."""
        while len(self._unanswered) > at_most:
            self._answered.clear()
            await self._answered.wait()

    def leave(self, code: int = 0) -> None:
        """End the program."""
        if not self._left.done():
            self._left.set_result(code)

    def fail(self, error: BaseException) -> None:
        """End the program with a complaint, a Failure, or with an error of its own."""
        if not self._left.done():
            self._left.set_exception(error)

    async def left(self) -> int:
        """Wait for the end and return the exit code; raise what `fail` was given."""
        return await self._left

    def opened(self) -> Entry:
        """Return the open chat; raise Problem where none is."""
        entry = self.book.open
        if entry is None:
            raise Problem("no chat is open; /open CHAT opens one, /chats lists them")
        return entry

    def place(self, chat: int) -> str:
        """Name the chat of a write, where it is not the one that is open."""
        entry = self.book.open
        return "" if entry and entry.chat == chat else f"{self.lines.chat(self.book.find(chat))}: "

    def now(self) -> datetime:
        """Return the time where the person is."""
        return datetime.now().astimezone()

    def _below(self) -> list[str]:
        waiting = self.client.unsettled
        lines = [self._pending(write) for write in waiting[:_PENDING]]
        if len(waiting) > _PENDING:
            lines.append(f"… and {len(waiting) - _PENDING} more")
        if present := self.book.present():
            lines.append(f"    {self.lines.names(present)} is online")
        if readers := self.book.readers():
            lines.append(f"    read by {self.lines.names(readers)}")
        if typists := self.book.typists(asyncio.get_running_loop().time()):
            lines.append(f"    {self.lines.names(typists)} {'is' if len(typists) == 1 else 'are'} typing …")
        return [*lines, self.trouble] if self.trouble else lines

    def _pending(self, write: Frame) -> str:
        return self.lines.pending(write, self.place(write["chat"]))
