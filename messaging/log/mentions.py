"""Whom a text names: `@username`, where that is a member of the chat. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from messaging.log.state import ChatState

# What a username is made of (Django's validator), 150 characters at most. An address of mail names nobody: a name does not
# begin within a word.
_NAME = re.compile(r"(?<![\w.@+-])@([\w.@+-]{1,150})(?![\w.@+-])")
# Of these a name may be made, and a sentence may end in them.
_POINTS = ".@+-"


def names_in(text: str, *, most: int) -> list[tuple[str, ...]]:
    """Return the names in `text`, the first `most` of them, each as the ways to read it, the longest first."""
    if "@" not in text:
        return []
    written = dict.fromkeys(match[1] for match in _NAME.finditer(text))
    return [tuple(dict.fromkeys((name, name.rstrip(_POINTS)))) for name in list(written)[:most]]


def mentioned(chat: ChatState, text: str, *, names: Mapping[str, int], most: int) -> list[int]:
    """Return the present members whom `text` names, each once, in the order of the text."""
    users = (_first_present(chat, readings, names) for readings in names_in(text, most=most))
    return list(dict.fromkeys(user for user in users if user is not None))


def _first_present(chat: ChatState, readings: tuple[str, ...], names: Mapping[str, int]) -> int | None:
    found = (chat.members.get(names[name]) for name in readings if name in names)
    return next((member.user for member in found if member is not None and member.left_seq is None), None)
