"""The state that a batch is checked against: what `load` found, and what the batch has done to it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from messaging.conf import Settings
from messaging.protocol.frames import Event
from messaging.protocol.kinds import Kind


@dataclass(slots=True)
class Member:
    """A membership under the lock; `moved` when it must be stored whole, `read` when only its marker moved."""

    user: int
    role: str
    joined_seq: int
    left_seq: int | None
    read_seq: int
    read_count: int
    moved: bool = False
    read: bool = False


@dataclass(slots=True)
class Message:
    """A message under the lock, as it is now; what is to be stored of it is in the fields below `changed`."""

    seq: int
    sender: int
    at: str
    # What its row has as payload: the users it mentions, and whatever else came with it.
    payload: dict[str, Any] = field(default_factory=dict)
    reactions: dict[str, list[int]] = field(default_factory=dict)
    deleted: bool = False
    changed: bool = False
    edited: bool = False
    # None: the text stays.
    text: str | None = None


@dataclass(slots=True)
class ChatState:
    """A locked chat, with the memberships and messages that the batch speaks of."""

    id: int
    kind: str
    title: str
    last_seq: int
    message_count: int
    members: dict[int, Member] = field(default_factory=dict)
    # Present members and owners, loaded only for writes that change members.
    member_count: int = 0
    owner_count: int = 0
    # By seq, those among the asked that are messages.
    messages: dict[int, Message] = field(default_factory=dict)
    # Whether a user is mentioned in a message, by (user, seq), where the batch decides it.
    mentions: dict[tuple[int, int], bool] = field(default_factory=dict)
    # Whether one of the two of a private chat blocks the other.
    blocked: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """The first answer to an id; a wiped hash matches any content.

    `message` is the seq of the message whose text the content is, which is forgotten with it.
    """

    seq: int
    at: str
    content_hash: str | None
    message: int | None = None


def message_of(kind: str, seq: int, target: int | None) -> int | None:
    """Return the seq of the message whose text an event brings, its own or that of its target; None where it has none."""
    if kind == Kind.MESSAGE_CREATED:
        return seq
    return target if kind == Kind.MESSAGE_EDITED else None


@dataclass(slots=True)
class State:
    """All that a batch is checked against; `at` is the moment of its events."""

    at: str
    settings: Settings
    chats: dict[int, ChatState]
    known: dict[tuple[int, int, str], Known]
    # The user whom a text may mean by a name, as it is written there.
    names: Mapping[str, int] = field(default_factory=dict)
    events: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """An event to insert, and the ordinal of its message."""

    event: Event
    message_no: int
