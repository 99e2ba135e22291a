"""The half of the program that obeys the person: a line is a message for the open chat, or a command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from client.changes import Phase
from client.errors import ClientError
from client.frames import Frame
from client.terminal.book import Entry
from client.terminal.desk import Desk
from client.terminal.entry import Order, Say, parse, split_group, split_names
from client.terminal.errors import FAILED, Problem, explain
from client.terminal.lines import usage_lines
from client.terminal.listener import Listener
from client.terminal.reading import Reading
from client.terminal.text import harmless
from client.terminal.writing import Writing

Action = Callable[[str], Awaitable[None]]


class Actions:
    """Does one line after another."""

    def __init__(self, desk: Desk, reading: Reading, listener: Listener, *, user: str) -> None:
        self._desk = desk
        self._book = desk.book
        self._reading = reading
        self._listener = listener
        self._user = user
        self._writing = Writing(desk)
        self._actions: dict[str, Action] = {
            "chats": self._chats,
            "open": self._open,
            "more": self._more,
            "edit": self._writing.edit,
            "delete": self._writing.delete,
            "reply": self._writing.reply,
            "react": self._writing.react,
            "new": self._new,
            "members": self._members,
            "add": self._add,
            "leave": self._leave,
            "who": self._who,
            "help": self._help,
            "quit": self._quit,
        }

    async def do(self, line: str) -> None:
        """Do what a line says, or tell why not."""
        try:
            match parse(line):
                case Say(text):
                    await self._writing.say(text)
                case Order(name, argument):
                    await self._actions[name](argument)
                case None:
                    self._hurry()
        except Problem as problem:
            self._desk.complain(str(problem))
        except ClientError as error:
            self._desk.complain(explain(error))

    async def finish(self) -> None:
        """Leave: a person at once, a script when everything is sent, and with a complaint if a line was not done."""
        if self._desk.console.interactive:
            self._desk.leave()
        else:
            await self._desk.sent(at_most=0)
            self._desk.leave(FAILED if self._desk.failed else 0)

    def _hurry(self) -> None:
        """An empty line says that the network may be back."""
        if self._desk.client.state.phase is Phase.RECONNECTING:
            self._desk.client.reconnect()

    async def _chats(self, argument: str) -> None:
        await self._listener.list_chats()
        self._desk.tell(*self._desk.lines.chats(self._book.entries))

    async def _open(self, argument: str) -> None:
        await self._reading.open(self._find(argument))

    async def _more(self, argument: str) -> None:
        await self._reading.more()

    async def _new(self, argument: str) -> None:
        names, title = split_group(argument)
        people = await self._desk.people.find_all(names)
        if not people:
            raise Problem("with whom? /new NAME")
        kind = "private" if len(people) == 1 and not title else "group"
        ids = [user.id for user in people]
        chat = await self._desk.rest.create_chat(kind, ids, title=title)
        self._desk.people.meet(chat.members)
        self._book.describe(chat)
        await self._reading.open(self._book.entry(chat.id))

    async def _members(self, argument: str) -> None:
        entry = self._desk.opened()
        rows = [row for row in await self._reading.members(entry) if "id" in row]
        await self._reading.watch([row["id"] for row in rows])
        lines = [f"  {self._desk.lines.name(row['id'])}{_described(self._with_presence(entry, row))}" for row in rows]
        self._desk.tell(*lines)

    async def _add(self, argument: str) -> None:
        chat = self._desk.opened().chat
        for user in await self._desk.people.find_all(split_names(argument)):
            await self._desk.rest.add_member(chat, user.id)

    async def _leave(self, argument: str) -> None:
        await self._desk.rest.remove_member(self._desk.opened().chat, self._book.me)

    async def _who(self, argument: str) -> None:
        found = await self._desk.people.search(argument or None)
        if not argument:
            self._desk.tell(f"You are {harmless(self._user)} on device {self._desk.client.device}, {self._desk.url}")
        others = [user for user in found if user.id != self._book.me]
        lines = [f"  {harmless(user.username)}{_described({'display_name': user.display_name})}" for user in others]
        self._desk.tell(*(lines or ["  nobody"]))

    async def _help(self, argument: str) -> None:
        self._desk.tell(*usage_lines())

    async def _quit(self, argument: str) -> None:
        await self.finish()

    def _with_presence(self, entry: Entry, row: Frame) -> Frame:
        marker = entry.markers.get(row["id"])
        read = "" if marker is None else f"has read up to #{marker}" if marker else "has read nothing"
        return {**row, "presence": "online" if row["id"] in self._book.online else "", "read": read}

    def _find(self, wanted: str) -> Entry:
        """Return the chat with this number or name, or the only one whose name begins so, or has it in it."""
        if wanted.isdecimal() and int(wanted) in self._book:
            return self._book.entry(int(wanted))
        names = {entry.chat: self._desk.lines.chat(entry).casefold() for entry in self._book.entries}
        sought = wanted.casefold()
        for fits in (str.__eq__, str.startswith, str.__contains__):
            found = [chat for chat, name in names.items() if fits(name, sought)]
            if len(found) == 1:
                return self._book.entry(found[0])
            if found:
                these = ", ".join(f"[{chat}]" for chat in found)
                raise Problem(f"several chats are called so: {these}")
        raise Problem(f"there is no chat {harmless(wanted)}; /chats lists them")


def _described(row: dict[str, object]) -> str:
    told = [str(row[name]) for name in ("display_name", "role", "presence", "read") if row.get(name)]
    return f" ({harmless(', '.join(told))})" if told else ""
