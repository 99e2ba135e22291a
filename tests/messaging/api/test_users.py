"""Accounts: registering, names, and whom one can see."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from project.settings import PASSWORD_HASHERS
from tests.messaging.api.conftest import PASSWORD, Caller, Person
from tests.messaging.world import count_statements


@pytest.fixture
def open_door(onesocket: Callable[..., None], transactional_db: None) -> None:
    """Let everybody register."""
    onesocket(OPEN_REGISTRATION=True)


def names(caller: Caller) -> list[str]:
    """Return the names of the users that were answered."""
    return [user["username"] for user in caller.body["results"]]


def test_where_registration_is_open_anybody_makes_an_account(anybody: Caller, open_door: None) -> None:
    """And signs in with it; a token that is no good does not stand in the way."""
    caller = Caller(HTTP_AUTHORIZATION="Bearer stale")
    answer = caller.post("users/", {"username": "ada", "password": PASSWORD})
    assert answer == {"id": answer["id"], "username": "ada"}
    anybody.post("token/", answer | {"password": PASSWORD}, status=200)


def test_a_password_is_kept_as_argon2(anybody: Caller, open_door: None, settings: Any) -> None:
    """As the project has it; the other tests hash faster."""
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    user = anybody.post("users/", {"username": "ada", "password": PASSWORD})
    assert get_user_model().objects.get(pk=user["id"]).password.startswith("argon2$argon2id$")


@pytest.mark.django_db
def test_where_registration_is_closed_nobody_does(anybody: Caller, onesocket: Callable[..., None]) -> None:
    """Whatever is asked."""
    onesocket(OPEN_REGISTRATION=False)
    assert anybody.refused("POST", "users/", {}) == (403, "forbidden")


@pytest.mark.parametrize("name", ["ada", "ADA", "\uff41da"])
def test_a_name_is_given_once(anybody: Caller, ada: Person, open_door: None, name: str) -> None:
    """Also not in capitals, or in letters of another width: it would be taken for the same."""
    assert anybody.refused("POST", "users/", {"username": name, "password": PASSWORD}) == (409, "username_taken")


@pytest.mark.parametrize("name", ["", " ", "a b", "a/b", "x" * 151, "a\n", "a\x00", "\ud800", 5, None, "<b>"])
def test_a_name_that_cannot_be_is_a_bad_frame(anybody: Caller, open_door: None, name: object) -> None:
    """The rules are the user model's."""
    assert anybody.refused_field("POST", "users/", {"username": name, "password": PASSWORD}) == "username"


@pytest.mark.parametrize("password", ["", "short", "password1", "margaret1", None, 12345678, "long enough\x00"])
def test_a_password_that_is_too_weak_is_a_bad_frame(anybody: Caller, open_door: None, password: object) -> None:
    """The validators say what is wrong with it."""
    assert anybody.refused_field("POST", "users/", {"username": "margaret", "password": password}) == "password"


def test_a_user_changes_its_display_name(ada: Person) -> None:
    """It is trimmed like all text, and may be taken back."""
    me = {"id": ada.id, "username": "ada", "display_name": "", "presence": "chats", "receipts": True}
    assert ada.get("users/me/") == me
    assert ada.call("PATCH", "users/me/", {"display_name": "  Ada L. \n"}) == 200
    assert ada.body == ada.get("users/me/") == me | {"display_name": "Ada L."}
    assert ada.call("PATCH", "users/me/", {"display_name": ""}) == 200
    assert ada.body == me


@pytest.mark.parametrize("name", ["x" * 81, "a\x00b", "\ud800", "\x1f", None, 5, ["a"]])
def test_a_display_name_that_cannot_be_is_a_bad_frame(ada: Person, name: object) -> None:
    """Too long, no text, or text that no text may hold."""
    assert ada.refused_field("PATCH", "users/me/", {"display_name": name}) == "display_name"
    assert ada.refused_field("PATCH", "users/me/", {}) == "display_name"


def test_users_are_found_by_either_name(ada: Person, bob: Person, person: Callable[[str], Person]) -> None:
    """In any case; not oneself, and nobody who is inactive."""
    gone = person("bobby")
    gone.user.is_active = False
    gone.user.save()
    bob.call("PATCH", "users/me/", {"display_name": "Robert 100%"})
    for search in ("BO", "robert", "100%25", " bob "):
        assert ada.get(f"users/?search={search}")["results"] == [
            {"id": bob.id, "username": "bob", "display_name": "Robert 100%"}
        ]
    for search in ("ada", "_o_", "x" * 150):
        assert ada.get(f"users/?search={search}")["results"] == []
    assert bob.get("users/?search=")["results"][0]["username"] == "ada"


@pytest.mark.parametrize("search", ["%00", "a%00b", "%07", "x" * 151])
def test_a_search_for_what_is_no_text_is_a_bad_frame(ada: Person, search: str) -> None:
    """It never reaches the database."""
    assert ada.refused_field("GET", f"users/?search={search}") == "search"


def test_users_come_in_pages(ada: Person, person: Callable[[str], Person]) -> None:
    """Each page begins after the one before; none is left out and none comes twice."""
    for number in range(5):
        person(f"user{number}")
    pages = ada.pages("users/?search=user&limit=2")
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [user["username"] for page in pages for user in page] == [f"user{number}" for number in range(5)]


def test_those_one_shares_a_chat_with_are_named(ada: Person, bob: Person, cleo: Person) -> None:
    """Others are left out, as if they did not exist; so are those who left."""
    chat = ada.group(bob)
    everybody = f"users/?ids={ada.id},{bob.id},{cleo.id},{2**53 - 1}"
    ada.get(everybody)
    assert names(ada) == ["ada", "bob"]
    ada.get("users/")
    assert names(ada) == ["ada", "bob"]
    assert ada.call("DELETE", f"chats/{chat}/members/{bob.id}/") == 200
    ada.get(everybody)
    assert names(ada) == ["ada"]


@pytest.mark.parametrize(
    "ids", ["x", "1,,2", "1,", "-1", "1.0", str(2**53), "9" * 400, "\u0663", ",".join(["1"] * 201)]
)
def test_ids_that_are_none_are_a_bad_frame(ada: Person, ids: str) -> None:
    """Malformed, too large or too many."""
    assert ada.refused_field("GET", f"users/?ids={ids}") == "ids"


def test_no_ids_are_nobody(ada: Person) -> None:
    """An empty list is a list."""
    assert ada.get("users/?ids=") == {"results": [], "next": None}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=", "limit=-1", "after=x", "after=1e3", f"after={2**53}"]
)
def test_a_page_that_cannot_be_is_a_bad_frame(ada: Person, query: str) -> None:
    """And never a server error."""
    assert ada.refused_field("GET", f"users/?search=&{query}") == query.partition("=")[0]


def test_a_list_of_users_costs_the_same_for_few_and_for_many(ada: Person, bob: Person) -> None:
    """Who asks, its chats, and who is listed with the accounts; on PostgreSQL one more for the snapshot."""
    snapshot = connection.vendor == "postgresql"
    for chat in (ada.group(bob), ada.group(bob)):
        ada.say(chat, "hi")
        for query, cost in (("search=b", 2), (f"ids={bob.id},{ada.id}", 3), ("", 3)):
            assert count_statements(partial(ada.get, f"users/?{query}")) == cost + snapshot
