"""The commands of the protocol as frames, with an id made here where none is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import uuid4

from client.frames import Frame


def new_id() -> str:
    """Make an id for a command, unique for good."""
    return str(uuid4())


def hello(resume: dict[int, int] | None = None, epoch: str | None = None) -> Frame:
    """Open the conversation; `resume` and `epoch` go together or not at all."""
    frame: Frame = {"type": "hello", "id": new_id()}
    if epoch is not None:
        frame |= {"epoch": epoch, "resume": {str(chat): seq for chat, seq in (resume or {}).items()}}
    return frame


def message_send(
    chat: int,
    text: str,
    *,
    id: str | None = None,
    reply_to: int | None = None,
    attachments: Sequence[object] | None = None,
) -> Frame:
    """Write a message."""
    frame: Frame = {"type": "message.send", "id": id or new_id(), "chat": chat, "text": text}
    if reply_to is not None:
        frame["reply_to"] = reply_to
    if attachments:
        frame["attachments"] = list(attachments)
    return frame


def message_edit(chat: int, seq: int, text: str, *, id: str | None = None) -> Frame:
    """Replace the text of the message `seq`."""
    return {"type": "message.edit", "id": id or new_id(), "chat": chat, "seq": seq, "text": text}


def message_delete(chat: int, seq: int, *, id: str | None = None) -> Frame:
    """Delete the message `seq`."""
    return {"type": "message.delete", "id": id or new_id(), "chat": chat, "seq": seq}


def reaction_set(chat: int, seq: int, emoji: str, *, on: bool, id: str | None = None) -> Frame:
    """Put an emoji on the message `seq`, or take it off."""
    return {"type": "reaction.set", "id": id or new_id(), "chat": chat, "seq": seq, "emoji": emoji, "on": on}


def read(chat: int, seq: int) -> Frame:
    """Move the read marker up to and including `seq`; not answered."""
    return {"type": "read", "chat": chat, "seq": seq}


def typing(chat: int, *, on: bool) -> Frame:
    """Say that the user writes, or stopped; not answered."""
    return {"type": "typing", "chat": chat, "on": on}


def presence_watch(users: Iterable[int]) -> Frame:
    """Ask to hear of these people's presence, and of nobody else's."""
    return {"type": "presence.watch", "id": new_id(), "users": list(users)}


def token_refresh(token: str) -> Frame:
    """Prolong the connection with a newer access token."""
    return {"type": "token.refresh", "id": new_id(), "token": token}
