"""What the log is asked to write, and what it answers. No I/O, no clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from messaging.protocol.codec import hash_content
from messaging.protocol.frames import AnyWrite, Event, MessageDelete, MessageEdit, MessageSend, ReactionSet
from messaging.protocol.kinds import Kind


@dataclass(slots=True)
class Write:
    """One event that `sender` wants in `chat`; `body` holds the kind's own fields.

    `id` and `content_hash` make a repeat known; both are None where the write is not to be remembered. What is done
    `by_operator` neither a block nor the sender's leaving holds up.
    """

    chat: int
    sender: int
    kind: Kind
    body: dict[str, Any]
    id: str | None = None
    content_hash: str | None = None
    by_operator: bool = False

    @classmethod
    def from_command(cls, sender: int, command: AnyWrite) -> Write:
        """Return the write that a command asks for."""
        kind, body = _event_of(command)
        return cls(command.chat, sender, kind, body, command.id, hash_content(command))


def _event_of(command: AnyWrite) -> tuple[Kind, dict[str, Any]]:
    match command:
        case MessageSend(text=text, reply_to=None):
            return Kind.MESSAGE_CREATED, {"text": text}
        case MessageSend(text=text, reply_to=reply_to):
            return Kind.MESSAGE_CREATED, {"text": text, "reply_to": reply_to}
        case MessageEdit(seq=seq, text=text):
            return Kind.MESSAGE_EDITED, {"target": seq, "text": text}
        case MessageDelete(seq=seq):
            return Kind.MESSAGE_DELETED, {"target": seq}
        case ReactionSet(seq=seq, emoji=emoji, on=on):
            return Kind.REACTION_SET, {"target": seq, "emoji": emoji, "on": on}


@dataclass(slots=True)
class Outcome:
    """The answer to a write: where it stands in the log.

    `event` is there where this write made one; a `duplicate` repeats the first answer; with neither, nothing was to change.
    """

    seq: int | None = None
    at: str | None = None
    duplicate: bool = False
    event: Event | None = field(default=None, repr=False)
