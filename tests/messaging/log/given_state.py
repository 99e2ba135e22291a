"""A chat in the middle of its life, as the pure half of a write finds it."""

from __future__ import annotations

import msgspec

from messaging.conf import Limits, Settings
from messaging.log.prepare import prepare
from messaging.log.state import ChatState, Member, Message, State
from messaging.write import Outcome, Write

AT = "2026-01-31T12:00:00.000000Z"
CHAT, OWNER, ADMIN, MEMBER, GONE, STRANGER = 7, 1, 2, 3, 4, 5


def state(*, kind: str = "group", members_most: int = 10, **limits: float) -> State:
    """Return the state of a chat with an owner, an admin, a member, and one who left; its third event is a message."""
    chat = ChatState(CHAT, kind, "Old", last_seq=3, message_count=1, member_count=3, owner_count=1)
    chat.messages[3] = Message(3, MEMBER, AT)
    for user, role in ((OWNER, "owner"), (ADMIN, "admin"), (MEMBER, "member")):
        chat.members[user] = Member(user, role, 0, None, 0, 0)
    chat.members[GONE] = Member(GONE, "admin", 0, 2, 1, 0)
    bounds = msgspec.convert(limits | {"members": members_most}, Limits)
    return State(AT, Settings(limits=bounds), {CHAT: chat}, {})


def outcome_of(write: Write, given: State | None = None) -> int | str | None:
    """Return the seq that `write` gets, None where it changes nothing, or the code of its error."""
    outcome = prepare(given or state(), write)
    return outcome.seq if isinstance(outcome, Outcome) else outcome.code.value
