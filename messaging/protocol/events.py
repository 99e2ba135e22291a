"""What a chat's log shows: the frame of each kind of event, and the entries of its history.

An event has its `id` only where its own sender sees it. Replayed, it shows the present: of a deleted message neither its
event nor those of its edits have a text any more.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from messaging.protocol.frames import Integer

# The database's clock, RFC 3339 in UTC.
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
RoleName = Literal["owner", "admin", "member"]
Seq = Annotated[int, Meta(ge=1, le=2**53 - 1)]


class EventFrame(Struct, tag_field="type", kw_only=True):
    """What every event has."""

    chat: Integer
    seq: Seq
    at: Moment
    sender: Integer
    id: str | UnsetType = UNSET


class MessageCreated(EventFrame, tag="message.created"):
    """Somebody sent a message; `mentions` are the users that the server found named in it."""

    text: str | UnsetType = UNSET
    reply_to: Seq | UnsetType = UNSET
    attachments: list[str] | UnsetType = UNSET
    mentions: list[Integer] | UnsetType = UNSET
    deleted: Literal[True] | UnsetType = UNSET


class MessageEdited(EventFrame, tag="message.edited"):
    """The message `target` has another text."""

    target: Seq
    text: str | UnsetType = UNSET
    mentions: list[Integer] | UnsetType = UNSET
    deleted: Literal[True] | UnsetType = UNSET


class MessageDeleted(EventFrame, tag="message.deleted"):
    """The message `target` is gone."""

    target: Seq


class ReactionChanged(EventFrame, tag="reaction.set"):
    """The sender put an emoji on the message `target`, or took it off."""

    target: Seq
    emoji: str
    on: bool


class MemberAdded(EventFrame, tag="member.added"):
    """The sender added a user."""

    user: Integer
    role: RoleName


class MemberRemoved(EventFrame, tag="member.removed"):
    """The sender removed a user, or left."""

    user: Integer


class MemberRole(EventFrame, tag="member.role"):
    """The sender gave a user another role."""

    user: Integer
    role: RoleName


class ChatUpdated(EventFrame, tag="chat.updated"):
    """The sender gave the chat another title."""

    title: str


AnyEvent = (
    MessageCreated
    | MessageEdited
    | MessageDeleted
    | ReactionChanged
    | MemberAdded
    | MemberRemoved
    | MemberRole
    | ChatUpdated
)


class Quote(Struct, kw_only=True):
    """What a message replies to; of what the reader may not see there is only the place."""

    seq: Seq
    sender: Integer | UnsetType = UNSET
    text: str | UnsetType = UNSET


class Reaction(Struct, kw_only=True):
    """How many have put an emoji on a message, and whether the reader has."""

    emoji: str
    count: Annotated[int, Meta(ge=1)]
    mine: bool


class Message(Struct, tag_field="type", tag="message.created", kw_only=True):
    """A message as it is now; a deleted one has nothing but its place, its sender and `deleted`."""

    chat: Integer
    seq: Seq
    at: Moment
    sender: Integer
    text: str | UnsetType = UNSET
    edited_at: Moment | UnsetType = UNSET
    reply_to: Quote | UnsetType = UNSET
    reactions: list[Reaction] | UnsetType = UNSET
    deleted: Literal[True] | UnsetType = UNSET


AnyEntry = Message | MemberAdded | MemberRemoved | MemberRole | ChatUpdated
