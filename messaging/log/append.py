"""append(batch): one transaction that checks, numbers and stores any number of writes, in the same number of statements.

The chats' row locks come first and in key order, so that commit order is seq order and nothing smaller is ever still in
flight. On SQLite `BEGIN IMMEDIATE` is the lock.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from messaging import metrics
from messaging.conf import get_limits
from messaging.database import (
    STORE_AWAY,
    as_json,
    as_moment,
    as_wire_time,
    drop_dead_connections,
    execute,
    fetch,
    for_database,
    is_contention,
    is_postgresql,
    sql_now,
    sql_rows,
    try_again,
)
from messaging.errors import ChatError, Internal, Unavailable
from messaging.log.prepare import ChatState, Known, Member, Row, State, prepare
from messaging.log.write import Outcome, Write
from messaging.protocol.kinds import Kind

logger = logging.getLogger(__name__)

_MEMBER_KINDS = frozenset({Kind.MEMBER_ADDED, Kind.MEMBER_REMOVED, Kind.MEMBER_ROLE})
# Body fields that have a column of their own.
_COLUMNS = frozenset({"text", "reply_to", "target"})


@dataclass(frozen=True, slots=True)
class Batch:
    """The answers to a batch, in its order, and the epoch under which its events were stored."""

    outcomes: list[Outcome | ChatError]
    epoch: str


def append(writes: Sequence[Write]) -> Batch:
    """Write a batch: each command succeeds or fails alone; what succeeded is committed when this returns.

    A store that is away is `Unavailable` for all: written or not, the same ids settle it.
    """
    started = time.perf_counter()
    try:
        return try_again(_append, writes)
    except STORE_AWAY as error:
        if is_contention(error) and len({write.chat for write in writes}) > 1:
            return _append_by_chat(writes)
        logger.warning("The store did not confirm a batch of %d writes.", len(writes), exc_info=True)
        # The next batch begins with a connection that works.
        drop_dead_connections(error)
        return Batch([Unavailable(retry_after=1.0)] * len(writes), epoch="")
    except Exception:
        logger.exception("A batch of %d writes failed.", len(writes))
        return _append_one_by_one(writes)
    finally:
        metrics.COMMIT_WRITES.observe(len(writes))
        metrics.COMMIT_SECONDS.observe(time.perf_counter() - started)


def _append_by_chat(writes: Sequence[Write]) -> Batch:
    """One chat's lock was not to be had: only its own writes wait for it, or fail.

    Many such chats would hold up everybody behind this batch: after a while the rest of it is refused.
    """
    outcomes: dict[int, Outcome | ChatError] = {}
    epoch = ""
    deadline = time.monotonic() + get_limits().answer_seconds / 3
    for chat in sorted({write.chat for write in writes}):
        places = [place for place, write in enumerate(writes) if write.chat == chat]
        if time.monotonic() > deadline:
            outcomes.update(dict.fromkeys(places, Unavailable(retry_after=1.0)))
            continue
        batch = append([writes[place] for place in places])
        outcomes.update(zip(places, batch.outcomes, strict=True))
        epoch = batch.epoch or epoch
    return Batch([outcomes[place] for place in range(len(writes))], epoch)


def _append_one_by_one(writes: Sequence[Write]) -> Batch:
    """Find the write that made a whole batch fail: it fails alone."""
    if len(writes) == 1:
        return Batch([Internal()], epoch="")
    batches = [append([write]) for write in writes]
    return Batch([batch.outcomes[0] for batch in batches], next((b.epoch for b in batches if b.epoch), ""))


def _append(writes: Sequence[Write]) -> Batch:
    with transaction.atomic(durable=True):
        chats = _lock_chats(writes)
        state, epoch = _load(writes, chats)
        outcomes = [prepare(state, write) for write in writes]
        if state.events:
            _store(state)
    for row in state.events:
        metrics.EVENTS.labels(row.event.kind).inc()
    return Batch(outcomes, epoch)


def _lock_chats(writes: Sequence[Write]) -> dict[int, ChatState]:
    """Lock, in id order, the chats in which a sender of the batch was a member a moment before.

    Strangers lock nothing. Every snapshot after this one is newer than the locks, so what is read later is final.
    """
    asked = {(write.chat, write.sender) for write in writes}
    sql = f"""
        SELECT c.id, c.kind, c.title, c.last_seq, c.message_count FROM messaging_chat c
        WHERE c.id IN (
            SELECT m.chat_id FROM {sql_rows(chat=int, user_id=int)}
            JOIN messaging_membership m ON m.chat_id = r.chat AND m.user_id = r.user_id AND m.left_seq IS NULL
        )
        ORDER BY c.id {"FOR NO KEY UPDATE OF c" if is_postgresql() else ""}
    """
    rows = fetch(sql, [_pairs(asked)])
    return {row[0]: ChatState(*row) for row in rows}


def _load(writes: Sequence[Write], chats: dict[int, ChatState]) -> tuple[State, str]:
    """Read what the batch is checked against, under the locks."""
    moment, epoch = _load_members(writes, chats)
    known = _load_known(writes)
    _load_counts(writes, chats)
    _load_messages(writes, chats)
    return State(moment, get_limits().members, chats, known), epoch


def _load_members(writes: Sequence[Write], chats: dict[int, ChatState]) -> tuple[str, str]:
    asked = {(write.chat, write.sender) for write in writes}
    asked |= {(write.chat, write.body["user"]) for write in writes if write.kind in _MEMBER_KINDS}
    sql = f"""
        SELECT {sql_now()}, (SELECT epoch FROM messaging_store WHERE id = 1),
               m.chat_id, m.user_id, m.role, m.joined_seq, m.left_seq, m.read_seq, m.read_count
        FROM {sql_rows(chat=int, user_id=int)}
        LEFT JOIN messaging_membership m ON m.chat_id = r.chat AND m.user_id = r.user_id
    """
    rows = fetch(sql, [_pairs(asked)])
    for _, _, chat, user, *rest in rows:
        if chat in chats:
            chats[chat].members[user] = Member(user, *rest)
    return as_wire_time(rows[0][0]), rows[0][1]


def _load_known(writes: Sequence[Write]) -> dict[tuple[int, int, str], Known]:
    asked = [{"chat": w.chat, "user_id": w.sender, "client_id": w.id} for w in writes if w.id is not None]
    if not asked:
        return {}
    sql = f"""
        SELECT e.chat_id, e.sender_id, e.client_id, e.seq, e.at, e.content_hash
        FROM {sql_rows(chat=int, user_id=int, client_id=str)}
        JOIN messaging_event e ON e.chat_id = r.chat AND e.sender_id = r.user_id AND e.client_id = r.client_id
    """
    rows = fetch(sql, [as_json(asked)])
    return {(chat, user, id): Known(seq, as_wire_time(at), hash_) for chat, user, id, seq, at, hash_ in rows}


def _load_counts(writes: Sequence[Write], chats: dict[int, ChatState]) -> None:
    asked = sorted({write.chat for write in writes if write.kind in _MEMBER_KINDS} & chats.keys())
    if not asked:
        return
    sql = f"""
        SELECT m.chat_id, count(*), sum(CASE WHEN m.role = 'owner' THEN 1 ELSE 0 END)
        FROM {sql_rows(chat=int)} JOIN messaging_membership m ON m.chat_id = r.chat AND m.left_seq IS NULL
        GROUP BY m.chat_id
    """
    for chat, members, owners in fetch(sql, [as_json([{"chat": chat} for chat in asked])]):
        chats[chat].member_count, chats[chat].owner_count = members, owners


def _load_messages(writes: Sequence[Write], chats: dict[int, ChatState]) -> None:
    asked = {(write.chat, write.body["reply_to"]) for write in writes if write.body.get("reply_to") is not None}
    if not asked:
        return
    sql = f"""
        SELECT e.chat_id, e.seq FROM {sql_rows(chat=int, seq=int)}
        JOIN messaging_event e ON e.chat_id = r.chat AND e.seq = r.seq AND e.kind = '{Kind.MESSAGE_CREATED}'
    """
    for chat, seq in fetch(sql, [as_json([{"chat": chat, "seq": seq} for chat, seq in asked])]):
        if chat in chats:
            chats[chat].messages.add(seq)


def _store(state: State) -> None:
    """Store what was prepared; the last statement before COMMIT stamps the chats."""
    _insert_events(state.events)
    by_chat = {chat.id: chat for chat in state.chats.values() if chat.changed}
    members = [(chat.id, m) for chat in by_chat.values() for m in chat.members.values()]
    _store_moved([(chat, m) for chat, m in members if m.moved])
    _store_read([(chat, m) for chat, m in members if m.read and not m.moved])
    _store_chats(by_chat.values())


def _insert_events(rows: Iterable[Row]) -> None:
    sql = f"""
        INSERT INTO messaging_event (
            chat_id, seq, kind, sender_id, client_id, content_hash, target, payload, text, at, message_no, reply_to, reactions
        )
        SELECT chat, seq, kind, sender, client_id, content_hash, target, payload, text, {
        _typed("at")
    }, message_no, reply_to,
               {_typed("empty")}
        FROM {
        sql_rows(
            chat=int,
            seq=int,
            kind=str,
            sender=int,
            client_id=str,
            content_hash=str,
            target=int,
            payload=dict,
            text=str,
            at=str,
            message_no=int,
            reply_to=int,
        )
    }
    """
    execute(sql, [as_json([_event_row(row) for row in rows])])


def _typed(what: str) -> str:
    if what == "at":
        return "at::timestamptz" if is_postgresql() else "at"
    return "'{}'::jsonb" if is_postgresql() else "'{}'"


def _event_row(row: Row) -> dict[str, object]:
    event = row.event
    return {
        "chat": event.chat,
        "seq": event.seq,
        "kind": event.kind,
        "sender": event.sender,
        "client_id": event.id,
        "content_hash": event.content_hash,
        "target": event.body.get("target"),
        "payload": {name: value for name, value in event.body.items() if name not in _COLUMNS},
        "text": event.body.get("text", ""),
        "at": for_database(as_moment(event.at)),
        "message_no": row.message_no,
        "reply_to": event.body.get("reply_to"),
    }


def _store_moved(members: list[tuple[int, Member]]) -> None:
    if not members:
        return
    columns = "chat_id, user_id, role, joined_seq, left_seq, read_seq, read_count"
    kept = ", ".join(f"{name} = excluded.{name}" for name in ("role", "joined_seq", "left_seq"))
    # Read markers are moved without the chat's lock, and only forward.
    greatest = "greatest" if is_postgresql() else "max"
    kept += "".join(
        f", {name} = {greatest}(messaging_membership.{name}, excluded.{name})" for name in ("read_seq", "read_count")
    )
    source = sql_rows(chat_id=int, user_id=int, role=str, joined_seq=int, left_seq=int, read_seq=int, read_count=int)
    sql = f"""
        INSERT INTO messaging_membership ({columns}, changed_at)
        SELECT {columns}, {sql_now()} FROM {source} WHERE true ORDER BY chat_id, user_id
        ON CONFLICT (chat_id, user_id) DO UPDATE SET {kept}, changed_at = excluded.changed_at
    """
    execute(sql, [_member_rows(members)])


def _store_read(members: list[tuple[int, Member]]) -> None:
    """Move the senders' own read markers: who writes in a chat has it open, so it is marked unread no longer."""
    if not members:
        return
    sql = f"""
        UPDATE messaging_membership SET read_seq = r.read_seq, read_count = r.read_count, is_marked_unread = FALSE
        FROM {sql_rows(chat_id=int, user_id=int, read_seq=int, read_count=int)}
        WHERE messaging_membership.chat_id = r.chat_id AND messaging_membership.user_id = r.user_id
    """
    execute(sql, [_member_rows(members)])


def _member_rows(members: list[tuple[int, Member]]) -> str:
    return as_json(
        [
            {
                "chat_id": chat,
                "user_id": m.user,
                "role": m.role,
                "joined_seq": m.joined_seq,
                "left_seq": m.left_seq,
                "read_seq": m.read_seq,
                "read_count": m.read_count,
            }
            for chat, m in sorted(members, key=lambda pair: (pair[0], pair[1].user))
        ]
    )


def _store_chats(chats: Iterable[ChatState]) -> None:
    sql = f"""
        UPDATE messaging_chat
        SET last_seq = r.last_seq, message_count = r.message_count, title = r.title, updated_at = {sql_now()}
        FROM {sql_rows(id=int, last_seq=int, message_count=int, title=str)}
        WHERE messaging_chat.id = r.id
    """
    rows = [{"id": c.id, "last_seq": c.last_seq, "message_count": c.message_count, "title": c.title} for c in chats]
    execute(sql, [as_json(rows)])


def _pairs(asked: Iterable[tuple[int, int]]) -> str:
    return as_json([{"chat": chat, "user_id": user} for chat, user in asked])
