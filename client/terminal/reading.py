"""The open chat: what of it is on the screen, and telling the server how far it was read."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from client.changes import Applied
from client.errors import ClientError, TransportError
from client.frames import Frame
from client.terminal.book import Entry, View
from client.terminal.desk import Desk
from client.terminal.errors import Problem, explain

# Messages shown of a chat that is opened, unless more are unread; and the most that a page of the server has.
_SHOWN, _MOST = 20, 100
# The server stores one marker a second of a chat (protocol §4).
_MARK_SECONDS = 0.5


class Reading:
    """Opens chats, shows what happens in the open one, and pages upward."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._book = desk.book
        self._marks: dict[int, int] = {}
        self._marked = asyncio.Event()

    async def open(self, entry: Entry) -> None:
        """Show the newest messages of a chat, and from now on whatever happens in it."""
        view = self._book.view = View(entry.chat)
        try:
            await self.members(entry)
            self._desk.tell(self._desk.lines.header(entry, entry.members))
            await self._read(entry, view)
        except ClientError as error:
            if not isinstance(error, TransportError):
                self._book.view = None
                raise
            # One can write without having read: it is sent later.
            view.newest = self._desk.client.chats.get(entry.chat, 0)
            self._desk.tell(f"  (the messages cannot be read now: {explain(error)})")
        waiting, view.waiting = view.waiting or [], None
        if self._book.view is not view:
            return
        for applied in waiting:
            self.show(applied)
        self.mark()
        if entry.kind == "private":
            await self.watch(entry.members)

    async def more(self) -> None:
        """Show what stands above the oldest message that was shown."""
        view = self._book.view
        if view is None:
            raise Problem("no chat is open; /open CHAT opens one")
        page = await self._desk.rest.messages(view.chat, before=view.oldest, limit=_SHOWN)
        if not page.results:
            raise Problem("this is where the chat begins")
        await self._show_page(view, page.results, above="── earlier ──", below="── up to here ──")
        view.oldest = page.results[-1]["seq"]

    def shows(self, chat: int) -> bool:
        """Tell whether `chat` is the open one."""
        return self._book.view is not None and self._book.view.chat == chat

    def show(self, applied: Applied) -> None:
        """Show an event of the open chat, unless it stands there."""
        view = self._book.view
        if view is None or applied.seq <= view.newest:
            return
        if view.waiting is not None:
            view.waiting.append(applied)
            return
        view.newest = applied.seq
        if applied.event["type"] == "message.created":
            self._ended_by(view, applied.event)
        self._desk.tell(*self._desk.lines.event(applied.event, self._desk.now(), view.shown))
        view.shown.take(applied.event)

    def mark(self) -> None:
        """Count what is shown as read, and have the server told."""
        view, entry = self._book.view, self._book.open
        if view and entry and view.waiting is None and (view.newest > entry.read or entry.unread):
            self._book.mark_read(view.chat, max(view.newest, entry.read))
            self._marks[view.chat] = view.newest
            self._marked.set()

    async def tell_marks(self) -> None:
        """Tell the server of markers, many of one chat as one."""
        while True:
            await self._marked.wait()
            await self.flush()
            await asyncio.sleep(_MARK_SECONDS)

    async def flush(self) -> None:
        """Tell what is to be told now."""
        self._marked.clear()
        marks, self._marks = self._marks, {}
        # Without a connection it is not told: the next one begins by marking what is open.
        with suppress(ClientError):
            for chat, seq in marks.items():
                await self._desk.client.mark_read(chat, seq)

    async def watch(self, users: list[int]) -> None:
        """Hear of the presence of these people, and learn what it is now, where the server tells."""
        self._book.online.clear()
        with suppress(ClientError):
            for state in await self._desk.client.watch_presence(users):
                self._book.signal({"type": "presence", **state}, 0)

    async def members(self, entry: Entry) -> list[Frame]:
        """Ask who is in a chat and how far they have read."""
        rows = await self._desk.rest.members(entry.chat)
        self._desk.people.meet(rows)
        self._book.meet(entry, rows)
        return rows

    async def look_again(self) -> None:
        """Learn how far the open chat was read while there was no connection: nobody repeats a signal."""
        if entry := self._book.open:
            with suppress(ClientError):
                await self.members(entry)
                self._desk.refresh()

    async def _read(self, entry: Entry, view: View) -> None:
        limit = min(_MOST, max(_SHOWN, entry.unread))
        messages = (await self._desk.rest.messages(entry.chat, limit=limit)).results
        view.newest = messages[0]["seq"] if messages else 0
        view.oldest = messages[-1]["seq"] if messages else 1
        said = next((message for message in messages if message["type"] == "message.created"), None)
        if said:
            self._ended_by(view, said)
        unread = [message for message in messages if entry.unread and message["seq"] > entry.read]
        await self._show_page(view, messages[len(unread) :])
        if unread:
            await self._show_page(view, unread, above=f"── {entry.unread} unread ──")

    async def _show_page(self, view: View, messages: list[Frame], *, above: str = "", below: str = "") -> None:
        lines, now = self._desk.lines, self._desk.now()
        await self._desk.people.learn(people_in(messages))
        for message in messages:
            view.shown.take(message)
        shown = [line for message in reversed(messages) for line in lines.event(message, now, view.shown)]
        self._desk.tell(*filter(None, (above, *shown, below)))

    def _ended_by(self, view: View, message: Frame) -> None:
        view.own = message["seq"] if message["sender"] == self._book.me else None


def people_in(events: list[Frame]) -> set[int]:
    """Return whom events name."""
    return {event[key] for event in events for key in ("sender", "user") if event.get(key) is not None}
