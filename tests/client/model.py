"""A small server that keeps the contract (C1 to C6) for one user, step by step, so that a test can cut in anywhere.

Frames wait in `up` and `down` until somebody takes them; what is in them when the line is cut is lost.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from tests.client.server_frames import AT, ack, error, ready_frame

Frame = dict[str, Any]

ME, OTHER = 3, 4
# Small, so that holes over the cap are common.
CAP = 4
BURST = 2


class ModelServer:
    """Logs, one member, and at most one connection."""

    def __init__(self) -> None:
        self.epoch = 1
        self.logs: dict[int, list[Frame]] = {}
        self.joined: dict[int, int] = {}
        self.up: deque[Frame] = deque()
        self.down: deque[Frame] = deque()
        # The next seq of each stream of the connection, and the writes it has not answered.
        self.places: dict[int, int] = {}
        self.pending: set[tuple[int, str]] = set()
        self.ready = False

    def cut(self) -> None:
        """Lose the connection and all that was under way."""
        self.up.clear()
        self.down.clear()
        self.places.clear()
        self.pending.clear()
        self.ready = False

    def create(self, chat: int) -> None:
        """Make a chat with the user in it."""
        self.logs[chat] = []
        self.joined[chat] = 0
        self._open(chat, 1)

    def append(self, chat: int, kind: str, sender: int, **content: Any) -> int:
        """Write an event to the log."""
        seq = len(self.logs[chat]) + 1
        self.logs[chat].append({"type": kind, "chat": chat, "seq": seq, "at": AT, "sender": sender} | content)
        return seq

    def remove(self, chat: int) -> None:
        """Remove the user from a chat."""
        self.append(chat, "member.removed", OTHER, user=ME)
        del self.joined[chat]

    def add(self, chat: int) -> None:
        """Add the user to a chat again: the earlier stream ends first, the new one begins at the addition."""
        while self.deliver(chat):
            pass
        self.joined[chat] = self.append(chat, "member.added", OTHER, user=ME, role="member")
        self._open(chat, self.joined[chat])

    def restore_backup(self, lost: int) -> None:
        """Lose the end of every log: a new epoch, and no connection outlives it."""
        self.epoch += 1
        self.cut()
        for chat, log in self.logs.items():
            del log[len(log) - min(lost, len(log)) :]
            self.joined[chat] = 0

    def read(self, outcome: str = "ok") -> None:
        """Take one command."""
        command = self.up.popleft()
        if command["type"] == "hello":
            self._hello(command)
        elif outcome == "refused":
            self.down.append(error(command, 503, "unavailable", retry_after=3))
        elif outcome == "limited":
            self.down.append(error(command, 429, "rate_limited", retry_after=2))
        else:
            self._write(command, confirmed=outcome == "ok")

    def deliver(self, chat: int) -> bool:
        """Send the next event of a stream, or the ack in its place (C2)."""
        place = self.places.get(chat)
        if place is None or place > len(self.logs[chat]):
            return False
        event = self.logs[chat][place - 1]
        key = (chat, event.get("id", ""))
        if event["sender"] == ME and key in self.pending:
            self.pending.remove(key)
            self.down.append(ack(event, place))
        else:
            self.down.append(event)
        self.places[chat] += 1
        if event["type"] == "member.removed" and event["user"] == ME:
            del self.places[chat]
        return True

    def known(self, chat: int, id: str) -> int | None:
        """Return the seq of a write."""
        return next((event["seq"] for event in self.logs[chat] if event.get("id") == id), None)

    def _write(self, command: Frame, *, confirmed: bool) -> None:
        chat, id = command["chat"], command["id"]
        seq = self.known(chat, id)
        if seq is None and chat not in self.joined:
            self.down.append(error(command, 403, "not_a_member"))
            return
        noop = seq is None and self._changes_nothing(command)
        if seq is None and not noop:
            kind, content = _event_of(command)
            seq = self.append(chat, kind, ME, id=id, **content)
        if not confirmed:
            self.down.append(error(command, 503, "unavailable"))
        elif seq is None:
            self.down.append({"type": "ack", "id": id, "chat": chat, "status": 200, "noop": True})
        elif chat not in self.places or seq < self.places[chat]:
            self.down.append(ack(command, seq, duplicate=True))
        else:
            self.pending.add((chat, id))

    def _changes_nothing(self, command: Frame) -> bool:
        if command["type"] != "reaction.set":
            return False
        reactions = [event["on"] for event in self.logs[command["chat"]] if event["type"] == "reaction.set"]
        return bool(reactions and reactions[-1]) is command["on"]

    def _hello(self, hello: Frame) -> None:
        self.ready = True
        known = hello.get("epoch") in (None, str(self.epoch))
        chats = [self._resume(chat, hello.get("resume", {}).get(str(chat)), known) for chat in self.joined]
        frame = ready_frame(id=hello["id"], epoch=str(self.epoch), chats=chats)
        self.down.append(frame | {"limits": frame["limits"] | {"burst": BURST}})

    def _resume(self, chat: int, cursor: int | None, known: bool) -> Frame:
        head = len(self.logs[chat])
        reset = not known or (cursor or 0) > head
        fits = cursor is not None and not reset and head - cursor <= CAP
        start = max(cursor + 1, self.joined[chat]) if fits and cursor is not None else head + 1
        self.places[chat] = start
        return {"chat": chat, "head": head, "from": start} | ({"reset": True} if reset else {})

    def _open(self, chat: int, start: int) -> None:
        if self.ready:
            self.places[chat] = start
            self.down.append({"type": "chat.joined", "chat": chat, "head": len(self.logs[chat]), "from": start})


def _event_of(command: Frame) -> tuple[str, Frame]:
    """Return the kind of event that a write becomes, and its own fields."""
    match command:
        case {"type": "message.send", "text": text}:
            return "message.created", {"text": text}
        case {"type": "message.edit", "seq": target, "text": text}:
            return "message.edited", {"target": target, "text": text}
        case {"type": "message.delete", "seq": target}:
            return "message.deleted", {"target": target}
        case {"type": "reaction.set", "seq": target, "emoji": emoji, "on": on}:
            return "reaction.set", {"target": target, "emoji": emoji, "on": on}
    raise AssertionError(command)
