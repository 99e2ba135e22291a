"""The table of who may what, cell by cell, over REST and, where the socket can do it too, over the socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from messaging.access import issue_tokens
from messaging.database import run_in_thread
from messaging.models import Event, Membership
from messaging.policy import Action
from tests.docs.markdown import Document
from tests.messaging.world import make_group, make_users, say

ROLES = ("owner", "admin", "member")
TABLE = {
    action: dict(zip(ROLES, cells, strict=True)) for action, *cells in Document("docs/rest.md").tables("Members")[0]
}


@dataclass
class Group:
    """A chat with a message in it and others of every role, and who acts there; the newcomer is not in it."""

    chat: int
    actor: int
    newcomer: int
    owner: int
    admin: int
    member: int


Ask = Callable[[Group], tuple[str, str, Any]]

# Every way in which an action can be asked for over REST: method, what stands behind the chat's address, body.
OVER_REST: list[tuple[Action, Ask]] = [
    (Action.WRITE, lambda g: ("POST", "messages/", {"id": "x", "text": "hi"})),
    (Action.READ, lambda g: ("GET", "", None)),
    (Action.READ, lambda g: ("GET", "messages/", None)),
    (Action.READ, lambda g: ("GET", "members/", None)),
    (Action.READ, lambda g: ("PUT", "read/", {"seq": 1})),
    (Action.READ, lambda g: ("PATCH", "settings/", {"pinned": True})),
    (Action.LEAVE, lambda g: ("DELETE", f"members/{g.actor}/", None)),
    (Action.ADD_MEMBER, lambda g: ("POST", "members/", {"user": g.newcomer})),
    (Action.ADD_MEMBER, lambda g: ("POST", "members/", {"user": g.newcomer, "role": "member"})),
    (Action.ADD_MANAGER, lambda g: ("POST", "members/", {"user": g.newcomer, "role": "admin"})),
    (Action.ADD_MANAGER, lambda g: ("POST", "members/", {"user": g.newcomer, "role": "owner"})),
    (Action.RENAME, lambda g: ("PATCH", "", {"title": "Tea"})),
    (Action.REMOVE_MEMBER, lambda g: ("DELETE", f"members/{g.member}/", None)),
    (Action.REMOVE_MANAGER, lambda g: ("DELETE", f"members/{g.admin}/", None)),
    (Action.REMOVE_MANAGER, lambda g: ("DELETE", f"members/{g.owner}/", None)),
    (Action.CHANGE_ROLE, lambda g: ("PATCH", f"members/{g.member}/", {"role": "admin"})),
    (Action.CHANGE_ROLE, lambda g: ("PATCH", f"members/{g.admin}/", {"role": "member"})),
    (Action.CHANGE_ROLE, lambda g: ("PATCH", f"members/{g.owner}/", {"role": "admin"})),
    (Action.CHANGE_ROLE, lambda g: ("PATCH", f"members/{g.actor}/", {"role": "owner"})),
]
# And over the socket, which has no command for the rest.
OVER_SOCKET: list[tuple[Action, str, dict[str, Any]]] = [
    (Action.WRITE, "message.send", {"text": "hi"}),
    (Action.WRITE, "typing", {"on": True}),
    (Action.READ, "sync", {"after": 0}),
    (Action.READ, "history", {}),
    (Action.READ, "read", {"seq": 1}),
    # The actor's own message is the second.
    (Action.WRITE, "message.edit", {"seq": 2, "text": "hello"}),
    (Action.WRITE, "message.delete", {"seq": 2}),
    (Action.WRITE, "reaction.set", {"seq": 1, "emoji": "👍", "on": True}),
    (Action.DELETE_OF_OTHERS, "message.delete", {"seq": 1}),
]


def make(role: str) -> Group:
    """Return a group in which somebody of `role` acts."""
    first, actor, newcomer, *others = make_users("first", "actor", "newcomer", *ROLES)
    chat = make_group(first)
    of_roles = [*zip(ROLES, others, strict=True), *([] if role == "stranger" else [(role, actor)])]
    for name, user in of_roles:
        Membership.objects.create(chat_id=chat, user_id=user, role=name)
    say(chat, first, "first")
    return Group(chat, actor, newcomer, *others)


def refusal(action: Action, role: str) -> str | None:
    """Return the code with which the table refuses the action, or None."""
    if role == "stranger":
        return "not_a_member"
    return None if TABLE[action][role] == "yes" else "forbidden"


def test_every_action_of_the_table_can_be_asked_for():
    asked_for = {action for action, _ in OVER_REST} | {action for action, *_ in OVER_SOCKET}
    assert asked_for == set(Action) == TABLE.keys()


@pytest.mark.django_db
@pytest.mark.parametrize(("way", "role"), list(product(OVER_REST, (*ROLES, "stranger"))))
def test_rest_allows_what_the_table_says(client, way, role):
    (action, ask), group = way, make(role)
    method, path, body = ask(group)
    headers = {"authorization": f"Bearer {issue_tokens(group.actor).access}"}
    data = b"" if body is None else json.dumps(body).encode()
    answer = client.generic(method, f"/api/chats/{group.chat}/{path}", data, "application/json", headers=headers)
    assert answer.json().get("error", {}).get("code") == refusal(action, role)
    assert Event.objects.count() == 1 or not refusal(action, role)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("role", [*ROLES, "stranger"])
async def test_the_socket_allows_what_the_table_says(world, role):
    group = await run_in_thread(make, role)
    talk = await world.join(group.actor)
    for action, type_, fields in OVER_SOCKET:
        id = await talk.send(type_, chat=group.chat, **fields)
        if code := refusal(action, role):
            await talk.expect_error(code, id=id, chat=group.chat)
        else:
            await talk.expect_ack(id)
