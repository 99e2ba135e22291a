"""What the log is asked to write, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from messaging.protocol.codec import hash_content
from messaging.protocol.frames import Event, MessageSend
from messaging.protocol.kinds import Kind


@dataclass(slots=True)
class Write:
    """One event that `sender` wants in `chat`; `body` holds the kind's own fields.

    `id` and `content_hash` make a repeat known; both are None where the write is not to be remembered.
    """

    chat: int
    sender: int
    kind: Kind
    body: dict[str, Any]
    id: str | None = None
    content_hash: str | None = None

    @classmethod
    def from_message(cls, sender: int, command: MessageSend) -> Write:
        """Return the write that a `message.send` asks for."""
        body: dict[str, Any] = {"text": command.text}
        if command.reply_to is not None:
            body["reply_to"] = command.reply_to
        return cls(command.chat, sender, Kind.MESSAGE_CREATED, body, command.id, hash_content(command))


@dataclass(slots=True)
class Outcome:
    """The answer to a write: where it stands in the log.

    `event` is there where this write made one; a `duplicate` repeats the first answer; with neither, nothing was to change.
    """

    seq: int | None = None
    at: str | None = None
    duplicate: bool = False
    event: Event | None = field(default=None, repr=False)
