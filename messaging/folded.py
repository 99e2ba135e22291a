"""Folded messages: what history shows of a chat, each message as it is now, everything else as it was (protocol §2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from messaging.database import as_wire_time
from messaging.models import Event, Membership
from messaging.protocol.kinds import TRAITS, Kind
from messaging.selectors import first_visible, quoted

# Characters of a message that a reply to it shows.
QUOTE_CHARS = 140

Quotes = Mapping[tuple[int, int], Event]


def fold(events: Iterable[Event], *, viewer: int, visible_from: Mapping[int, int]) -> list[dict[str, Any]]:
    """Return `events` as `viewer` sees them; `visible_from` has, by chat, the first seq that it may read."""
    shown = list(events)
    quotes = quoted(event for event in shown if event.deleted_at is None)
    visible = {place: event for place, event in quotes.items() if place[1] >= visible_from[place[0]]}
    return [_fold(event, viewer, visible) for event in shown]


def fold_for(membership: Membership, events: Iterable[Event]) -> list[dict[str, Any]]:
    """Return a part of a chat's history as its member sees it."""
    return fold(events, viewer=membership.user_id, visible_from={membership.chat_id: first_visible(membership)})


def _fold(event: Event, viewer: int, visible: Quotes) -> dict[str, Any]:
    message: dict[str, Any] = {
        "type": event.kind,
        "chat": event.chat_id,
        "seq": event.seq,
        "at": as_wire_time(event.at),
        "sender": event.sender_id,
    }
    if event.deleted_at is not None:
        return message | {"deleted": True}
    if event.kind != Kind.MESSAGE_CREATED:
        return message | {
            name: event.payload[name] for name in TRAITS[Kind(event.kind)].fields if name in event.payload
        }
    message["text"] = event.text
    if event.edited_at is not None:
        message["edited_at"] = as_wire_time(event.edited_at)
    if event.reply_to is not None:
        message["reply_to"] = _quote(event, visible)
    if event.reactions:
        message["reactions"] = _count_reactions(event.reactions, viewer)
    return message


def _quote(event: Event, visible: Quotes) -> dict[str, Any]:
    # A deleted message has no text; of one from before the viewer's time there is its place only.
    place = event.chat_id, event.reply_to or 0
    quote = visible.get(place)
    return {"seq": place[1]} | ({"sender": quote.sender_id, "text": quote.text[:QUOTE_CHARS]} if quote else {})


def _count_reactions(reactions: Mapping[str, list[int]], viewer: int) -> list[dict[str, Any]]:
    return [
        {"emoji": emoji, "count": len(users), "mine": viewer in users} for emoji, users in reactions.items() if users
    ]
