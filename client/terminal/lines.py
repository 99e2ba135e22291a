"""What stands on the screen, line by line: pure, and every text of other people harmless by the time it is in a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from client.frames import Frame
from client.terminal.book import Entry
from client.terminal.entry import USAGES
from client.terminal.shown import Shown
from client.terminal.text import clip, harmless, split_harmless

# Of a text that is quoted in another line.
_QUOTE, _SHORT_QUOTE = 60, 30
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

    def event(self, event: Frame, now: datetime, shown: Shown) -> list[str]:
        """Show an event, or a message as history folds it; what it quotes by number is among those that are `shown`."""
        mark = _SETTLED if event["sender"] == self.me else " "
        begin = f"{mark} {when(event['at'], now)}"
        match event["type"]:
            case "message.created":
                return self._message(begin, event, shown)
            case "message.edited":
                return _text(f"{begin} · {self.name(event['sender'])} changed #{event['target']}: ", event)
            case kind:
                return [f"{begin} · {self.name(event['sender'])} {self._deed(kind, event, shown)}"]

    def pending(self, write: Frame, chat: str) -> str:
        """Show a write without an answer; `chat` names it where it is another one than the open one."""
        return f"{_PENDING} {chat}{_wish(write)}"

    def settled(self, write: Frame, chat: str, answer: Frame) -> str:
        """Show a write that no event shows once it is stored: its chat is not open any more, or nothing has changed."""
        return f"{_SETTLED} {chat}{_wish(write)}" + ("  (it was so already)" if answer.get("noop") else "")

    def refused(self, write: Frame, why: str) -> str:
        """Show a write that will not be sent again."""
        deed = "sent" if write["type"] == "message.send" else "done"
        return f"{_REFUSED} not {deed}: {_wish(write)} ({harmless(why)})"

    def _unread(self, entry: Entry) -> str:
        return f" · {entry.unread} unread" if entry.unread else ""

    def _message(self, begin: str, event: Frame, shown: Shown) -> list[str]:
        head = f"{begin} #{event['seq']} {self.name(event['sender'])}: {self._answered(event, shown)}"
        lines = _text(head, event)
        lines[-1] += _additions(event)
        return lines

    def _answered(self, event: Frame, shown: Shown) -> str:
        match event.get("reply_to"):
            case {"seq": int(seq), "sender": int(sender), "text": str(text)}:
                return f"(to #{seq} {self._said(sender, text)}) "
            case int(seq) | {"seq": int(seq)}:
                return f"(to {f'#{seq} {self._known(seq, shown)}'.rstrip()}) "
            case _:
                return ""

    def _known(self, seq: int, shown: Shown) -> str:
        message = shown.find(seq)
        return self._said(message.sender, message.text) if message else ""

    def _said(self, sender: int, text: str) -> str:
        said = quote(text, _SHORT_QUOTE)
        return f"{self.name(sender)}: {said}" if said else self.name(sender)

    def _deed(self, kind: str, event: Frame, shown: Shown) -> str:
        user, sender = event.get("user"), event["sender"]
        match kind:
            case "message.deleted":
                return f"deleted #{event['target']}"
            case "reaction.set":
                emoji, target = harmless(event["emoji"]), f"#{event['target']}"
                said = self._known(event["target"], shown)
                deed = f"put {emoji} on {target}" if event["on"] else f"took {emoji} off {target}"
                return f"{deed} ({said})" if said else deed
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
    added += [_reaction(each) for each in _objects(event, "reactions")]
    added += ["(edited)"] if event.get("edited_at") else []
    return "".join(f"  {each}" for each in added)


def _reaction(told: Frame) -> str:
    return f"{harmless(told['emoji'])} {told['count']}" + (" (you)" if told.get("mine") else "")


def _text(head: str, event: Frame) -> list[str]:
    first, *rest = split_harmless(event.get("text") or _bare(event))
    return [head + first, *(_INDENT + line for line in rest)]


def _wish(write: Frame) -> str:
    """Say what a write is to do."""
    text, target = quote(write.get("text", "")), f"#{write.get('seq')}"
    match write["type"]:
        case "message.edit":
            return f"change {target}: {text}"
        case "message.delete":
            return f"delete {target}"
        case "reaction.set":
            emoji = harmless(write["emoji"])
            return f"put {emoji} on {target}" if write["on"] else f"take {emoji} off {target}"
        case _:
            return f"(to #{write['reply_to']}) {text}" if "reply_to" in write else text


def _objects(event: Frame, name: str) -> list[Frame]:
    return [each for each in event.get(name) or [] if isinstance(each, dict)]
