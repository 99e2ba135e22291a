"""The messages of the open chat that stand on the screen, as they are now: what a command may mean and a line may quote."""

from __future__ import annotations

from dataclasses import dataclass, replace

from client.frames import Frame

# The oldest are forgotten first: they are not quoted any more, and only named by number.
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was not deleted."""

    sender: int
    text: str


class Shown:
    """Messages by their seq."""

    def __init__(self) -> None:
        self._messages: dict[int, Message] = {}

    def take(self, event: Frame) -> None:
        """Take an event that is shown, or a message as history folds it."""
        seq: int = event["target" if "target" in event else "seq"]
        match event:
            case {"deleted": True} | {"type": "message.deleted"}:
                self._messages.pop(seq, None)
            case {"type": "message.created"}:
                self._messages[seq] = Message(event["sender"], event.get("text") or "")
                if len(self._messages) > _KEPT:
                    del self._messages[min(self._messages)]
            case {"type": "message.edited", "text": str(text)} if old := self.find(seq):
                self._messages[seq] = replace(old, text=text)

    def find(self, seq: int) -> Message | None:
        """Return a message that stands on the screen."""
        return self._messages.get(seq)

    def last_of(self, user: int) -> int | None:
        """Return the newest message of a user."""
        return max((seq for seq, message in self._messages.items() if message.sender == user), default=None)
