"""The state that a batch is checked against: what `load` found, and what the batch has done to it so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from messaging.protocol.frames import Event


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
class ChatState:
    """A locked chat, with the memberships and targets that the batch speaks of."""

    id: int
    kind: str
    title: str
    last_seq: int
    message_count: int
    members: dict[int, Member] = field(default_factory=dict)
    # Present members and owners, loaded only for writes that change members.
    member_count: int = 0
    owner_count: int = 0
    # The seqs among those asked for that are messages.
    messages: set[int] = field(default_factory=set)
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """The first answer to an id; a wiped hash matches any content."""

    seq: int
    at: str
    content_hash: str | None


@dataclass(slots=True)
class State:
    """All that a batch is checked against; `at` is the moment of its events."""

    at: str
    members_most: int
    chats: dict[int, ChatState]
    known: dict[tuple[int, int, str], Known]
    events: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    """An event to insert, and the ordinal of its message."""

    event: Event
    message_no: int
