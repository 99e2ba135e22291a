"""What a server says, as a test writes it."""

from __future__ import annotations

from typing import Any

LIMITS = {"frame_bytes": 65536, "text_chars": 4000, "commands_per_second": 20, "burst": 40}
AT = "2026-01-31T12:00:00.000000Z"


def ready_frame(*chats: tuple[int, int, int], **more: Any) -> dict[str, Any]:
    """Make a `ready` with (chat, head, from)."""
    listed = [{"chat": chat, "head": head, "from": start, "read": 0, "unread": 0} for chat, head, start in chats]
    frame = {"type": "ready", "id": "h", "connection": "c", "user": 3, "at": AT, "epoch": "e1", "limits": LIMITS}
    return frame | {"token_expires_at": "2026-01-31T13:00:00.000000Z", "chats": listed} | more


def created(chat: int, seq: int, text: str = "hi", **more: Any) -> dict[str, Any]:
    """Make an event."""
    return {"type": "message.created", "chat": chat, "seq": seq, "at": AT, "sender": 4, "text": text, **more}


def ack(command: dict[str, Any], seq: int, **more: Any) -> dict[str, Any]:
    """Make the ack to a write."""
    return {"type": "ack", "id": command["id"], "chat": command["chat"], "status": 200, "seq": seq, "at": AT, **more}


def error(command: dict[str, Any], status: int, code: str, **more: Any) -> dict[str, Any]:
    """Make the error to a command."""
    frame = {"type": "error", "id": command["id"], "status": status, "code": code, "detail": ""}
    frame |= {"retry": status in (429, 500, 503)} | more
    return frame | ({"chat": command["chat"]} if "chat" in command else {})
