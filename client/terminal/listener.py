"""The half of the program that follows the client: what it tells becomes lines, notices and questions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine

from client.answers import Chat
from client.changes import Applied, CaughtUp, Change, Dropped, Forgotten, Phase, Ready, Settled, Signal, State
from client.errors import ClientError
from client.frames import Frame
from client.terminal.book import TYPING_SECONDS
from client.terminal.desk import Desk
from client.terminal.errors import explain, explain_refusal, lost
from client.terminal.reading import Reading, people_in
from client.terminal.stops import Stops

_PAGE = 100
Spawn = Callable[[Coroutine[None, None, None]], object]


class Listener:
    """Takes every change in order."""

    def __init__(self, desk: Desk, reading: Reading, *, user: str, spawn: Spawn) -> None:
        self._desk = desk
        self._book = desk.book
        self._reading = reading
        self._stops = Stops(desk, user)
        self._spawn = spawn
        self._lost = False
        # Between `ready` and `caught_up`: the messages that come are counted by chat, and told once.
        self._missed: Counter[int] | None = None
        self.listed = asyncio.Event()

    async def run(self) -> None:
        """Follow the client until it is closed."""
        async for change in self._desk.client.events():
            await self._follow(change)
            self._desk.refresh()

    async def list_chats(self) -> None:
        """Ask for all chats, with their names."""
        page = await self._desk.rest.chats(_PAGE)
        chats = page.results
        while page.next:
            page = await self._desk.rest.more_chats(page)
            chats += page.results
        self._meet(chats)
        self._book.list_again(chats)

    async def _follow(self, change: Change) -> None:
        match change:
            case State():
                await self._state(change)
            case Ready(frame):
                await self._ready(frame)
            case CaughtUp():
                self._caught_up()
            case Applied():
                await self._applied(change)
            case Forgotten(chat, start):
                self._forgotten(chat, start)
            case Dropped(chat):
                self._dropped(chat)
            case Signal(frame):
                await self._signal(frame)
            case Settled(write):
                self._settled(change, write)

    async def _state(self, state: State) -> None:
        match state.phase:
            case Phase.CONNECTING | Phase.RECONNECTING:
                self._trouble(state)
            case Phase.CONNECTED | Phase.LIVE:
                self._desk.trouble = ""
            case Phase.STOPPED:
                self._desk.trouble = "— not connected"
                self._lost = self.listed.is_set()
                # Whoever is asked may take long; what the client tells meanwhile is not held up.
                self._spawn(self._stops.settle(state))

    def _trouble(self, state: State) -> None:
        again = f"trying again in {max(1, round(state.wait))} s …" if state.wait else "trying again …"
        if self.listed.is_set() and not self._lost:
            self._lost = True
            self._desk.tell(f"— connection lost ({lost(state.why)}), {again}")
        elif state.wait:
            self._desk.trouble = f"— no connection ({lost(state.why)}), {again}"
        elif not self._lost:
            self._desk.trouble = f"— connecting to {self._desk.url} …"

    async def _ready(self, frame: Frame) -> None:
        unknown = self._book.ready(frame)
        self._desk.lines.me = self._book.me
        self._missed = Counter()
        if self.listed.is_set():
            self._look_up(unknown)
            return
        try:
            await self.list_chats()
        except ClientError as error:
            self._desk.tell(f"  (the names of the chats cannot be read now: {explain(error)})")
        self._desk.tell(*self._desk.lines.chats(self._book.entries))

    def _caught_up(self) -> None:
        missed, self._missed = self._missed or Counter(), None
        if self._lost:
            self._lost = False
            # A chat that is new is told of when its name is known.
            elsewhere = [entry for entry in self._book.entries if missed[entry.chat] and entry.kind]
            lines = [self._desk.lines.unread(entry) for entry in elsewhere if not self._reading.shows(entry.chat)]
            self._desk.tell(f"— back, {_count(missed.total())}", *lines)
            self._spawn(self._reading.look_again())
        self._reading.mark()
        self.listed.set()

    async def _applied(self, applied: Applied) -> None:
        event = applied.event
        await self._desk.people.learn(people_in([event]))
        self._book.apply(applied)
        is_news = event["type"] == "message.created" and event["sender"] != self._book.me
        if is_news and self._missed is not None:
            self._missed[applied.chat] += 1
        if self._reading.shows(applied.chat):
            self._reading.show(applied)
            if self._missed is None:
                self._reading.mark()
        elif is_news and self._missed is None:
            self._desk.tell(self._desk.lines.notice(self._book.entry(applied.chat), event))

    def _forgotten(self, chat: int, start: int) -> None:
        if chat not in self._book:
            self._book.join(chat, start)
            self._look_up([chat])
        elif self._lost and self._missed is not None:
            entry = self._book.entry(chat)
            self._missed[chat] += entry.unread
            if self._reading.shows(chat):
                self._spawn(self._again(chat))

    async def _again(self, chat: int) -> None:
        try:
            await self._reading.open(self._book.entry(chat))
        except ClientError as error:
            self._desk.complain(explain(error))

    def _dropped(self, chat: int) -> None:
        entry = self._book.drop(chat)
        if entry:
            self._desk.tell(f"* you are no longer in {self._desk.lines.chat(entry)} [{chat}]")

    async def _signal(self, frame: Frame) -> None:
        loop = asyncio.get_running_loop()
        self._book.signal(frame, loop.time())
        if self._reading.shows(frame.get("chat", 0)):
            await self._desk.people.learn(people_in([frame]))
            loop.call_later(TYPING_SECONDS, self._desk.refresh)

    def _settled(self, settled: Settled, write: Frame) -> None:
        self._desk.settle(write)
        if settled.refusal:
            self._desk.failed = True
            self._desk.tell(self._desk.lines.refused(write, explain_refusal(write, settled.refusal)))
        elif settled.answer.get("noop") or not self._reading.shows(write["chat"]):
            self._desk.tell(self._desk.lines.settled(write, self._desk.place(write["chat"]), settled.answer))

    def _look_up(self, chats: list[int]) -> None:
        for chat in chats:
            self._spawn(self._describe(chat))

    async def _describe(self, chat: int) -> None:
        try:
            found = await self._desk.rest.chat(chat)
        except ClientError:
            return  # a number has to do
        if chat in self._book:
            self._meet([found])
            self._book.describe(found)
            if not self._reading.shows(chat):
                self._desk.tell(f"{self._desk.lines.unread(self._book.entry(chat))} · new to you")
            self._desk.refresh()

    def _meet(self, chats: list[Chat]) -> None:
        for chat in chats:
            self._desk.people.meet(chat.members)


def _count(missed: int) -> str:
    return f"{missed} missed message{'s' if missed > 1 else ''}" if missed else "nothing missed"
