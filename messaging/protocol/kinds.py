"""The registry of event kinds: what each carries beside chat, seq, at and sender, and how it counts.

An event is durable and numbered. A kind that folds changes the present state of its target message; a kind in history is
shown in its own place when a chat is paged through; a kind that counts adds to unread.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from messaging.protocol import events


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


@dataclass(frozen=True)
class KindTraits:
    """What the log and history need to know of a kind; `frame` is the shape of its event on the wire."""

    frame: type[events.EventFrame]
    folds: bool = False
    in_history: bool = False
    counts: bool = False

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The kind's own fields of its frame, in order."""
        common = events.EventFrame.__struct_fields__
        return tuple(name for name in self.frame.__struct_fields__ if name not in common)


TRAITS: dict[Kind, KindTraits] = {
    Kind.MESSAGE_CREATED: KindTraits(events.MessageCreated, in_history=True, counts=True),
    Kind.MESSAGE_EDITED: KindTraits(events.MessageEdited, folds=True),
    Kind.MESSAGE_DELETED: KindTraits(events.MessageDeleted, folds=True),
    Kind.REACTION_SET: KindTraits(events.ReactionChanged, folds=True),
    Kind.MEMBER_ADDED: KindTraits(events.MemberAdded, in_history=True),
    Kind.MEMBER_REMOVED: KindTraits(events.MemberRemoved, in_history=True),
    Kind.MEMBER_ROLE: KindTraits(events.MemberRole, in_history=True),
    Kind.CHAT_UPDATED: KindTraits(events.ChatUpdated, in_history=True),
}

IN_HISTORY = tuple(kind.value for kind, traits in TRAITS.items() if traits.in_history)
