"""What stands on the screen, line by line: pure, and every text of other people harmless by the time it is in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from client.frames import Frame
from client.terminal.book import Entry
from client.terminal.entry import USAGES
from client.terminal.text import clip, harmless, split_harmless

# Of a text that is quoted in another line.
_QUOTE = 60
_SETTLED, _PENDING, _REFUSED = "✓", "…", "✗"
# A line of a text never begins like a message.
_INDENT = "       │ "


class Lines:
    """Makes lines for one user; `name` gives the names of people."""

    def __init__(self, name: Callable[[int], str]) -> None:
        self._name = name
        self.me = 0

    def name(self, user: int | None) -> str:
        """Name a person."""
        return "somebody" if user is None else harmless(self._name(user))

    def names(self, users: Iterable[int]) -> str:
        """Name several people."""
        return ", ".join(map(self.name, users))

    def chat(self, entry: Entry) -> str:
        """Name a chat: its title, else who is in it."""
        title = harmless(entry.title).strip()
        return title or self.names(user for user in entry.members if user != self.me) or f"chat {entry.chat}"

    def chats(self, entries: Sequence[Entry]) -> list[str]:
        """List chats."""
        if not entries:
            return ["You are in no chat yet; /new NAME begins one."]
        return [f"{f'[{entry.chat}]':>6} {self.chat(entry)}{self._unread(entry)}" for entry in entries]

    def notice(self, entry: Entry, event: Frame) -> str:
        """Tell of a message in a chat that is not open."""
        text = quote(event["text"]) if event.get("text") else _bare(event)
        who = "" if self.chat(entry) == self.name(event["sender"]) else f"{self.name(event['sender'])}: "
        return f"* [{entry.chat}] {self.chat(entry)}{self._unread(entry)} · {who}{text}"

    def unread(self, entry: Entry) -> str:
        """Tell what came in a chat that is not open."""
        return f"* [{entry.chat}] {self.chat(entry)}{self._unread(entry)}"

    def header(self, entry: Entry, members: Iterable[int]) -> str:
        """Begin an open chat."""
        others = self.names(user for user in members if user != self.me)
        return f"── {self.chat(entry)} [{entry.chat}]" + (f" · with {others}" if others and entry.title else "") + " ──"

    def event(self, event: Frame, now: datetime) -> list[str]:
        """Show an event, or a message as history folds it."""
        match event["type"]:
            case "message.created":
                return self._message(event, now)
            case kind:
                return [f"  {when(event['at'], now)} · {self.name(event['sender'])} {self._deed(kind, event)}"]

    def pending(self, write: Frame, chat: str) -> str:
        """Show a write without an answer; `chat` names it where it is another one than the open one."""
        return f"{_PENDING} {chat}{quote(write.get('text', ''))}"

    def settled(self, write: Frame, chat: str) -> str:
        """Show a write to a chat that is not open any more, once it is stored."""
        return f"{_SETTLED} {chat}{quote(write.get('text', ''))}"

    def refused(self, write: Frame, why: str) -> str:
        """Show a write that will not be sent again."""
        return f"{_REFUSED} not sent: {quote(write.get('text', ''))} ({harmless(why)})"

    def _unread(self, entry: Entry) -> str:
        return f" · {entry.unread} unread" if entry.unread else ""

    def _message(self, event: Frame, now: datetime) -> list[str]:
        mark = _SETTLED if event["sender"] == self.me else " "
        first, *rest = split_harmless(event.get("text") or _bare(event))
        head = f"{mark} {when(event['at'], now)} {self.name(event['sender'])}: {self._answered(event)}{first}"
        lines = [head, *(_INDENT + line for line in rest)]
        lines[-1] += _additions(event)
        return lines

    def _answered(self, event: Frame) -> str:
        match event.get("reply_to"):
            case {"sender": int(sender), "text": str(text)}:
                return f"(to {self.name(sender)}, {quote(text, 30)}) "
            case int(seq) | {"seq": int(seq)}:
                return f"(to message {seq}) "
            case _:
                return ""

    def _deed(self, kind: str, event: Frame) -> str:
        user, sender = event.get("user"), event["sender"]
        match kind:
            case "message.edited":
                return f"changed message {event['target']}: {quote(event.get('text') or _bare(event))}"
            case "message.deleted":
                return f"deleted message {event['target']}"
            case "reaction.set":
                verb = "put" if event["on"] else "took back"
                return f"{verb} {harmless(event['emoji'])} on message {event['target']}"
            case "member.added":
                return "joined" if user == sender else f"added {self.name(user)}"
            case "member.removed":
                return "left" if user == sender else f"removed {self.name(user)}"
            case "member.role":
                return f"made {self.name(user)} {harmless(event['role'])}"
            case "chat.updated":
                return f"named the chat {quote(event['title'])}"
            case _:
                return f"did something this client does not know ({harmless(kind)})"


def when(at: str, now: datetime) -> str:
    """Return a time as the person reads it, in the time zone of `now`; only hours and minutes if it is today."""
    try:
        local = datetime.fromisoformat(at).astimezone(now.tzinfo)
    except ValueError:
        return "--:--"
    return local.strftime("%H:%M" if local.date() == now.date() else "%d %b %H:%M")


def quote(text: str, columns: int = _QUOTE) -> str:
    """Return the beginning of a text, in one line."""
    return clip(harmless(text).strip(), columns)


def usage_lines() -> list[str]:
    """List the commands."""
    shown = {f"/{name} {usage.argument}".rstrip(): usage.does for name, usage in USAGES.items()}
    width = max(map(len, shown))
    return [f"  {typed:<{width}}  {does}" for typed, does in shown.items()] + [
        "  Anything else is sent to the open chat; // begins a message with a slash."
    ]


def _bare(event: Frame) -> str:
    return "(deleted)" if event.get("deleted") else "" if event.get("attachments") else "(empty)"


def _additions(event: Frame) -> str:
    """Return what is told after a text: files, reactions, and that it was changed."""
    added = [f"[{harmless(str(file.get('name', 'file')))}]" for file in _objects(event, "attachments")]
    added += [f"{harmless(each['emoji'])} {each['count']}" for each in _objects(event, "reactions")]
    added += ["(edited)"] if event.get("edited_at") else []
    return "".join(f"  {each}" for each in added)


def _objects(event: Frame, name: str) -> list[Frame]:
    return [each for each in event.get(name) or [] if isinstance(each, dict)]
