"""Making, showing and renaming chats, and how far they were read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from messaging import services
from messaging.models import Chat
from tests.messaging.api.conftest import Caller, Person
from tests.messaging.world import in_threads

AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def private(person: Person, other: Person) -> dict[str, Any]:
    """Return the body that asks for a private chat."""
    return {"kind": "private", "members": [other.id]}


def test_a_new_group_is_shown_to_its_creator(ada: Person, bob: Person) -> None:
    """With everything a list of chats shows."""
    chat = ada.post("chats/", {"kind": "group", "members": [bob.id, ada.id], "title": " Tea \n"})
    assert AT.fullmatch(chat.pop("updated_at"))
    assert chat == {
        "id": chat["id"],
        "kind": "group",
        "title": "Tea",
        "head": 0,
        "unread": 0,
        "mentions": 0,
        "read": 0,
        "member_count": 2,
        "members": [
            {"id": ada.id, "username": "ada", "display_name": ""},
            {"id": bob.id, "username": "bob", "display_name": ""},
        ],
        "last_message": None,
        "settings": {"muted_until": None, "archived": False, "pinned_at": None, "marked_unread": False},
    }


def test_the_private_chat_of_a_pair_exists_once(ada: Person, bob: Person) -> None:
    """Whoever of the two asks; it has no title."""
    first = ada.post("chats/", private(ada, bob) | {"title": "ignored"})
    assert (first["kind"], first["title"]) == ("private", "")
    assert bob.post("chats/", private(bob, ada), status=200)["id"] == first["id"]
    assert ada.post("chats/", {"kind": "private", "members": [ada.id, bob.id]}, status=200)["id"] == first["id"]


def test_a_pair_that_asks_at_the_same_moment_gets_one_chat(ada: Person, bob: Person) -> None:
    """The database holds it to that."""
    pairs = [(ada, bob), (bob, ada)]
    assert set(in_threads(2, lambda n: pairs[n][0].call("POST", "chats/", private(*pairs[n])))) <= {200, 201}
    assert ada.body["id"] == bob.body["id"]
    assert Chat.objects.count() == 1


def test_the_id_of_a_creation_finds_the_group_again(ada: Person, bob: Person) -> None:
    """It is the creator's own: somebody else's is another group."""
    body = {"kind": "group", "members": [bob.id], "title": "Tea", "id": "g-1"}
    first = ada.post("chats/", body)
    assert ada.post("chats/", body, status=200)["id"] == first["id"]
    assert bob.post("chats/", body | {"members": [ada.id]})["id"] != first["id"]
    assert ada.post("chats/", body | {"id": None})["id"] != first["id"]


def test_a_private_chat_is_of_two(ada: Person, bob: Person, cleo: Person) -> None:
    """Not with oneself, not with nobody, not with more."""
    for members in ([], [ada.id], [bob.id, cleo.id]):
        assert ada.refused_field("POST", "chats/", {"kind": "private", "members": members}) == "members"


def test_members_must_be_users(ada: Person, bob: Person) -> None:
    """Unknown and inactive are the same."""
    bob.user.is_active = False
    bob.user.save()
    for member in (bob.id, 0, 2**53 - 1):
        for kind in ("group", "private"):
            body = {"kind": kind, "members": [member]}
            assert ada.refused("POST", "chats/", body) == (404, "user_not_found")
    assert not Chat.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "channel"),
        ("kind", None),
        ("kind", ["group"]),
        ("members", None),
        ("members", "1"),
        ("members", ["1"]),
        ("members", [1.0]),
        ("members", [True]),
        ("members", [-1]),
        ("members", [2**53]),
        ("members", [None]),
        ("title", "x" * 201),
        ("title", "a\x00b"),
        ("title", "\ud800"),
        ("title", 5),
        ("title", None),
        ("id", ""),
        ("id", "a b"),
        ("id", "x" * 65),
        ("id", "é"),
        ("id", "x\n"),
        ("id", 5),
    ],
)
def test_a_field_that_does_not_fit_is_named(ada: Person, field: str, value: object) -> None:
    """Nothing is coerced and nothing is made."""
    body = {"kind": "group", "members": [], "title": "Tea", "id": "g"} | {field: value}
    assert ada.refused_field("POST", "chats/", body) == field
    assert not Chat.objects.exists()


def test_bounds_of_chats_are_kept(ada: Person, bob: Person, onesocket: Callable[..., None]) -> None:
    """Members of a chat, and chats of each of its members."""
    onesocket(members=1)
    assert ada.refused("POST", "chats/", {"kind": "group", "members": [bob.id]}) == (403, "limit_reached")
    onesocket(members=2, chats=1)
    bob.group()
    assert ada.refused("POST", "chats/", {"kind": "group", "members": [bob.id]}) == (403, "limit_reached")


def test_a_group_is_renamed_by_who_may(ada: Person, bob: Person, cleo: Person) -> None:
    """The answer is the chat; no title is a title."""
    chat = ada.group(bob, title="Tea")
    assert ada.call("PATCH", f"chats/{chat}/", {"title": "Coffee"}) == 200
    assert (ada.body["title"], ada.body["head"], ada.body["unread"]) == ("Coffee", 1, 0)
    assert ada.call("PATCH", f"chats/{chat}/", {"title": ""}) == 200
    assert bob.get(f"chats/{chat}/")["title"] == ""
    assert bob.refused("PATCH", f"chats/{chat}/", {"title": "Milk"}) == (403, "forbidden")
    assert cleo.refused("PATCH", f"chats/{chat}/", {"title": "Milk"}) == (403, "not_a_member")
    pair = ada.post("chats/", private(ada, bob))["id"]
    assert ada.refused("PATCH", f"chats/{pair}/", {"title": "Milk"}) == (403, "forbidden")
    assert ada.refused_field("PATCH", f"chats/{chat}/", {"title": "x" * 201}) == "title"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"title": "x"}),
        ("GET", "messages/", None),
        ("POST", "messages/", {"id": "a", "text": "hi"}),
        ("GET", "members/", None),
        ("POST", "members/", {"user": 1}),
        ("DELETE", "members/1/", None),
        ("PATCH", "members/1/", {"role": "admin"}),
        ("PUT", "read/", {"seq": 1}),
        ("PATCH", "settings/", {"archived": True}),
        ("PATCH", "settings/", {}),
    ],
)
def test_a_chat_one_is_not_in_does_not_show(ada: Person, bob: Person, method: str, path: str, body: Any) -> None:
    """It is refused in the same words whether it exists or not, and however large its id is."""
    existing = ada.group()
    for chat in (existing, existing + 1, 0, 2**53 - 1, 2**53, 2**63, 10**30):
        assert bob.refused(method, f"chats/{chat}/{path}", body) == (403, "not_a_member")


def test_a_marker_moves_forward_only(ada: Person, bob: Person) -> None:
    """Above the head it counts as the head; the answer is where it is."""
    chat = ada.group(bob)
    ada.say(chat, "1", "2", "3")
    path = f"chats/{chat}/read/"
    for seq, at, unread in ((0, 0, 3), (2, 2, 1), (1, 2, 1), (2**53 - 1, 3, 0)):
        assert bob.call("PUT", path, {"seq": seq}) == 200
        assert bob.body == {"seq": at}
        assert bob.get(f"chats/{chat}/")["unread"] == unread
    for no_seq in (-1, 2**53, "1", 1.5, None):
        assert bob.refused_field("PUT", path, {"seq": no_seq}) == "seq"


def test_only_messages_count_as_unread(ada: Person, bob: Person) -> None:
    """And one's own are read."""
    chat = ada.group(bob)
    services.rename_chat(actor=ada.id, chat=chat, title="x")
    ada.say(chat, "1")
    shown = [(who.get(f"chats/{chat}/")["head"], who.body["unread"], who.body["read"]) for who in (ada, bob)]
    assert shown == [(2, 0, 2), (2, 1, 0)]


def test_without_a_token_there_are_no_chats(anybody: Caller) -> None:
    """Not even the question whether they exist."""
    for method, path in (("GET", "chats/"), ("POST", "chats/"), ("GET", "chats/1/"), ("POST", "chats/1/messages/")):
        assert anybody.refused(method, path) == (401, "token_invalid")
