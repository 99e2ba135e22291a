"""The registry of event kinds: what each carries beside chat, seq, at and sender, and how it counts.

An event is durable and numbered. A kind that folds changes the present state of its target message; a kind in history is
shown in its own place when a chat is paged through; a kind that counts adds to unread.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The closed set of event kinds, under their names on the wire."""

    MESSAGE_CREATED = "message.created"
    MESSAGE_EDITED = "message.edited"
    MESSAGE_DELETED = "message.deleted"
    REACTION_SET = "reaction.set"
    MEMBER_ADDED = "member.added"
    MEMBER_REMOVED = "member.removed"
    MEMBER_ROLE = "member.role"
    CHAT_UPDATED = "chat.updated"


@dataclass(frozen=True, slots=True)
class KindTraits:
    """What the log and history need to know of a kind; `fields` are those of its event frame, in order."""

    fields: tuple[str, ...]
    folds: bool = False
    in_history: bool = False
    counts: bool = False


TRAITS: dict[Kind, KindTraits] = {
    Kind.MESSAGE_CREATED: KindTraits(
        ("text", "reply_to", "attachments", "mentions", "deleted"), in_history=True, counts=True
    ),
    Kind.MESSAGE_EDITED: KindTraits(("target", "text", "mentions", "deleted"), folds=True),
    Kind.MESSAGE_DELETED: KindTraits(("target",), folds=True),
    Kind.REACTION_SET: KindTraits(("target", "emoji", "on"), folds=True),
    Kind.MEMBER_ADDED: KindTraits(("user", "role"), in_history=True),
    Kind.MEMBER_REMOVED: KindTraits(("user",), in_history=True),
    Kind.MEMBER_ROLE: KindTraits(("user", "role"), in_history=True),
    Kind.CHAT_UPDATED: KindTraits(("title",), in_history=True),
}

IN_HISTORY = tuple(kind.value for kind, traits in TRAITS.items() if traits.in_history)
