"""Members of a chat: who they are, and who changes that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from messaging import services
from messaging.models import Event, Membership
from tests.messaging.api.conftest import Person
from tests.messaging.world import count_statements


@pytest.fixture
def chat(ada: Person, bob: Person) -> int:
    """Return a group of two, owned by the first."""
    return ada.group(bob)


def test_the_members_are_listed_with_their_roles(ada: Person, bob: Person, cleo: Person, chat: int) -> None:
    """By id; each with where it joined."""
    ada.call("PATCH", "users/me/", {"display_name": "Ada L."})
    ada.post(f"chats/{chat}/members/", {"user": cleo.id})
    assert bob.get(f"chats/{chat}/members/") == {
        "results": [
            {
                "id": ada.id,
                "username": "ada",
                "display_name": "Ada L.",
                "role": "owner",
                "joined_seq": 0,
                "read_seq": 0,
            },
            {"id": bob.id, "username": "bob", "display_name": "", "role": "member", "joined_seq": 0, "read_seq": 0},
            {"id": cleo.id, "username": "cleo", "display_name": "", "role": "member", "joined_seq": 1, "read_seq": 1},
        ],
        "next": None,
    }


def test_members_come_in_pages_at_a_constant_cost(ada: Person, person: Callable[[str], Person]) -> None:
    """Each page begins after the one before."""
    people = [ada, *(person(f"user{number}") for number in range(4))]
    chat = ada.group(*people[1:])
    pages = ada.pages(f"chats/{chat}/members/?limit=2")
    assert [[member["id"] for member in page] for page in pages] == [
        [people[0].id, people[1].id],
        [people[2].id, people[3].id],
        [people[4].id],
    ]
    few = count_statements(lambda: ada.get(f"chats/{chat}/members/?limit=1"))
    many = count_statements(lambda: ada.get(f"chats/{chat}/members/?limit=5"))
    assert few == many == 4 + (connection.vendor == "postgresql")


def test_a_member_is_added_once(ada: Person, cleo: Person, chat: int) -> None:
    """The second time there is no event."""
    path, body = f"chats/{chat}/members/", {"user": cleo.id}
    added = ada.post(path, body)
    assert added == {"seq": 1, "at": added["at"]}
    assert ada.post(path, body, status=200) == {"noop": True}
    assert Event.objects.count() == 1
    assert cleo.get(f"chats/{chat}/")["read"] == 1


def test_a_member_who_is_there_is_added_again_at_no_bound(
    ada: Person, cleo: Person, chat: int, onesocket: Callable[..., None]
) -> None:
    """A repeat is not refused because the first time filled the chat."""
    path, body = f"chats/{chat}/members/", {"user": cleo.id}
    onesocket(members=3, chats=1)
    ada.post(path, body)
    ada.post(path, body, status=200)


def test_bounds_of_members_are_kept(ada: Person, cleo: Person, chat: int, onesocket: Callable[..., None]) -> None:
    """Of the chat, and of the chats of who is added."""
    onesocket(members=2)
    assert ada.refused("POST", f"chats/{chat}/members/", {"user": cleo.id}) == (403, "limit_reached")
    onesocket(members=3, chats=1)
    cleo.group()
    assert ada.refused("POST", f"chats/{chat}/members/", {"user": cleo.id}) == (403, "limit_reached")


def test_only_users_are_added(ada: Person, cleo: Person, chat: int) -> None:
    """Unknown and inactive are the same; what is no id is a bad frame."""
    cleo.user.is_active = False
    cleo.user.save()
    path = f"chats/{chat}/members/"
    for user in (cleo.id, 0, 2**53 - 1):
        assert ada.refused("POST", path, {"user": user}) == (404, "user_not_found")
    for nobody in (None, "1", -1, 2**53, 1.0, True, [1]):
        assert ada.refused_field("POST", path, {"user": nobody}) == "user"
    for role in (None, "king", 5, ["admin"]):
        assert ada.refused_field("POST", path, {"user": cleo.id, "role": role}) == "role"


def test_a_member_adds_nobody(bob: Person, cleo: Person, chat: int) -> None:
    """That is for owners and admins."""
    assert bob.refused("POST", f"chats/{chat}/members/", {"user": cleo.id}) == (403, "forbidden")


def test_only_an_owner_adds_more_than_members(ada: Person, bob: Person, cleo: Person, chat: int) -> None:
    """An admin could make itself an owner by a friend."""
    services.change_role(actor=ada.id, chat=chat, user=bob.id, role="admin")
    path = f"chats/{chat}/members/"
    for role in ("owner", "admin"):
        assert bob.refused("POST", path, {"user": cleo.id, "role": role}) == (403, "forbidden")
    ada.post(path, {"user": cleo.id, "role": "admin"})
    assert Membership.objects.get(chat=chat, user=cleo.id).role == "admin"


def test_a_member_is_removed_or_leaves(ada: Person, bob: Person, cleo: Person, chat: int) -> None:
    """The answer says where; who is not there cannot be removed."""
    ada.post(f"chats/{chat}/members/", {"user": cleo.id})
    assert bob.refused("DELETE", f"chats/{chat}/members/{cleo.id}/") == (403, "forbidden")
    assert ada.call("DELETE", f"chats/{chat}/members/{cleo.id}/") == 200
    assert ada.body["seq"] == 2
    assert bob.call("DELETE", f"chats/{chat}/members/{bob.id}/") == 200
    for user in (bob.id, cleo.id, 0, 2**53, 10**30):
        assert ada.refused("DELETE", f"chats/{chat}/members/{user}/") == (404, "user_not_found")
    assert bob.refused("GET", f"chats/{chat}/members/") == (403, "not_a_member")


def test_roles_are_changed_by_owners(ada: Person, bob: Person, chat: int) -> None:
    """The same role is no event, and the last owner stays one."""
    path = f"chats/{chat}/members/{bob.id}/"
    assert bob.refused("PATCH", path, {"role": "admin"}) == (403, "forbidden")
    assert ada.call("PATCH", path, {"role": "admin"}) == 200
    assert ada.body["seq"] == 1
    assert ada.call("PATCH", path, {"role": "admin"}) == 200
    assert ada.body == {"noop": True}
    assert ada.refused("PATCH", f"chats/{chat}/members/{ada.id}/", {"role": "member"}) == (403, "forbidden")
    assert ada.refused("DELETE", f"chats/{chat}/members/{ada.id}/") == (403, "forbidden")
    assert ada.refused_field("PATCH", path, {"role": "king"}) == "role"
    assert ada.refused("PATCH", f"chats/{chat}/members/{2**53}/", {"role": "admin"}) == (404, "user_not_found")


@pytest.mark.parametrize("role", ["member", "admin"])
def test_nobody_promotes_itself(ada: Person, bob: Person, chat: int, role: str) -> None:
    """Neither by changing its role nor by adding itself once more."""
    if role != "member":
        services.change_role(actor=ada.id, chat=chat, user=bob.id, role=role)
    for wanted in ("admin", "owner"):
        assert bob.refused("PATCH", f"chats/{chat}/members/{bob.id}/", {"role": wanted}) == (403, "forbidden")
        bob.call("POST", f"chats/{chat}/members/", {"user": bob.id, "role": wanted})
    assert Membership.objects.get(chat=chat, user=bob.id).role == role


def test_the_last_owner_leaves_when_another_is_one_or_nobody_else_is_there(ada: Person, bob: Person, chat: int) -> None:
    """And not before: a group of others would have nobody to run it."""
    path, alone = f"chats/{chat}/members/", ada.group()
    assert ada.refused("DELETE", f"{path}{ada.id}/") == (403, "forbidden")
    assert ada.call("PATCH", f"{path}{bob.id}/", {"role": "owner"}) == 200
    assert ada.call("DELETE", f"{path}{ada.id}/") == 200
    assert bob.refused("PATCH", f"{path}{bob.id}/", {"role": "admin"}) == (403, "forbidden")
    assert ada.call("DELETE", f"chats/{alone}/members/{ada.id}/") == 200


def test_the_members_of_a_private_chat_never_change(ada: Person, bob: Person, cleo: Person) -> None:
    """Not by adding, not by leaving, not by roles."""
    chat = ada.post("chats/", {"kind": "private", "members": [bob.id]})["id"]
    assert ada.refused("POST", f"chats/{chat}/members/", {"user": cleo.id}) == (403, "forbidden")
    assert ada.refused("DELETE", f"chats/{chat}/members/{ada.id}/") == (403, "forbidden")
    assert ada.refused("PATCH", f"chats/{chat}/members/{bob.id}/", {"role": "owner"}) == (403, "forbidden")
