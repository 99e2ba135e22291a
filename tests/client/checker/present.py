"""The messages of a world as they are now: what a replay and history show of them."""

from __future__ import annotations

from typing import Any

Frame = dict[str, Any]


class Present:
    """What edits, deletions and reactions have made of messages."""

    def __init__(self) -> None:
        self._edited_at: dict[tuple[int, int], str] = {}
        self._reactions: dict[tuple[int, int], dict[str, list[int]]] = {}

    def take(self, log: list[Frame], event: Frame) -> None:
        """Bring a new event of a chat to its target, whose event in the log becomes what a replay shows."""
        place = event["chat"], event.get("target", 0)
        match event["type"]:
            case "message.edited":
                log[place[1] - 1]["text"], self._edited_at[place] = event["text"], event["at"]
            case "message.deleted":
                edits = [each for each in log if each["type"] == "message.edited" and each["target"] == place[1]]
                for wiped in (log[place[1] - 1], *edits):
                    wiped.pop("text", None)
                    wiped.pop("reply_to", None)
                    wiped["deleted"] = True
            case "reaction.set":
                users = self._reactions.setdefault(place, {}).setdefault(event["emoji"], [])
                (users.append if event["on"] else users.remove)(event["sender"])

    def was_edited(self, chat: int, seq: int) -> bool:
        """Tell whether the text of a message is not its first."""
        return (chat, seq) in self._edited_at

    def has_reacted(self, user: int, chat: int, seq: int, emoji: str) -> bool:
        """Tell whether a user has put an emoji on a message."""
        return user in self._reactions.get((chat, seq), {}).get(emoji, [])

    def fold(self, log: list[Frame], user: int) -> list[Frame]:
        """Return the history of a chat as a user sees it, newest first."""
        changes = ("message.edited", "message.deleted", "reaction.set")
        return [self._fold(log, event, user) for event in reversed(log) if event["type"] not in changes]

    def _fold(self, log: list[Frame], event: Frame, user: int) -> Frame:
        place = event["chat"], event["seq"]
        folded = {name: value for name, value in event.items() if name not in ("id", "reply_to")}
        if event.get("deleted"):
            return folded
        if place in self._edited_at:
            folded["edited_at"] = self._edited_at[place]
        if "reply_to" in event:
            quoted = log[event["reply_to"] - 1]
            text = quoted.get("text", "")[:140]
            folded["reply_to"] = {"seq": event["reply_to"], "sender": quoted["sender"], "text": text}
        reactions = {emoji: users for emoji, users in self._reactions.get(place, {}).items() if users}
        if reactions:
            folded["reactions"] = [
                {"emoji": emoji, "count": len(users), "mine": user in users} for emoji, users in reactions.items()
            ]
        return folded
