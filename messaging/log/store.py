"""The writes of `append`: what was prepared becomes rows, in a number of statements that does not grow with the batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from messaging.database import (
    as_json,
    as_moment,
    enqueue,
    for_database,
    is_postgresql,
    sql_now,
    sql_rows,
    sql_seconds_ago,
)
from messaging.log.state import ChatState, Member, Message, Row, State
from messaging.models import ACTIVE_SECONDS
from messaging.protocol.kinds import Kind

# Body fields that have a column of their own.
_COLUMNS = frozenset({"text", "reply_to", "target"})


def store(state: State) -> None:
    """Store what was prepared; the last statement before COMMIT stamps the chats."""
    _insert_events(state.events)
    by_chat = {chat.id: chat for chat in state.chats.values() if chat.changed}
    messages = [(chat.id, m) for chat in by_chat.values() for m in chat.messages.values() if m.changed]
    _fold(messages, at=for_database(as_moment(state.at)))
    _wipe_edits([(chat, m) for chat, m in messages if m.deleted], at=for_database(as_moment(state.at)))
    _store_mentions(by_chat.values())
    members = [(chat.id, m) for chat in by_chat.values() for m in chat.members.values()]
    _store_moved([(chat, m) for chat, m in members if m.moved])
    _store_read([(chat, m) for chat, m in members if m.read and not m.moved])
    _store_chats(by_chat.values())


def _insert_events(rows: Sequence[Row]) -> None:
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
    # Mostly one moment for all of them.
    moments = {at: for_database(as_moment(at)) for at in {row.event.at for row in rows}}
    enqueue(sql, [as_json([_event_row(row, at=moments[row.event.at]) for row in rows])])


def _typed(what: str) -> str:
    if what == "at":
        return "at::timestamptz" if is_postgresql() else "at"
    return "'{}'::jsonb" if is_postgresql() else "'{}'"


def _event_row(row: Row, *, at: str) -> dict[str, object]:
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
        "at": at,
        "message_no": row.message_no,
        "reply_to": event.body.get("reply_to"),
    }


def _fold(messages: list[tuple[int, Message]], *, at: str) -> None:
    """Bring the rows of messages to their present state; those that the batch itself made are there by now."""
    if not messages:
        return
    columns = sql_rows(
        chat=int, seq=int, text=str, edited_at=datetime, deleted_at=datetime, payload=dict, reactions=dict
    )
    sql = f"""
        UPDATE messaging_event SET
            text = COALESCE(r.text, messaging_event.text), payload = r.payload, reactions = r.reactions,
            edited_at = COALESCE(r.edited_at, messaging_event.edited_at), deleted_at = r.deleted_at,
            content_hash = CASE WHEN r.deleted_at IS NULL THEN messaging_event.content_hash END
        FROM {columns} WHERE messaging_event.chat_id = r.chat AND messaging_event.seq = r.seq
    """
    enqueue(sql, [as_json([_message_row(chat, message, at) for chat, message in messages])])


def _message_row(chat: int, message: Message, at: str) -> dict[str, object]:
    return {
        "chat": chat,
        "seq": message.seq,
        "text": message.text,
        "edited_at": at if message.edited else None,
        "deleted_at": at if message.deleted else None,
        "payload": message.payload,
        "reactions": message.reactions,
    }


def _wipe_edits(messages: list[tuple[int, Message]], *, at: str) -> None:
    """Forget every text that a deleted message has had; uses index event_edits."""
    if not messages:
        return
    sql = f"""
        UPDATE messaging_event SET text = '', payload = {_typed("empty")}, content_hash = NULL, deleted_at = r.deleted_at
        FROM {sql_rows(chat=int, target=int, deleted_at=datetime)}
        WHERE messaging_event.chat_id = r.chat AND messaging_event.target = r.target
            AND messaging_event.kind = '{Kind.MESSAGE_EDITED}'
    """
    enqueue(sql, [as_json([{"chat": chat, "target": m.seq, "deleted_at": at} for chat, m in messages])])


def _store_mentions(chats: Iterable[ChatState]) -> None:
    decided = [(user, chat.id, seq, is_there) for chat in chats for (user, seq), is_there in chat.mentions.items()]
    source = sql_rows(user_id=int, chat_id=int, seq=int)
    gone, there = (
        [{"user_id": u, "chat_id": c, "seq": s} for u, c, s, on in decided if on is yes] for yes in (False, True)
    )
    if gone:
        same = " AND ".join(f"m.{name} = r.{name}" for name in ("user_id", "chat_id", "seq"))
        found = f"SELECT m.id FROM {source} JOIN messaging_mention m ON {same}"
        enqueue(f"DELETE FROM messaging_mention WHERE id IN ({found})", [as_json(gone)])
    if there:
        sql = f"""
            INSERT INTO messaging_mention (user_id, chat_id, seq)
            SELECT user_id, chat_id, seq FROM {source} WHERE true ON CONFLICT DO NOTHING
        """
        enqueue(sql, [as_json(there)])


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
    enqueue(sql, [_member_rows(members)])


def _store_read(members: list[tuple[int, Member]]) -> None:
    """Move the senders' own read markers: who writes in a chat has it open, so it is marked unread no longer."""
    if not members:
        return
    sql = f"""
        UPDATE messaging_membership SET read_seq = r.read_seq, read_count = r.read_count, is_marked_unread = FALSE
        FROM {sql_rows(chat_id=int, user_id=int, read_seq=int, read_count=int)}
        WHERE messaging_membership.chat_id = r.chat_id AND messaging_membership.user_id = r.user_id
    """
    enqueue(sql, [_member_rows(members)])


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
        SET last_seq = r.last_seq, message_count = r.message_count, title = r.title, updated_at = {sql_now()},
            active_at = CASE WHEN active_at BETWEEN {sql_seconds_ago()} AND {sql_now()} THEN active_at ELSE {sql_now()} END
        FROM {sql_rows(id=int, last_seq=int, message_count=int, title=str)}
        WHERE messaging_chat.id = r.id
    """
    rows = [{"id": c.id, "last_seq": c.last_seq, "message_count": c.message_count, "title": c.title} for c in chats]
    enqueue(sql, [ACTIVE_SECONDS, as_json(rows)])
