"""What this user knows of the own chats: names, unread, who has read and who types. No I/O; the time is an argument."""

from __future__ import annotations

from dataclasses import dataclass, field

from client.answers import Chat
from client.changes import Applied
from client.frames import Frame
from client.terminal.shown import Shown

# Receivers drop `typing` after this (protocol §4).
TYPING_SECONDS = 6.0


@dataclass(slots=True)
class Entry:
    """One chat. Events up to `head` are in `unread` already."""

    chat: int
    head: int = 0
    unread: int = 0
    read: int = 0
    kind: str = ""
    title: str = ""
    members: list[int] = field(default_factory=list)
    # How far the others have read, as far as was told, and until when they count as typing.
    markers: dict[int, int] = field(default_factory=dict)
    typing: dict[int, float] = field(default_factory=dict)


@dataclass(slots=True)
class View:
    """What of the open chat is on the screen: from `oldest` to `newest`."""

    chat: int
    newest: int = 0
    oldest: int | None = None
    shown: Shown = field(default_factory=Shown)
    # The newest message, where it is one's own: the others may have read it.
    own: int | None = None
    # Events that came while the history was read; None once it is shown.
    waiting: list[Applied] | None = field(default_factory=list)


class Book:
    """All chats, newest activity first, and which of them is open."""

    def __init__(self) -> None:
        self.me = 0
        self.view: View | None = None
        # Who of the people that are watched is online, as far as was told.
        self.online: set[int] = set()
        self._entries: dict[int, Entry] = {}

    def __contains__(self, chat: int) -> bool:
        return chat in self._entries

    @property
    def entries(self) -> list[Entry]:
        """The chats, newest activity first."""
        return list(self._entries.values())

    @property
    def open(self) -> Entry | None:
        """The open chat."""
        return self._entries.get(self.view.chat) if self.view else None

    def find(self, chat: int) -> Entry:
        """Return a chat, or what can be said of one that is not known."""
        return self._entries.get(chat) or Entry(chat)

    def entry(self, chat: int) -> Entry:
        """Return a chat, made known by this."""
        return self._entries.setdefault(chat, Entry(chat))

    def ready(self, frame: Frame) -> list[int]:
        """Begin a connection; return those chats of which no more is known than that."""
        self.me = frame["user"]
        self._order([told["chat"] for told in frame["chats"]])
        for told in frame["chats"]:
            entry = self.entry(told["chat"])
            entry.head, entry.unread, entry.read = told["head"], told["unread"], told["read"]
        return [entry.chat for entry in self.entries if not entry.kind]

    def describe(self, chat: Chat) -> None:
        """Learn what REST says of a chat; the counts only where they are not older than what is known."""
        entry = self.entry(chat.id)
        entry.kind, entry.title = chat.kind, chat.title
        if chat.members:
            entry.members = [row["id"] for row in chat.members]
        if chat.head >= entry.head:
            entry.head, entry.unread, entry.read = chat.head, chat.unread, max(entry.read, chat.read)

    def meet(self, entry: Entry, rows: list[Frame]) -> None:
        """Learn what REST says of the members of a chat; how far somebody has read is null where it is not told."""
        entry.members = [row["id"] for row in rows if "id" in row] or entry.members
        for row in rows:
            match row:
                case {"id": int(user), "read_seq": int(seq)} if user != self.me:
                    entry.markers[user] = max(entry.markers.get(user, 0), seq)
                case {"id": int(user), "read_seq": None}:
                    entry.markers.pop(user, None)

    def list_again(self, chats: list[Chat]) -> None:
        """Learn the list as REST has it, with its order."""
        self._order([chat.id for chat in chats])
        for chat in chats:
            self.describe(chat)

    def join(self, chat: int, start: int) -> Entry:
        """Open a new chat's stream."""
        entry = self.entry(chat)
        entry.head = max(entry.head, start - 1)
        self._order([chat])
        return entry

    def drop(self, chat: int) -> Entry | None:
        """Forget a chat the user is no longer in."""
        if self.view and self.view.chat == chat:
            self.view = None
        return self._entries.pop(chat, None)

    def apply(self, applied: Applied) -> None:
        """Take the next event of a chat."""
        entry, event = self.entry(applied.chat), applied.event
        kind, sender, is_new = event["type"], event.get("sender"), applied.seq > entry.head
        entry.head = max(entry.head, applied.seq)
        if kind == "message.created":
            self._count(entry, sender, applied.seq, is_new=is_new)
            self._order([entry.chat])
        elif kind in ("member.added", "member.removed"):
            self._move_member(entry, event["user"], here=kind == "member.added")
        elif kind == "chat.updated":
            entry.title = event.get("title", "")

    def mark_read(self, chat: int, seq: int) -> None:
        """Count a chat as read up to `seq`, which is all of it that is known."""
        entry = self.entry(chat)
        entry.read = max(entry.read, seq)
        if entry.read >= entry.head:
            entry.unread = 0

    def signal(self, frame: Frame, now: float) -> None:
        """Take `read`, `typing` and `presence` of others."""
        entry, user = self._entries.get(frame.get("chat", 0)), frame.get("user")
        if frame["type"] == "presence" and user is not None:
            (self.online.add if frame["online"] else self.online.discard)(user)
        if entry is None or user is None or user == self.me:
            return
        if frame["type"] == "read":
            entry.markers[user] = max(entry.markers.get(user, 0), frame["seq"])
        elif frame["type"] == "typing":
            entry.typing.pop(user, None)
            if frame["on"]:
                entry.typing[user] = now + TYPING_SECONDS

    def readers(self) -> list[int]:
        """Return who has read the own message that ends the open chat."""
        if not self.view or not self.view.own or not self.open:
            return []
        return sorted(user for user, seq in self.open.markers.items() if seq >= self.view.own)

    def typists(self, now: float) -> list[int]:
        """Return who types in the open chat."""
        return [user for user, until in self.open.typing.items() if until > now] if self.open else []

    def present(self) -> list[int]:
        """Return the other of the open private chat while it is online."""
        if not self.open or self.open.kind != "private":
            return []
        return [user for user in self.open.members if user in self.online]

    def _count(self, entry: Entry, sender: int | None, seq: int, *, is_new: bool) -> None:
        if sender == self.me:
            entry.unread, entry.read = 0, max(entry.read, seq)
        elif sender is not None:
            entry.typing.pop(sender, None)
            # Who writes has read what stands above.
            entry.markers[sender] = max(entry.markers.get(sender, 0), seq)
            entry.unread += is_new

    def _move_member(self, entry: Entry, user: int, *, here: bool) -> None:
        entry.members = [member for member in entry.members if member != user] + ([user] if here else [])

    def _order(self, first: list[int]) -> None:
        self._entries = {chat: self.entry(chat) for chat in first} | self._entries
