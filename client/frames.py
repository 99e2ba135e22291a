"""Frames as this client reads and writes them: JSON objects, with the few facts about them that the contract needs."""

from __future__ import annotations

import json
from typing import Any

from client.errors import CommandRefused, TransportError

Frame = dict[str, Any]

# What has a chat and a seq, and yet is no durable fact of the chat (protocol §2); `app.…` belongs to the host.
_NEVER_EVENTS = frozenset(
    {"ack", "error", "ready", "caught_up", "chat.joined", "bye", "read", "typing", "presence"},
)


def encode(frame: Frame) -> str:
    """Write a frame as JSON text; raise ValueError for what has no UTF-8 or JSON form."""
    text = json.dumps(frame, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    text.encode()
    return text


def decode(data: str | bytes) -> Frame:
    """Read a frame; raise TransportError for what is none."""
    if isinstance(data, bytes):
        raise TransportError("a binary message is no frame")
    try:
        frame = json.loads(data)
    except ValueError as error:
        raise TransportError("a frame is JSON") from error
    if not isinstance(frame, dict) or not isinstance(frame.get("type"), str):
        raise TransportError("a frame is an object with a type")
    return frame


def is_event(frame: Frame) -> bool:
    """Tell whether a frame is a durable fact of a chat; the number of a kind not known yet counts all the same."""
    kind = frame["type"]
    return kind not in _NEVER_EVENTS and not kind.startswith("app.") and frame.keys() >= {"chat", "seq", "at"}


def event_of(command: Frame, ack: Frame, sender: int | None) -> Frame:
    """Make the event in whose place `ack` came; what only the server finds, such as mentions, is not in it."""
    event = {key: ack[key] for key in ("chat", "seq", "at")} | {"sender": sender, "id": command["id"]}
    match command["type"]:
        case "message.send":
            text = {"text": _stored(command.get("text", ""))}
            return event | {"type": "message.created"} | text | _fields(command, "reply_to", "attachments")
        case "message.edit":
            return event | {"type": "message.edited", "target": command["seq"], "text": _stored(command["text"])}
        case "message.delete":
            return event | {"type": "message.deleted", "target": command["seq"]}
        case "reaction.set":
            return event | {"type": "reaction.set", "target": command["seq"]} | _fields(command, "emoji", "on")
        case kind:
            return event | {"type": kind}


def refusal_of(answer: Frame) -> CommandRefused | None:
    """Return the error that `answer` is, None for an ack."""
    if answer["type"] == "ack":
        return None
    known = {name: answer[name] for name in ("retry", "field", "retry_after") if name in answer}
    return CommandRefused(answer["status"], answer["code"], answer.get("detail", ""), **known)


def _fields(command: Frame, *names: str) -> Frame:
    return {name: command[name] for name in names if name in command}


def _stored(text: str) -> str:
    """Return a text as the server stores it (protocol §2), which is what the others see."""
    return text.replace("\r\n", "\n").strip()
