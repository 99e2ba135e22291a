"""What a typed line means: a message, or one of the commands that begin with a slash."""

from __future__ import annotations

import re
from dataclasses import dataclass

from client.terminal.errors import Problem

# Which message is meant: `#` and its seq, as it stands in the line of the message.
_TARGET = re.compile(r"#([0-9]{1,16})(?:\s+|$)")


@dataclass(frozen=True, slots=True)
class Usage:
    """How a command is typed and what it does; `needs` says whether it is nothing without its argument."""

    argument: str
    does: str
    needs: bool = False


USAGES = {
    "chats": Usage("", "list the chats, newest first, with what is unread"),
    "open": Usage("CHAT", "open a chat by its number or name", needs=True),
    "more": Usage("", "show older messages of the open chat"),
    "edit": Usage("[#SEQ] TEXT", "change your message with that number, or your last one", needs=True),
    "delete": Usage("#SEQ", "delete a message", needs=True),
    "reply": Usage("#SEQ TEXT", "answer a message", needs=True),
    "react": Usage("#SEQ EMOJI [off]", "put an emoji on a message, or take it off", needs=True),
    "new": Usage("NAME[, NAME …][: TITLE]", "write to somebody, or make a group of several people", needs=True),
    "members": Usage("", "show who is in the open chat, who of them is online, and how far they have read"),
    "add": Usage("NAME[, NAME …]", "add people to the open group", needs=True),
    "leave": Usage("", "leave the open group"),
    "who": Usage("[PART OF A NAME]", "show who you are and whom you know, or find people"),
    "help": Usage("", "show this"),
    "quit": Usage("", "leave the program, as Ctrl-C and Ctrl-D do"),
}


@dataclass(frozen=True, slots=True)
class Say:
    """A message for the open chat."""

    text: str


@dataclass(frozen=True, slots=True)
class Order:
    """A command: a key of `USAGES`, and what was typed after it."""

    name: str
    argument: str


def parse(line: str) -> Say | Order | None:
    """Read a line, None for an empty one; raise Problem for a command that is none. Two slashes begin a message."""
    line = line.strip()
    if not line:
        return None
    if not line.startswith("/"):
        return Say(line)
    if line.startswith("//"):
        return Say(line[1:])
    name, _, argument = line[1:].partition(" ")
    usage = USAGES.get(name.lower())
    if usage is None:
        raise Problem(f"there is no /{name}; /help shows what there is")
    if usage.needs and not argument.strip():
        raise Problem(f"say more: /{name.lower()} {usage.argument}")
    return Order(name.lower(), argument.strip())


def is_farewell(line: str) -> bool:
    """Tell whether a line is the wish to leave."""
    return line.strip().lower() == "/quit"


def split_names(text: str) -> list[str]:
    """Return the names in `text`, once each; commas or spaces stand between them."""
    return list(dict.fromkeys(name for name in re.split(r"[,\s]+", text) if name))


def split_target(text: str) -> tuple[int | None, str]:
    """Return the seq of the message that `text` names first, None where it names none, and the rest."""
    named = _TARGET.match(text)
    return (int(named[1]), text[named.end() :]) if named else (None, text)


def split_group(text: str) -> tuple[list[str], str]:
    """Return the names and the title of a chat to be made."""
    names, _, title = text.partition(":")
    return split_names(names), title.strip()
