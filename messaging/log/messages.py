"""What each kind of write to a message checks, and what it does to the state: the part of `prepare` that knows messages.

A function returns the body of its event, or None where nothing is to change; it raises before it has changed anything.
"""

from __future__ import annotations

from typing import Any

from messaging.database import as_moment
from messaging.errors import LimitReached, MessageNotFound
from messaging.log.mentions import mentioned
from messaging.log.state import ChatState, Member, Message, State
from messaging.policy import Actor, check_deletes, check_edits, visible_from
from messaging.write import Write

Body = dict[str, Any]


def create(state: State, chat: ChatState, sender: Member, write: Write) -> Body:
    """A message: it replies to one that the sender may see."""
    if write.body.get("reply_to") is not None:
        _find(state, chat, sender, write.body["reply_to"])
    message = Message(chat.last_seq + 1, sender.user, state.at)
    mentions = _mention(state, chat, message, write.body["text"])
    chat.messages[message.seq] = message
    return write.body | mentions


def edit(state: State, chat: ChatState, sender: Member, write: Write) -> Body:
    """Another text, and whom it mentions instead."""
    message = _find(state, chat, sender, write.body["target"])
    age = (as_moment(state.at) - as_moment(message.at)).total_seconds()
    window = state.settings.limits.edit_window_seconds
    check_edits(_actor(chat, sender), sender=message.sender, age=age, window=window)
    message.text, message.edited, message.changed = write.body["text"], True, True
    return write.body | _mention(state, chat, message, write.body["text"])


def delete(state: State, chat: ChatState, sender: Member, write: Write) -> Body:
    """The number stays; text, mentions, reactions and the fingerprints of content go, those of the edits with them."""
    message = _find(state, chat, sender, write.body["target"], sees_all=write.by_operator)
    check_deletes(_actor(chat, sender), sender=message.sender)
    message.text, message.deleted, message.changed = "", True, True
    _mention(state, chat, message, "")
    message.payload, message.reactions = {}, {}
    return write.body


def react(state: State, chat: ChatState, sender: Member, write: Write) -> Body | None:
    """An emoji of the sender on a message, or no more of it."""
    message = _find(state, chat, sender, write.body["target"])
    emoji, on = write.body["emoji"], write.body["on"]
    users = message.reactions.get(emoji, [])
    if (sender.user in users) is on:
        return None
    most = state.settings.limits.reactions_per_message
    if not users and len(message.reactions) >= most:
        raise LimitReached(f"A message may have {most} different emoji.")
    rest = [user for user in users if user != sender.user]
    message.reactions = message.reactions | {emoji: [*rest, sender.user] if on else rest}
    if not message.reactions[emoji]:
        del message.reactions[emoji]
    message.changed = True
    return write.body


def _find(state: State, chat: ChatState, sender: Member, seq: int, *, sees_all: bool = False) -> Message:
    """Return a message that the sender may see; raises MessageNotFound."""
    message = chat.messages.get(seq)
    first = visible_from(history_for_newcomers=state.settings.history_for_newcomers, joined_seq=sender.joined_seq)
    if message is None or message.deleted or (seq < first and not sees_all):
        raise MessageNotFound
    return message


def _mention(state: State, chat: ChatState, message: Message, text: str) -> Body:
    """Note whom the message mentions from now on, and return that as a field of its event, if it is anybody."""
    users = mentioned(chat, text, names=state.names, most=state.settings.limits.mentions_per_message)
    before = message.payload.pop("mentions", [])
    # Who names oneself has nothing to be told of.
    chat.mentions.update({(user, message.seq): False for user in before if user != message.sender})
    chat.mentions.update({(user, message.seq): True for user in users if user != message.sender})
    field: Body = {"mentions": users} if users else {}
    message.payload |= field
    return field


def _actor(chat: ChatState, sender: Member) -> Actor:
    return Actor(user=sender.user, role=sender.role, chat_kind=chat.kind)
