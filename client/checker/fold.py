"""The fold: what history shows of a chat's events, at each head that its log has had (§2)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from client.checker.logs import Log
from client.frames import Frame

# Events that change a message and have no place of their own in history.
_CHANGES = frozenset({"message.edited", "message.deleted", "reaction.set"})
# Characters of a message that a reply to it shows.
_QUOTE_CHARS = 140
# Fields of a message's event that its folded form shows otherwise or not at all; `attachments` are signed for the reader.
_OTHERWISE = frozenset({"id", "text", "reply_to", "mentions", "deleted", "attachments"})


@dataclass(slots=True)
class Shown:
    """A message or another event in history; what nobody can know any more is None, and may be anything."""

    event: Frame
    text: str | None = None
    edited_at: str | None = None
    deleted: bool = False
    users: defaultdict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


class Fold:
    """The log of one chat, to be looked at as of any head."""

    def __init__(self, log: Log, originals: Iterable[Frame]) -> None:
        """Take the events of the log as they were written, as far as anybody saw them before they were changed."""
        self.log = log
        # Everything in history, in order.
        self.places = sorted(seq for seq, event in log.events.items() if event["type"] not in _CHANGES)
        self._originals = {event["seq"]: event for event in originals}
        self._changes: defaultdict[int, list[Frame]] = defaultdict(list)
        for seq in sorted(log.events):
            event = log.events[seq]
            if event["type"] in _CHANGES:
                self._changes[event["target"]].append(event)

    def spans(self, message: Frame, viewer: int) -> Iterator[tuple[float, float]]:
        """Yield from which head to which, both included, a folded message is what `viewer` is to be shown."""
        seq, quoted = message["seq"], self._reply_to(message["seq"])
        steps = [change["seq"] for target in {seq, quoted} for change in self._changes.get(target or 0, [])]
        begins = [seq, *sorted(step for step in steps if step > seq)]
        for begin, following in zip(begins, [*begins[1:], math.inf], strict=True):
            if not self.wrong(message, viewer, begin):
                yield begin, following - 1

    def wrong(self, message: Frame, viewer: int, head: int) -> list[str]:
        """Return the fields in which a folded message is not what `viewer` is to be shown as of a head."""
        shown = self._shown(message["seq"], head)
        same = {name: value for name, value in shown.event.items() if name not in _OTHERWISE}
        if shown.deleted:
            expected = {name: same[name] for name in ("type", "chat", "seq", "at", "sender")} | {"deleted": True}
            names = expected.keys() | message.keys()
            return sorted(name for name in names if message.get(name) != expected.get(name))
        wrong = [name for name in same if message.get(name) != same[name]]
        if shown.event["type"] == "message.created":
            wrong += self._wrong_of_message(message, shown, viewer, head)
        return sorted(wrong)

    def _wrong_of_message(self, message: Frame, shown: Shown, viewer: int, head: int) -> Iterator[str]:
        if "deleted" in message:
            yield "deleted"
        if not _is_text(message.get("text"), shown.text):
            yield "text"
        if message.get("edited_at") != shown.edited_at:
            yield "edited_at"
        reactions = {each["emoji"]: (each["count"], each["mine"]) for each in message.get("reactions", [])}
        if reactions != {emoji: (len(users), viewer in users) for emoji, users in shown.users.items() if users}:
            yield "reactions"
        if not self._is_quote(message, shown, viewer, head):
            yield "reply_to"

    def _is_quote(self, message: Frame, shown: Shown, viewer: int, head: int) -> bool:
        seq, quote = self._reply_to(shown.event["seq"]), message.get("reply_to")
        if seq is None or quote is None:
            # Of a message that was deleted before anybody saw it, nobody knows what it replied to.
            return seq is None and (quote is None or self._is_forgotten(shown.event["seq"]))
        quoted = self._shown(seq, head)
        if quote == {"seq": seq}:
            return not self._was_always_visible(viewer, seq)
        text = "" if quoted.deleted else quoted.text
        begin = None if text is None else text[:_QUOTE_CHARS]
        known = {"seq": seq, "sender": quoted.event["sender"]}
        return quote.keys() == {*known, "text"} and quote.items() >= known.items() and _is_text(quote["text"], begin)

    def _was_always_visible(self, viewer: int, seq: int) -> bool:
        """Tell whether a message is shown to whoever it is, also where history begins with the joining."""
        return self.log.is_known(viewer) and all(each.first <= seq for each in self.log.memberships_of(viewer))

    def _shown(self, seq: int, head: int) -> Shown:
        shown = Shown(self.log.events[seq], text=self._text(seq))
        for change in self._changes.get(seq, []):
            if change["seq"] > head:
                break
            if change["type"] == "message.deleted":
                shown.deleted = True
            elif change["type"] == "message.edited":
                shown.text, shown.edited_at = self._text(change["seq"]), change["at"]
            elif change["on"]:
                shown.users[change["emoji"]].add(change["sender"])
            else:
                shown.users[change["emoji"]].discard(change["sender"])
        return shown

    def _text(self, seq: int) -> str | None:
        """Return the text that an event brought, None where it is not known."""
        event = self.log.events[seq]
        if event["type"] == "message.created" and self._is_edited(seq):
            # What the log has is the present text.
            event = {}
        text = self._originals.get(seq, event).get("text")
        return text if isinstance(text, str) else None

    def _reply_to(self, seq: int) -> int | None:
        event = self._originals.get(seq, self.log.events[seq])
        reply_to = event.get("reply_to")
        return reply_to if reply_to in self.log.events else None

    def _is_edited(self, seq: int) -> bool:
        return any(change["type"] == "message.edited" for change in self._changes.get(seq, []))

    def _is_forgotten(self, seq: int) -> bool:
        return seq not in self._originals and bool(self.log.events[seq].get("deleted"))


def _is_text(text: object, expected: str | None) -> bool:
    return isinstance(text, str) if expected is None else text == expected
