"""read(positions): what stands in many logs after given places, in one statement and so from one snapshot.

Events are read as they are now: a created message carries its present text, a deleted one none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from messaging.database import as_json, as_wire_time, fetch, from_json, is_postgresql, sql_rows
from messaging.protocol.frames import Event
from messaging.protocol.kinds import TRAITS, Kind
from messaging.selectors import first_visible, membership_of, one_snapshot


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a chat's log: everything up to `after` is known; at most `limit` events are wanted."""

    chat: int
    after: int
    limit: int


@dataclass(slots=True)
class LogPage:
    """The events after a position, without a hole, and the head of the chat in the same snapshot."""

    epoch: str = ""
    head: int = 0
    events: list[Event] = field(default_factory=list)


def read(positions: Sequence[Position]) -> list[LogPage]:
    """Return a page per position, in their order; a chat that is not there has an empty one."""
    sql = f"""
        SELECT r.n, c.last_seq, (SELECT epoch FROM messaging_store WHERE id = 1),
               e.chat_id, e.seq, e.at, e.kind, e.sender_id, e.client_id, e.content_hash,
               e.target, e.payload, e.text, e.reply_to, e.deleted_at
        FROM {sql_rows(n=int, chat=int, after=int, upto=int)}
        JOIN messaging_chat c ON c.id = r.chat
        LEFT JOIN {_sql_events()}
        ORDER BY r.n, e.seq
    """
    asked = [{"n": n, "chat": p.chat, "after": p.after, "upto": p.after + p.limit} for n, p in enumerate(positions)]
    pages = [LogPage() for _ in positions]
    for n, head, epoch, *event in fetch(sql, [as_json(asked)]):
        page = pages[n]
        page.head, page.epoch = head, epoch
        if event[0] is not None:
            page.events.append(_event(*event))
    return pages


def _sql_events() -> str:
    """Return the join of the events that are asked for; uses index event_numbered_once."""
    if is_postgresql():
        # Asked for one by one, with a LIMIT: PostgreSQL takes the rows of a JSON parameter for a hundred and the range for
        # a part of the table, and would read all of it.
        return """LATERAL (
            SELECT * FROM messaging_event WHERE chat_id = c.id AND seq > r.after AND seq <= r.upto
            ORDER BY seq LIMIT r.upto - r.after
        ) e ON true"""
    return "messaging_event e ON e.chat_id = c.id AND e.seq > r.after AND e.seq <= r.upto"


def read_as_member(user: int, position: Position) -> LogPage:
    """Return what a member may read after a position, with the membership from the same snapshot; raises NotAMember.

    Where history begins with the joining, the page begins there, whatever the position says.
    """
    with one_snapshot():
        first = first_visible(membership_of(user, position.chat))
        return read([replace(position, after=max(position.after, first - 1))])[0]


def _event(
    chat: int,
    seq: int,
    at: Any,
    kind: str,
    sender: int,
    client_id: str | None,
    content_hash: str | None,
    target: int | None,
    payload: Any,
    text: str,
    reply_to: int | None,
    deleted_at: Any,
) -> Event:
    known = from_json(payload)
    known |= {"target": target, "text": text, "reply_to": reply_to}
    if deleted_at is not None:
        known |= {"text": None, "attachments": None, "deleted": True}
    body = {name: known[name] for name in TRAITS[Kind(kind)].fields if known.get(name) is not None}
    return Event(
        chat=chat,
        seq=seq,
        at=as_wire_time(at),
        kind=kind,
        sender=sender,
        id=client_id,
        content_hash=content_hash,
        body=body,
    )
