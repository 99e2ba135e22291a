"""What a member sets for a chat, and what the totals make of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging import services
from messaging.models import Event
from tests.messaging.api.conftest import Person
from tests.messaging.world import count_statements

UNSET = {"muted_until": None, "archived": False, "pinned_at": None, "marked_unread": False}
TOTALS = ("unread_total", "unread_chats", "badge")


@pytest.fixture
def chat(ada: Person, bob: Person) -> int:
    """Return a group of two with two messages of the second."""
    made = ada.group(bob)
    bob.say(made, "1", "2")
    return made


@pytest.fixture
def change(ada: Person, chat: int) -> Callable[..., Any]:
    """Return a function that changes what the first has set and returns all of it."""

    def ask(**body: Any) -> Any:
        assert ada.call("PATCH", f"chats/{chat}/settings/", body) == 200, ada.body
        return ada.body

    return ask


def totals(who: Person) -> tuple[int, ...]:
    """Return the three totals of the list of chats."""
    who.get("chats/")
    return tuple(who.body[name] for name in TOTALS)


def in_minutes(minutes: int) -> str:
    """Return a moment as a client writes it."""
    return (timezone.now() + timedelta(minutes=minutes)).isoformat()


def test_what_is_not_named_stays(change: Callable[..., Any]) -> None:
    """Each call answers with all of it."""
    assert change() == UNSET
    archived = change(archived=True)
    assert archived == UNSET | {"archived": True}
    marked = change(marked_unread=True, muted_until="2030-01-31T13:00:00.5+01:00")
    assert marked == archived | {"marked_unread": True, "muted_until": "2030-01-31T12:00:00.500000Z"}
    assert change(muted_until=None, archived=False, marked_unread=False) == UNSET


def test_it_is_shown_to_the_member_alone(ada: Person, bob: Person, chat: int, change: Callable[..., Any]) -> None:
    """In the list and in the chat itself; it is no event."""
    head = Event.objects.count()
    settings = change(archived=True, pinned=True)
    assert ada.get(f"chats/{chat}/")["settings"] == ada.get("chats/")["results"][0]["settings"] == settings
    assert bob.get(f"chats/{chat}/")["settings"] == UNSET
    assert Event.objects.count() == head


def test_a_chat_that_is_pinned_again_keeps_its_moment(change: Callable[..., Any]) -> None:
    """Until it is unpinned."""
    first = change(pinned=True)["pinned_at"]
    assert first.endswith("Z")
    assert change(pinned=True)["pinned_at"] == first
    assert change(pinned=False)["pinned_at"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("muted_until", value) for value in ("2030-01-31T12:00:00", "soon", 5, "9999-12-31T23:59:59-14:00", True)),
        *((field, value) for field in ("archived", "pinned", "marked_unread") for value in (None, 1, "true")),
    ],
)
def test_what_cannot_be_is_a_bad_frame(ada: Person, chat: int, field: str, value: Any) -> None:
    """A time without its offset is no moment."""
    assert ada.refused_field("PATCH", f"chats/{chat}/settings/", {field: value}) == field


def test_the_list_chooses_by_archived(ada: Person, bob: Person, chat: int, change: Callable[..., Any]) -> None:
    """Its next pages too; the totals are those of all chats."""
    others = [ada.group(bob) for _ in range(3)]
    change(archived=True)
    assert [[each["id"] for each in page] for page in ada.pages("chats/?archived=1")] == [[chat]]
    assert [[each["id"] for each in page] for page in ada.pages("chats/?archived=0&limit=2")] == [
        [others[2], others[1]],
        [others[0]],
    ]
    assert ada.body["unread_total"] == 2
    assert ada.refused_field("GET", "chats/?archived=yes") == "archived"


def test_a_message_leaves_a_chat_archived(bob: Person, chat: int, change: Callable[..., Any]) -> None:
    """Who put it away takes it out again."""
    change(archived=True)
    bob.say(chat, "3")
    assert change()["archived"] is True


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (2, 1, 2)),
        ({"muted_until": in_minutes(600)}, (2, 1, 0)),
        ({"muted_until": "9999-12-31T23:59:59Z"}, (2, 1, 0)),
        ({"muted_until": in_minutes(-5)}, (2, 1, 2)),
        ({"archived": True}, (2, 1, 0)),
        ({"pinned": True}, (2, 1, 2)),
        ({"marked_unread": True}, (2, 1, 2)),
    ],
)
def test_the_badge_leaves_out_what_is_muted_or_archived(
    ada: Person, change: Callable[..., Any], settings: dict[str, Any], expected: tuple[int, ...]
) -> None:
    """The other totals do not."""
    change(**settings)
    assert totals(ada) == expected


def test_a_chat_that_is_marked_unread_counts_as_one(ada: Person, chat: int, change: Callable[..., Any]) -> None:
    """In the badge, where it is not muted; neither its marker nor its unread messages move."""
    ada.call("PUT", f"chats/{chat}/read/", {"seq": 2})
    change(marked_unread=True)
    assert totals(ada) == (0, 1, 1)
    assert (ada.get(f"chats/{chat}/")["unread"], ada.body["read"]) == (0, 2)
    change(muted_until=in_minutes(5))
    assert totals(ada) == (0, 1, 0)


@pytest.mark.parametrize("seq", [0, 1, 2])
def test_reading_takes_the_mark_away(ada: Person, chat: int, change: Callable[..., Any], seq: int) -> None:
    """Also where the marker stays where it is."""
    ada.call("PUT", f"chats/{chat}/read/", {"seq": 1})
    change(marked_unread=True)
    ada.call("PUT", f"chats/{chat}/read/", {"seq": seq})
    assert change() == UNSET


def test_writing_takes_ones_own_mark_away(ada: Person, bob: Person, chat: int, change: Callable[..., Any]) -> None:
    """What others write does not."""
    change(marked_unread=True)
    bob.say(chat, "3")
    assert change()["marked_unread"] is True
    ada.say(chat, "4")
    assert change()["marked_unread"] is False


def test_it_is_kept_by_who_leaves_and_comes_back(ada: Person, bob: Person, chat: int) -> None:
    """In between there is nothing to set."""
    bob.call("PATCH", f"chats/{chat}/settings/", {"archived": True, "muted_until": "2030-01-31T12:00:00Z"})
    kept = bob.body
    services.remove_member(actor=ada.id, chat=chat, user=bob.id)
    assert bob.refused("PATCH", f"chats/{chat}/settings/", {"archived": False}) == (403, "not_a_member")
    services.add_member(actor=ada.id, chat=chat, user=bob.id)
    assert bob.get(f"chats/{chat}/")["settings"] == kept


def test_a_change_is_two_statements(ada: Person, chat: int, change: Callable[..., Any]) -> None:
    """And one for who asks."""
    assert count_statements(lambda: change(archived=True)) == 3
