"""Who may do what in a chat, and what of it is visible to whom: pure rules, true whatever asks.

`may` is the table, which docs/rest.md shows; the checks add what hangs on more than a role. The last owner of a group cannot
leave or step down while others are in it. Members and title of a private chat never change, and nobody deletes there what the
other wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from messaging.errors import Forbidden


class ChatKind(StrEnum):
    """A pair of people, or a group that grows and shrinks."""

    PRIVATE = "private"
    GROUP = "group"


class Role(StrEnum):
    """What somebody is in a group, and by it may do there."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class Action(StrEnum):
    """What a member may want to do in a group, as the documents name it."""

    WRITE = "write"
    READ = "read"
    LEAVE = "leave"
    DELETE_OF_OTHERS = "delete a message of others"
    ADD_MEMBER = "add a member"
    ADD_MANAGER = "add an admin or an owner"
    RENAME = "change the title"
    REMOVE_MEMBER = "remove a member"
    REMOVE_MANAGER = "remove an admin or an owner"
    CHANGE_ROLE = "change a role"


_OF_MEMBERS = frozenset({Action.WRITE, Action.READ, Action.LEAVE})
_OF_ADMINS = _OF_MEMBERS | {Action.DELETE_OF_OTHERS, Action.ADD_MEMBER, Action.RENAME, Action.REMOVE_MEMBER}
_ALLOWED = {Role.MEMBER: _OF_MEMBERS, Role.ADMIN: _OF_ADMINS, Role.OWNER: frozenset(Action)}


def may(role: str, action: Action) -> bool:
    """Tell whether a member of a group with this role may do this."""
    return action in _ALLOWED[Role(role)]


@dataclass(frozen=True, slots=True)
class Actor:
    """A member who asks for something, and the facts that the answer hangs on."""

    user: int
    role: str
    chat_kind: str


def check_adds(actor: Actor, *, role: str) -> None:
    """Raise Forbidden unless `actor` may add somebody with this role."""
    _check(actor, Action.ADD_MEMBER if role == Role.MEMBER else Action.ADD_MANAGER)


def check_renames(actor: Actor) -> None:
    """Raise Forbidden unless `actor` may change the title."""
    _check(actor, Action.RENAME)


def _check(actor: Actor, action: Action) -> None:
    if actor.chat_kind == ChatKind.PRIVATE or not may(actor.role, action):
        raise Forbidden


def check_removes(actor: Actor, *, user: int, role: str, owners: int, members: int) -> None:
    """Raise Forbidden unless `actor` may remove `user`, who has `role`; oneself is leaving."""
    if user == actor.user:
        _check(actor, Action.LEAVE)
    else:
        _check(actor, Action.REMOVE_MEMBER if role == Role.MEMBER else Action.REMOVE_MANAGER)
    if role == Role.OWNER and owners == 1 and members > 1:
        raise Forbidden("The last owner hands the group over first.")


def check_changes_role(actor: Actor, *, old: str, new: str, owners: int) -> None:
    """Raise Forbidden unless `actor` may turn a member's role from `old` to `new`."""
    _check(actor, Action.CHANGE_ROLE)
    if old == Role.OWNER and new != Role.OWNER and owners == 1:
        raise Forbidden("The last owner hands the group over first.")


def check_edits(actor: Actor, *, sender: int, age: float, window: float) -> None:
    """Raise Forbidden unless `actor` may edit a message that `sender` wrote `age` seconds ago; a `window` of 0 never ends."""
    if actor.user != sender:
        raise Forbidden("Only its sender may edit a message.")
    if window and age > window:
        raise Forbidden(f"A message may be edited for {window:g} seconds.")


def check_deletes(actor: Actor, *, sender: int) -> None:
    """Raise Forbidden unless `actor` may delete a message of `sender`."""
    if actor.user != sender:
        _check(actor, Action.DELETE_OF_OTHERS)


def visible_from(*, history_for_newcomers: str, joined_seq: int) -> int:
    """Return the first seq of a chat that a member may page back to."""
    return joined_seq if history_for_newcomers == "since_join" else 1
