"""The pure half of a write: each kind checks its command against the state of its chat and says which rows it makes.

Commands are prepared one after another on the same state, so that each sees the effects of those before it. Nothing here
touches the database: `append` loads the state under the chats' locks and stores what was prepared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from messaging.errors import ChatError, Forbidden, IdConflict, LimitReached, NotAMember, UserNotFound
from messaging.log import messages
from messaging.log.state import ChatState, Known, Member, Row, State, message_of
from messaging.policy import Actor, Role, check_adds, check_changes_role, check_removes, check_renames
from messaging.protocol.frames import Event
from messaging.protocol.kinds import TRAITS, Kind
from messaging.write import Outcome, Write


def prepare(state: State, write: Write) -> Outcome | ChatError:
    """Return the answer to `write` and leave its effects in `state`."""
    try:
        return _repeat(state, write) or _prepare_new(state, write)
    except ChatError as error:
        return error


def _repeat(state: State, write: Write) -> Outcome | None:
    known = state.known.get((write.chat, write.sender, write.id)) if write.id is not None else None
    if known is None:
        return None
    if known.content_hash not in (None, write.content_hash) and not _is_forgotten(state, write.chat, known):
        raise IdConflict
    return Outcome(seq=known.seq, at=known.at, duplicate=True)


def _is_forgotten(state: State, chat: int, known: Known) -> bool:
    """Tell whether this very batch has deleted the message whose text the content was."""
    locked = state.chats.get(chat)
    message = locked.messages.get(known.message or 0) if locked is not None else None
    return message is not None and message.deleted


def _prepare_new(state: State, write: Write) -> Outcome:
    chat = state.chats.get(write.chat)
    sender = chat.members.get(write.sender) if chat else None
    if chat is None or sender is None or (sender.left_seq is not None and not write.by_operator):
        raise NotAMember
    if chat.blocked and not write.by_operator:
        raise Forbidden
    # What the kind checks it checks before it changes anything: a refused command leaves no trace.
    body = _PREPARE[write.kind](state, chat, sender, write)
    if body is None:
        return Outcome()
    return _number(state, chat, sender, replace(write, body=body))


def _number(state: State, chat: ChatState, sender: Member, write: Write) -> Outcome:
    chat.changed = True
    chat.last_seq += 1
    if TRAITS[write.kind].counts:
        chat.message_count += 1
        sender.read_seq, sender.read_count, sender.read = chat.last_seq, chat.message_count, True
    event = Event(
        chat=chat.id,
        seq=chat.last_seq,
        at=state.at,
        kind=write.kind,
        sender=write.sender,
        id=write.id,
        content_hash=write.content_hash,
        body=write.body,
    )
    state.events.append(Row(event, chat.message_count))
    if write.id is not None:
        message = message_of(write.kind, event.seq, write.body.get("target"))
        state.known[write.chat, write.sender, write.id] = Known(event.seq, event.at, write.content_hash, message)
    return Outcome(seq=event.seq, at=event.at, event=event)


def _member_added(state: State, chat: ChatState, sender: Member, write: Write) -> dict[str, Any] | None:
    user, role = write.body["user"], write.body.get("role", Role.MEMBER.value)
    member = chat.members.get(user)
    is_present = member is not None and member.left_seq is None
    # Of who is there already no role changes.
    check_adds(_actor(chat, sender), role=Role.MEMBER if is_present else role)
    if is_present:
        return None
    most = state.settings.limits.members
    if chat.member_count >= most:
        raise LimitReached(f"A chat may have {most} members.")
    # A newcomer starts read up to the join (protocol §4).
    seq = chat.last_seq + 1
    chat.members[user] = Member(user, role, seq, None, seq, chat.message_count, moved=True)
    chat.member_count += 1
    chat.owner_count += role == Role.OWNER
    return {"user": user, "role": role}


def _member_removed(_state: State, chat: ChatState, sender: Member, write: Write) -> dict[str, Any]:
    member = _present(chat, write.body["user"])
    check_removes(
        _actor(chat, sender), user=member.user, role=member.role, owners=chat.owner_count, members=chat.member_count
    )
    member.left_seq, member.moved = chat.last_seq + 1, True
    chat.member_count -= 1
    chat.owner_count -= member.role == Role.OWNER
    return {"user": member.user}


def _member_role(_state: State, chat: ChatState, sender: Member, write: Write) -> dict[str, Any] | None:
    member, new = _present(chat, write.body["user"]), write.body["role"]
    check_changes_role(_actor(chat, sender), old=member.role, new=new, owners=chat.owner_count)
    if member.role == new:
        return None
    chat.owner_count += (new == Role.OWNER) - (member.role == Role.OWNER)
    member.role, member.moved = new, True
    return {"user": member.user, "role": new}


def _chat_updated(_state: State, chat: ChatState, sender: Member, write: Write) -> dict[str, Any] | None:
    check_renames(_actor(chat, sender))
    if write.body["title"] == chat.title:
        return None
    chat.title = write.body["title"]
    return {"title": chat.title}


def _actor(chat: ChatState, sender: Member) -> Actor:
    return Actor(user=sender.user, role=sender.role, chat_kind=chat.kind)


def _present(chat: ChatState, user: int) -> Member:
    member = chat.members.get(user)
    if member is None or member.left_seq is not None:
        raise UserNotFound
    return member


_PREPARE: dict[Kind, Callable[[State, ChatState, Member, Write], dict[str, Any] | None]] = {
    Kind.MESSAGE_CREATED: messages.create,
    Kind.MESSAGE_EDITED: messages.edit,
    Kind.MESSAGE_DELETED: messages.delete,
    Kind.REACTION_SET: messages.react,
    Kind.MEMBER_ADDED: _member_added,
    Kind.MEMBER_REMOVED: _member_removed,
    Kind.MEMBER_ROLE: _member_role,
    Kind.CHAT_UPDATED: _chat_updated,
}
