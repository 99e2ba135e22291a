"""The table of who may what, row by row."""

from __future__ import annotations

from itertools import product

import pytest

from messaging.errors import Forbidden
from messaging.policy import (
    Action,
    Actor,
    check_adds,
    check_changes_role,
    check_deletes,
    check_edits,
    check_removes,
    check_renames,
    may,
    visible_from,
)
from tests.docs.markdown import Document

ROLES = ("owner", "admin", "member")


def actor(role: str, *, user: int = 1, kind: str = "group") -> Actor:
    return Actor(user=user, role=role, chat_kind=kind)


def allows(check, *args, **facts) -> bool:
    try:
        check(*args, **facts)
    except Forbidden:
        return False
    return True


def test_the_documents_show_the_table():
    shown = Document("docs/rest.md").tables("Members")[0]
    assert shown == [[action, *("yes" if may(role, action) else "no" for role in ROLES)] for action in Action]


@pytest.mark.parametrize(("role", "allowed"), [("owner", True), ("admin", True), ("member", False)])
def test_owners_and_admins_add_members_and_change_the_title(role, allowed):
    assert allows(check_renames, actor(role)) is allows(check_adds, actor(role), role="member") is allowed


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("new", ["admin", "owner"])
def test_only_owners_add_more_than_members(role, new):
    assert allows(check_adds, actor(role), role=new) is (role == "owner")


@pytest.mark.parametrize("role", ROLES)
def test_only_its_sender_edits_a_message(role):
    facts = {"age": 1e9, "window": 0}
    assert [allows(check_edits, actor(role), sender=sender, **facts) for sender in (1, 2)] == [True, False]


@pytest.mark.parametrize(
    ("age", "window", "allowed"), [(60, 60, True), (60.001, 60, False), (0, 60, True), (61, 0, True)]
)
def test_an_edit_comes_within_the_window(age, window, allowed):
    assert allows(check_edits, actor("owner"), sender=1, age=age, window=window) is allowed


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", ["group", "private"])
def test_who_manages_a_group_deletes_what_others_wrote(role, kind):
    own, others = (allows(check_deletes, actor(role, kind=kind), sender=sender) for sender in (1, 2))
    assert (own, others) == (True, kind == "group" and role != "member")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("other", "above"), [("owner", "owner"), ("admin", "owner"), ("member", "owner admin")])
def test_a_member_is_removed_by_who_stands_above(role, other, above):
    facts = {"user": 2, "role": other, "owners": 2, "members": 5}
    assert allows(check_removes, actor(role), **facts) is (role in above.split())


@pytest.mark.parametrize(
    ("role", "owners", "members", "allowed"),
    [
        ("member", 1, 5, True),
        ("admin", 1, 5, True),
        ("owner", 2, 5, True),
        ("owner", 1, 5, False),
        ("owner", 1, 1, True),
    ],
)
def test_everybody_may_leave_but_the_last_owner_while_others_are_in(role, owners, members, allowed):
    facts = {"user": 1, "role": role, "owners": owners, "members": members}
    assert allows(check_removes, actor(role), **facts) is allowed


@pytest.mark.parametrize(("role", "old", "new"), list(product(ROLES, repeat=3)))
def test_only_owners_change_roles(role, old, new):
    assert allows(check_changes_role, actor(role), old=old, new=new, owners=2) is (role == "owner")


@pytest.mark.parametrize(("new", "owners", "allowed"), [("admin", 1, False), ("admin", 2, True), ("owner", 1, True)])
def test_the_last_owner_does_not_step_down(new, owners, allowed):
    assert allows(check_changes_role, actor("owner"), old="owner", new=new, owners=owners) is allowed


@pytest.mark.parametrize("role", ROLES)
def test_a_private_chat_is_as_it_is(role):
    one = actor(role, kind="private")
    assert not allows(check_adds, one, role="member")
    assert not allows(check_renames, one)
    assert not allows(check_removes, one, user=1, role=role, owners=0, members=2)
    assert not allows(check_changes_role, one, old="member", new="admin", owners=0)


@pytest.mark.parametrize(
    ("setting", "joined_seq", "first"), [("all", 9, 1), ("since_join", 9, 9), ("since_join", 0, 0)]
)
def test_a_newcomer_pages_back_as_far_as_is_set(setting, joined_seq, first):
    assert visible_from(history_for_newcomers=setting, joined_seq=joined_seq) == first
