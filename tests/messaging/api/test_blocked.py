"""Blocking somebody over REST, and the preference of whom one's presence shows to."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.messaging.api.conftest import Person


def test_a_user_blocks_and_unblocks(ada: Person, bob: Person) -> None:
    """Either may be said twice; the list is one's own."""
    for _ in range(2):
        assert ada.call("PUT", f"users/blocked/{bob.id}/") == 204
        assert [user["id"] for user in ada.get("users/blocked/")["results"]] == [bob.id]
    assert bob.get("users/blocked/") == {"results": [], "next": None}
    for _ in range(2):
        assert ada.call("DELETE", f"users/blocked/{bob.id}/") == 204
        assert ada.get("users/blocked/")["results"] == []


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_who_cannot_be_blocked_is_said(ada: Person, method: str) -> None:
    """Nobody, and oneself."""
    assert ada.refused(method, f"users/blocked/{ada.id + 1000}/") == (404, "user_not_found")
    assert ada.refused_field(method, f"users/blocked/{ada.id}/") == "user"


def test_the_blocked_come_in_pages(ada: Person, person: Callable[[str], Person]) -> None:
    """By id; none is left out and none comes twice."""
    ids = [person(f"user{number}").id for number in range(5)]
    for id in ids:
        ada.call("PUT", f"users/blocked/{id}/")
    pages = ada.pages("users/blocked/?limit=2")
    assert [[user["id"] for user in page] for page in pages] == [ids[:2], ids[2:4], ids[4:]]


def test_to_each_other_the_two_are_as_good_as_unknown(ada: Person, bob: Person) -> None:
    """Who is blocked and who blocks are told what they are told of somebody who is not there."""
    ada.call("PUT", f"users/blocked/{bob.id}/")
    for one, other in ((ada, bob), (bob, ada)):
        body = {"kind": "private", "members": [other.id]}
        assert one.refused("POST", "chats/", body) == (404, "user_not_found")
        chat = one.group()
        assert one.refused("POST", f"chats/{chat}/members/", {"user": other.id}) == (404, "user_not_found")
        assert one.get(f"users/?search={other.name}")["results"] == []


def test_the_private_chat_that_is_there_stays_and_is_closed(ada: Person, bob: Person) -> None:
    """It is listed and read; nothing is written to it."""
    chat = ada.post("chats/", {"kind": "private", "members": [bob.id]})["id"]
    ada.say(chat, "hello")
    bob.call("PUT", f"users/blocked/{ada.id}/")
    for one in (ada, bob):
        assert [each["id"] for each in one.get("chats/")["results"]] == [chat]
        assert len(one.get(f"chats/{chat}/messages/")["results"]) == 1
        assert one.refused("POST", f"chats/{chat}/messages/", {"id": "x", "text": "hi"}) == (403, "forbidden")


def test_a_user_says_to_whom_its_presence_shows(ada: Person) -> None:
    """To those it chats with, unless it says nobody; a change of the one leaves the other as it was."""
    assert ada.get("users/me/")["presence"] == "chats"
    assert ada.call("PATCH", "users/me/", {"display_name": "Ada"}) == 200
    for presence in ("nobody", "chats", "nobody"):
        assert ada.call("PATCH", "users/me/", {"presence": presence}) == 200
        assert ada.body == ada.get("users/me/")
        assert (ada.body["presence"], ada.body["display_name"]) == (presence, "Ada")
    assert ada.call("PATCH", "users/me/", {"display_name": "Ada L."}) == 200
    assert ada.get("users/me/")["presence"] == "nobody"


@pytest.mark.parametrize("presence", ["everybody", "", None, True, []])
def test_a_preference_that_is_none_is_a_bad_frame(ada: Person, presence: object) -> None:
    """It is one of two words."""
    assert ada.refused_field("PATCH", "users/me/", {"presence": presence}) == "presence"
    assert ada.get("users/me/")["presence"] == "chats"
