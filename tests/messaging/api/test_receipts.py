"""Who sees how far whom has read over REST, and the switch that hides it both ways."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from messaging.models import Account
from tests.messaging.api.conftest import Person


@pytest.fixture
def chat(ada: Person, bob: Person, cleo: Person) -> int:
    """Return a group of three who have read up to 3, 2 and 1."""
    made = ada.group(bob, cleo)
    ada.say(made, "1", "2", "3")
    for who, seq in ((bob, 2), (cleo, 1)):
        who.call("PUT", f"chats/{made}/read/", {"seq": seq})
    return made


def seen(who: Person, chat: int) -> list[int | None]:
    """Return how far each member has read, as far as `who` is told."""
    return [member["read_seq"] for member in who.get(f"chats/{chat}/members/")["results"]]


def switch(who: Person, on: bool) -> None:
    """Switch receipts on or off."""
    assert who.call("PATCH", "users/me/", {"receipts": on}) == 200
    assert who.body["receipts"] is who.get("users/me/")["receipts"] is on


def test_the_members_show_how_far_each_has_read(ada: Person, bob: Person, chat: int) -> None:
    """Unless somebody wants otherwise."""
    assert ada.get("users/me/")["receipts"] is True
    assert seen(ada, chat) == seen(bob, chat) == [3, 2, 1]


def test_off_hides_both_ways(ada: Person, bob: Person, cleo: Person, chat: int) -> None:
    """One still sees one's own; on again, all is as it was."""
    switch(bob, False)
    assert seen(ada, chat) == seen(cleo, chat) == [3, None, 1]
    assert seen(bob, chat) == [None, 2, None]
    switch(bob, True)
    assert seen(ada, chat) == seen(bob, chat) == [3, 2, 1]


def test_in_a_large_chat_nobody_sees_it(ada: Person, chat: int, onesocket: Callable[..., None]) -> None:
    """As with the signals."""
    onesocket(signal_members=2)
    assert seen(ada, chat) == [3, None, None]


def test_the_switch_leaves_all_else_alone(ada: Person) -> None:
    """The name, and what others have set among the preferences."""
    Account.objects.create(user_id=ada.id, display_name="Ada", preferences={"theme": "dark"})
    switch(ada, False)
    account = Account.objects.get(pk=ada.id)
    assert (account.display_name, account.preferences) == ("Ada", {"theme": "dark", "receipts": False})
    ada.call("PATCH", "users/me/", {"display_name": "A.", "receipts": True})
    me = {"id": ada.id, "username": "ada", "display_name": "A.", "presence": "chats", "receipts": True}
    assert ada.body == ada.get("users/me/") == me


@pytest.mark.parametrize("value", [None, 0, "false", []])
def test_a_switch_is_on_or_off(ada: Person, value: object) -> None:
    """And nothing else of the body is done."""
    assert ada.refused_field("PATCH", "users/me/", {"receipts": value, "display_name": "x"}) == "receipts"
    assert ada.get("users/me/")["display_name"] == ""
