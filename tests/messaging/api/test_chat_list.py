"""The list of chats: its order, its pages, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from messaging import selectors, services
from messaging.models import Chat, Event
from tests.messaging.api.conftest import Person
from tests.messaging.world import answers, count_statements, make_group, message, start


def ids(chats: list[dict[str, Any]]) -> list[int]:
    """Return the ids of listed chats."""
    return [chat["id"] for chat in chats]


def test_the_newest_activity_comes_first(ada: Person, bob: Person) -> None:
    """Whatever the activity is; chats of others are not there."""
    first, second, third = (ada.group(bob) for _ in range(3))
    bob.group()
    bob.say(first, "hi")
    services.rename_chat(actor=ada.id, chat=second, title="x")
    assert ids(ada.get("chats/")["results"]) == [second, first, third]
    assert ada.body["next"] is None


def test_the_list_tells_what_is_unread(ada: Person, bob: Person) -> None:
    """In each chat, and in all of them together, those of other pages included."""
    chats = [ada.group(bob) for _ in range(3)]
    for chat, texts in zip(chats, (["1"], ["1", "2"], []), strict=True):
        bob.say(chat, *texts)
    ada.get("chats/?limit=1")
    assert (ada.body["results"][0]["unread"], ada.body["unread_total"]) == (2, 3)
    assert bob.get("chats/")["unread_total"] == 0


def test_the_list_tells_in_how_many_unread_messages_one_is_named(ada: Person, bob: Person) -> None:
    """Apart from what is unread; so does the chat itself."""
    first, second = ada.group(bob), ada.group(bob)
    bob.say(first, "1", "@ada", "@Ada, tea?", "@bob")
    assert {chat["id"]: chat["mentions"] for chat in ada.get("chats/")["results"]} == {first: 2, second: 0}
    services.mark_read(user=ada.id, chat=first, seq=2)
    assert ada.get(f"chats/{first}/")["mentions"] == 1
    assert bob.get(f"chats/{first}/")["mentions"] == 0


def test_the_list_shows_the_last_message_as_it_is_now(ada: Person, bob: Person) -> None:
    """Folded, with what it replies to; an event that is no message is not one."""
    chat = ada.group(bob)
    ada.say(chat, "Tea?")
    services.send_message(sender=bob.id, chat=chat, id="r", text="Yes", reply_to=1)
    services.rename_chat(actor=ada.id, chat=chat, title="x")
    last = ada.get("chats/")["results"][0]["last_message"]
    assert last.pop("at").endswith("Z")
    assert last == {
        "type": "message.created",
        "chat": chat,
        "seq": 2,
        "sender": bob.id,
        "text": "Yes",
        "reply_to": {"seq": 1, "sender": ada.id, "text": "Tea?"},
    }


def test_a_newcomer_does_not_see_a_last_message_from_before(
    ada: Person, bob: Person, onesocket: Callable[..., None]
) -> None:
    """Where history begins with the join."""
    chat = ada.group()
    ada.say(chat, "before")
    services.add_member(actor=ada.id, chat=chat, user=bob.id)
    assert bob.get("chats/")["results"][0]["last_message"]["text"] == "before"
    onesocket(HISTORY_FOR_NEWCOMERS="since_join")
    assert bob.get("chats/")["results"][0]["last_message"] is None
    ada.say(chat, "after")
    assert bob.get("chats/")["results"][0]["last_message"]["text"] == "after"


def test_eight_members_are_named_and_all_are_counted(ada: Person, person: Callable[[str], Person]) -> None:
    """The first by id; who left is neither."""
    others = [person(f"user{number}") for number in range(10)]
    chat = ada.group(*others)
    services.remove_member(actor=ada.id, chat=chat, user=others[0].id)
    shown = ada.get("chats/")["results"][0]
    assert [member["id"] for member in shown["members"]] == [ada.id, *(other.id for other in others[1:8])]
    assert shown["member_count"] == 10


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_show_every_chat_once(ada: Person, limit: int) -> None:
    """Also those of the same moment, however that moment was written."""
    chats = [ada.group() for _ in range(7)]
    moment = datetime(2026, 1, 31, 12, tzinfo=UTC)
    for chat, late in zip(chats[:5], (0, 0, 0, 123_000, 123_000), strict=True):
        Chat.objects.filter(pk=chat).update(updated_at=moment + timedelta(microseconds=late))
    pages = ada.pages(f"chats/?limit={limit}")
    assert [chat["id"] for page in pages for chat in page] == [*chats[:4:-1], *chats[4:2:-1], *chats[2::-1]]
    assert all(len(page) == limit for page in pages[:-1])


def test_the_next_page_begins_after_the_last_whatever_happens_meanwhile(ada: Person) -> None:
    """A chat that moves up is not missed by who reads from the top again; no other is lost or comes twice."""
    chats = [ada.group() for _ in range(4)]
    first = ada.get("chats/?limit=2")
    ada.say(chats[3], "moves nothing")
    ada.say(chats[0], "moves up")
    assert ids(first["results"]) == [chats[3], chats[2]]
    assert ids(ada.get(first["next"])["results"]) == [chats[1]]


@pytest.mark.parametrize("after", ["", "x", "1", "1.", ".1", "1.x", "-1.1", "9" * 18 + ".1", "1." + "9" * 17, "1.1%00"])
def test_a_place_that_cannot_be_is_a_bad_frame(ada: Person, after: str) -> None:
    """What we did not make ourselves is not taken."""
    assert ada.refused_field("GET", f"chats/?after={after}") == "after"


def test_pages_have_a_bound(ada: Person, onesocket: Callable[..., None]) -> None:
    """More than it is as much as it; without a wish it is the usual."""
    onesocket(page_size=2, page_size_most=3)
    for _ in range(5):
        ada.group()
    assert len(ada.get("chats/")["results"]) == 2
    assert len(ada.get("chats/?limit=1000")["results"]) == 3


def test_a_list_costs_the_same_for_few_chats_and_for_many(ada: Person, bob: Person) -> None:
    """Who asks, the page, its members, their number, mentions, the last messages, what those reply to, and the total."""
    costs = set()
    for count in (10, 490):
        chats = [make_group(bob.id, ada.id) for _ in range(count)]
        for reply_to in (None, 1):
            answers(*(message(chat, bob.id, reply_to=reply_to) for chat in chats))
        costs.add(count_statements(lambda: ada.get("chats/?limit=100")))
    assert (len(ada.body["results"]), ada.body["unread_total"]) == (100, 1000)
    # On PostgreSQL one more, for the snapshot.
    assert costs == {8 + (connection.vendor == "postgresql")}


def test_a_chat_is_listed_from_one_snapshot(ada: Person, bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written while the list is put together is not half in it."""
    chat = ada.group(bob)
    bob.say(chat, "1")
    original = selectors.last_messages

    def interrupted(chats: Any) -> Any:
        start(lambda: bob.say(chat, "2"))()
        return original(chats)

    monkeypatch.setattr(selectors, "last_messages", interrupted)
    shown = ada.get("chats/")["results"][0]
    assert (shown["head"], shown["unread"], shown["last_message"]["seq"]) == (1, 1, 1)
    assert (ada.body["unread_total"], Event.objects.count()) == (1, 2)
