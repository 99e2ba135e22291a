"""Who may do what in a chat, and what of it is visible to whom: pure rules, true whatever asks.

| | owner | admin | member |
|---|---|---|---|
| write, read, leave | yes | yes | yes |
| edit or delete an own message, react | yes | yes | yes |
| delete a message of others | yes | yes | no |
| add people, change the title | yes | yes | no |
| remove a member | yes | yes | no |
| remove an admin or an owner, change roles | yes | no | no |

The last owner of a group cannot leave or step down while others are in it. Members and title of a private chat never change,
and nobody deletes there what the other wrote.
"""

from __future__ import annotations

from dataclasses import dataclass

from messaging.errors import Forbidden
from messaging.models import ChatKind, Role

_MANAGERS = (Role.OWNER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Actor:
    """A member who asks for something, and the facts that the answer hangs on."""

    user: int
    role: str
    chat_kind: str


def check_manages(actor: Actor) -> None:
    """Raise Forbidden unless `actor` may add people and change the title."""
    if actor.chat_kind == ChatKind.PRIVATE or actor.role not in _MANAGERS:
        raise Forbidden


def check_removes(actor: Actor, *, user: int, role: str, owners: int, members: int) -> None:
    """Raise Forbidden unless `actor` may remove `user`, who has `role`; oneself is leaving."""
    if actor.chat_kind == ChatKind.PRIVATE:
        raise Forbidden
    if role == Role.OWNER and owners == 1 and members > 1:
        raise Forbidden("The last owner hands the group over first.")
    if user == actor.user or actor.role == Role.OWNER:
        return
    if actor.role != Role.ADMIN or role != Role.MEMBER:
        raise Forbidden


def check_changes_role(actor: Actor, *, old: str, new: str, owners: int) -> None:
    """Raise Forbidden unless `actor` may turn a member's role from `old` to `new`."""
    if actor.chat_kind == ChatKind.PRIVATE or actor.role != Role.OWNER:
        raise Forbidden
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
        check_manages(actor)


def visible_from(*, history_for_newcomers: str, joined_seq: int) -> int:
    """Return the first seq of a chat that a member may page back to."""
    return joined_seq if history_for_newcomers == "since_join" else 1
