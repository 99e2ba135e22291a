"""The reads of `append`: the locks of a batch's chats, and under them what its commands are checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from messaging.blocks import sql_pair_blocked
from messaging.conf import get_settings
from messaging.database import (
    Statement,
    as_json,
    as_wire_time,
    fetch,
    fetch_all,
    from_json,
    is_postgresql,
    sql_now,
    sql_rows,
)
from messaging.log.mentions import names_in
from messaging.log.state import ChatState, Known, Member, Message, State, message_of
from messaging.policy import ChatKind
from messaging.protocol.kinds import Kind
from messaging.write import Write

Rows = list[tuple[Any, ...]]

_MEMBER_KINDS = frozenset({Kind.MEMBER_ADDED, Kind.MEMBER_REMOVED, Kind.MEMBER_ROLE})


def load(writes: Sequence[Write]) -> tuple[State, str]:
    """Lock the chats of a batch and read what it is checked against; return that and the epoch.

    Every snapshot after the first statement's is newer than the locks, so that what the others read is final.
    """
    settings = get_settings()
    named = [_names_of(write, settings.limits.mentions_per_message) for write in writes]
    users = _load_names(set().union(*named))
    mentioned = {
        (write.chat, users[name]) for write, names in zip(writes, named, strict=True) for name in names & users.keys()
    }
    asked = (
        _ask_chats(writes),
        _ask_members(writes, mentioned),
        _ask_known(writes),
        _ask_counts(writes),
        _ask_messages(writes),
    )
    found = iter(fetch_all([statement for statement in asked if statement is not None]))
    rows = [next(found) if statement is not None else [] for statement in asked]
    chats = {row[0]: ChatState(*row) for row in rows[0]}
    moment, epoch = _take_members(rows[1], chats)
    known = _take_known(rows[2])
    _take_counts(rows[3], chats)
    _take_messages(rows[4], chats)
    return State(moment, settings, chats, known, users), epoch


def _ask_chats(writes: Sequence[Write]) -> Statement:
    """Lock, in id order, the chats in which a sender of the batch was a member a moment before.

    Strangers lock nothing, nor do those who left, except for an operator.
    """
    sql = f"""
        SELECT c.id, c.kind, c.title, c.last_seq, c.message_count FROM messaging_chat c
        WHERE c.id IN (
            SELECT m.chat_id FROM {sql_rows(chat=int, user_id=int, operator=bool)}
            JOIN messaging_membership m ON m.chat_id = r.chat AND m.user_id = r.user_id
            WHERE m.left_seq IS NULL OR r.operator
        )
        ORDER BY c.id {"FOR NO KEY UPDATE OF c" if is_postgresql() else ""}
    """
    asked = {(write.chat, write.sender, write.by_operator) for write in writes}
    return sql, [as_json([{"chat": chat, "user_id": user, "operator": by} for chat, user, by in asked])]


def _names_of(write: Write, most: int) -> set[str]:
    return {name for readings in names_in(write.body.get("text", ""), most=most) for name in readings if name}


def _load_names(names: set[str]) -> dict[str, int]:
    """Return the user of each name that is one, in any capitals; uses index user_by_name."""
    if not names:
        return {}
    model: Any = get_user_model()
    quote = connection.ops.quote_name
    table, key, name = (
        quote(model._meta.db_table),
        quote(model._meta.pk.column),
        quote(model._meta.get_field(model.USERNAME_FIELD).column),
    )
    # Looked up one by one, so that no plan reads all users. Where a host has names that differ in capitals only, the one that
    # is written so is meant.
    sql = f"""
        SELECT r.name, COALESCE(
            (SELECT u.{key} FROM {table} u WHERE u.{name} = r.name),
            (SELECT MIN(u.{key}) FROM {table} u WHERE UPPER(u.{name}) = UPPER(r.name))
        ) FROM {sql_rows(name=str)}
    """
    found = fetch(sql, [as_json([{"name": each} for each in sorted(names)])])
    return {name: user for name, user in found if user is not None}


def _ask_members(writes: Sequence[Write], mentioned: set[tuple[int, int]]) -> Statement:
    asked = {(write.chat, write.sender) for write in writes} | mentioned
    asked |= {(write.chat, write.body["user"]) for write in writes if write.kind in _MEMBER_KINDS}
    # The moment is asked for as text: of those in all rows one is used, and only that one is taken apart.
    # Whoever blocks locks the private chat: here, under the lock, no block that was answered is missed.
    sql = f"""
        SELECT CAST({sql_now()} AS text), (SELECT epoch FROM messaging_store WHERE id = 1),
               CASE WHEN c.kind = '{ChatKind.PRIVATE}' THEN {sql_pair_blocked("r.chat", "r.user_id")} ELSE false END,
               m.chat_id, m.user_id, m.role, m.joined_seq, m.left_seq, m.read_seq, m.read_count
        FROM {sql_rows(chat=int, user_id=int)}
        LEFT JOIN messaging_chat c ON c.id = r.chat
        LEFT JOIN messaging_membership m ON m.chat_id = r.chat AND m.user_id = r.user_id
    """
    return sql, [as_json([{"chat": chat, "user_id": user} for chat, user in asked])]


def _take_members(rows: Rows, chats: dict[int, ChatState]) -> tuple[str, str]:
    for _, _, blocked, chat, user, *rest in rows:
        # Strangers, of whom a text may name any, have no chat here: whom they block is nobody's matter.
        if chat in chats:
            chats[chat].members[user] = Member(user, *rest)
            chats[chat].blocked |= bool(blocked)
    return as_wire_time(rows[0][0]), rows[0][1]


def _ask_known(writes: Sequence[Write]) -> Statement | None:
    asked = [{"chat": w.chat, "user_id": w.sender, "client_id": w.id} for w in writes if w.id is not None]
    sql = f"""
        SELECT e.chat_id, e.sender_id, e.client_id, e.seq, e.at, e.content_hash, e.kind, e.target
        FROM {sql_rows(chat=int, user_id=int, client_id=str)}
        JOIN messaging_event e ON e.chat_id = r.chat AND e.sender_id = r.user_id AND e.client_id = r.client_id
    """
    return (sql, [as_json(asked)]) if asked else None


def _take_known(rows: Rows) -> dict[tuple[int, int, str], Known]:
    return {
        (chat, user, id): Known(seq, as_wire_time(at), hash_, message_of(kind, seq, target))
        for chat, user, id, seq, at, hash_, kind, target in rows
    }


def _ask_counts(writes: Sequence[Write]) -> Statement | None:
    asked = sorted({write.chat for write in writes if write.kind in _MEMBER_KINDS})
    sql = f"""
        SELECT m.chat_id, count(*), sum(CASE WHEN m.role = 'owner' THEN 1 ELSE 0 END)
        FROM {sql_rows(chat=int)} JOIN messaging_membership m ON m.chat_id = r.chat AND m.left_seq IS NULL
        GROUP BY m.chat_id
    """
    return (sql, [as_json([{"chat": chat} for chat in asked])]) if asked else None


def _take_counts(rows: Rows, chats: dict[int, ChatState]) -> None:
    for chat, members, owners in rows:
        if chat in chats:
            chats[chat].member_count, chats[chat].owner_count = members, owners


def _ask_messages(writes: Sequence[Write]) -> Statement | None:
    """Read the messages that are replied to, edited, deleted or reacted to."""
    asked = {(w.chat, w.body[name]) for w in writes for name in ("reply_to", "target") if w.body.get(name) is not None}
    sql = f"""
        SELECT e.chat_id, e.seq, e.sender_id, e.at, e.payload, e.reactions, e.deleted_at IS NOT NULL
        FROM {sql_rows(chat=int, seq=int)}
        JOIN messaging_event e ON e.chat_id = r.chat AND e.seq = r.seq AND e.kind = '{Kind.MESSAGE_CREATED}'
    """
    return (sql, [as_json([{"chat": chat, "seq": seq} for chat, seq in asked])]) if asked else None


def _take_messages(rows: Rows, chats: dict[int, ChatState]) -> None:
    for chat, seq, sender, at, payload, reactions, deleted in rows:
        if chat in chats:
            chats[chat].messages[seq] = Message(
                seq, sender, as_wire_time(at), from_json(payload), from_json(reactions), bool(deleted)
            )
