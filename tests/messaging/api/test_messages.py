"""History over REST, and messages written without a socket."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from messaging import selectors, services
from messaging.models import Event
from tests.messaging.api.conftest import Person
from tests.messaging.world import addition, answers, count_statements, deletion, message, reaction, start


def seqs(person: Person) -> list[int]:
    """Return the seqs of the last answer."""
    return [message["seq"] for message in person.body["results"]]


@pytest.fixture
def chat(ada: Person, bob: Person) -> int:
    """Return a group of two."""
    return ada.group(bob)


def test_a_message_is_written_once(ada: Person, bob: Person, chat: int) -> None:
    """A repeat gets the first answer, whatever has happened since; other content is a conflict."""
    path, body = f"chats/{chat}/messages/", {"id": "m-1", "text": " Tea?\r\n"}
    first = ada.post(path, body)
    assert first == {"seq": 1, "at": first["at"]}
    bob.say(chat, "Yes")
    assert ada.post(path, body | {"text": "Tea?"}, status=200) == first | {"duplicate": True}
    assert ada.refused("POST", path, body | {"text": "Coffee?"}) == (409, "id_conflict")
    assert bob.post(path, body)["seq"] == 3
    services.remove_member(actor=ada.id, chat=chat, user=bob.id)
    assert bob.post(path, body, status=200)["seq"] == 3


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", None),
        ("id", ""),
        ("id", "a b"),
        ("id", "x" * 65),
        ("id", 5),
        ("text", ""),
        ("text", " \n"),
        ("text", "x" * 4001),
        ("text", "a\x00"),
        ("text", "\ud800"),
        ("text", "a\x7f"),
        ("text", 5),
        ("text", None),
        ("reply_to", -1),
        ("reply_to", 2**53),
        ("reply_to", "1"),
        ("reply_to", 1.0),
        ("attachments", ["a"]),
        ("attachments", "a"),
    ],
)
def test_a_message_that_cannot_be_is_a_bad_frame(ada: Person, chat: int, field: str, value: object) -> None:
    """The rules of the socket, field by field."""
    body = {"id": "m", "text": "hi"} | {field: value}
    assert ada.refused_field("POST", f"chats/{chat}/messages/", body) == field
    assert not Event.objects.exists()


# What the log of the chat has at each: a message from before the joining, the joining, two messages, a reaction to the
# first of them and the deletion of the second. The other chat has a seventh too.
@pytest.mark.parametrize(("reply_to", "found"), [(3, True), *((seq, False) for seq in (0, 1, 2, 4, 5, 6, 7))])
def test_a_reply_is_to_a_message_that_one_may_see(
    ada: Person, cleo: Person, chat: int, onesocket: Callable[..., None], reply_to: int, found: bool
) -> None:
    """Of this chat, and not deleted."""
    onesocket(HISTORY_FOR_NEWCOMERS="since_join")
    other = cleo.group()
    cleo.say(other, *(f"elsewhere {n}" for n in range(7)))
    first = [message(chat, ada.id), addition(chat, ada.id, cleo.id), message(chat, ada.id), message(chat, ada.id)]
    assert answers(*first, reaction(chat, ada.id, 3), deletion(chat, ada.id, 4)) == [1, 2, 3, 4, 5, 6]
    path, body = f"chats/{chat}/messages/", {"id": "r", "text": "re", "reply_to": reply_to}
    if found:
        assert cleo.post(path, body)["seq"] == 7
    else:
        assert cleo.refused("POST", path, body) == (404, "message_not_found")


def test_a_reply_in_a_foreign_chat_does_not_tell_whether_its_target_is_there(
    ada: Person, cleo: Person, chat: int
) -> None:
    """Nor whether the chat is."""
    ada.say(chat, "hi")
    for where, reply_to in ((chat, 1), (chat, 9), (chat + 99, 1)):
        body = {"id": "r", "text": "re", "reply_to": reply_to}
        assert cleo.refused("POST", f"chats/{where}/messages/", body) == (403, "not_a_member")


def test_the_chat_is_the_one_of_the_address(ada: Person, bob: Person, chat: int) -> None:
    """Whatever the body says; and a body is one object."""
    other = ada.group()
    path = f"chats/{chat}/messages/"
    ada.post(path, {"id": "m", "text": "hi", "chat": other, "unknown": 1, "type": "message.send"})
    assert Event.objects.get().chat_id == chat
    assert ada.refused_field("POST", path, {"id": "m", "text": "hi", "type": "message.edit"})
    for body in (b"[]", b'"x"', b"5"):
        assert ada.refused("POST", path, raw=body) == (400, "bad_frame")
    assert ada.refused("POST", path, {"id": "n", "text": "hi", "reply_to": 9}) == (404, "message_not_found")


def test_history_is_newest_first_and_complete(ada: Person, bob: Person, cleo: Person, chat: int) -> None:
    """Messages are folded; members and title stand in their own place with their own fields."""
    ada.say(chat, "Tea?")
    ada.post(f"chats/{chat}/members/", {"user": cleo.id})
    services.rename_chat(actor=ada.id, chat=chat, title="Tea")
    services.change_role(actor=ada.id, chat=chat, user=cleo.id, role="admin")
    services.remove_member(actor=ada.id, chat=chat, user=cleo.id)
    shown = bob.get(f"chats/{chat}/messages/")["results"]
    own = [{name: message[name] for name in message.keys() - {"chat", "at", "sender"}} for message in shown]
    assert own == [
        {"type": "member.removed", "seq": 5, "user": cleo.id},
        {"type": "member.role", "seq": 4, "user": cleo.id, "role": "admin"},
        {"type": "chat.updated", "seq": 3, "title": "Tea"},
        {"type": "member.added", "seq": 2, "user": cleo.id, "role": "member"},
        {"type": "message.created", "seq": 1, "text": "Tea?"},
    ]
    assert all((message["chat"], message["sender"]) == (chat, ada.id) for message in shown)


def test_history_is_paged_back(ada: Person, chat: int) -> None:
    """`next` goes older until nothing is left."""
    ada.say(chat, *"abcdefg")
    assert [[m["seq"] for m in page] for page in ada.pages(f"chats/{chat}/messages/?limit=3")] == [
        [7, 6, 5],
        [4, 3, 2],
        [1],
    ]
    ada.get(f"chats/{chat}/messages/?before=3")
    assert seqs(ada) == [2, 1]


def test_history_is_paged_forward(ada: Person, chat: int) -> None:
    """Above `after` the oldest page comes first, itself newest first; `next` goes younger."""
    ada.say(chat, *"abcdefg")
    pages = ada.pages(f"chats/{chat}/messages/?after=1&limit=2")
    assert [[m["seq"] for m in page] for page in pages] == [[3, 2], [5, 4], [7, 6]]
    assert [[m["seq"] for m in page] for page in ada.pages(f"chats/{chat}/messages/?after=1&before=5&limit=2")] == [
        [3, 2],
        [4],
    ]
    assert ada.get(f"chats/{chat}/messages/?after=7") == {"results": [], "next": None}


def test_a_newcomer_pages_back_to_its_join(
    ada: Person, bob: Person, cleo: Person, chat: int, onesocket: Callable[..., None]
) -> None:
    """Where history begins there; of what a message replies to there is the place only."""
    ada.say(chat, "secret")
    services.add_member(actor=ada.id, chat=chat, user=cleo.id)
    services.send_message(sender=bob.id, chat=chat, id="r", text="Yes", reply_to=1)
    cleo.get(f"chats/{chat}/messages/")
    assert seqs(cleo) == [3, 2, 1]
    onesocket(HISTORY_FOR_NEWCOMERS="since_join")
    cleo.get(f"chats/{chat}/messages/?after=0")
    assert seqs(cleo) == [3, 2]
    assert cleo.body["results"][0]["reply_to"] == {"seq": 1}
    assert "secret" not in str(cleo.body)


def test_a_message_is_shown_as_it_is_now(ada: Person, bob: Person, chat: int) -> None:
    """Edited, with its reactions, and without anything where it was deleted."""
    ada.say(chat, "1", "2")
    services.send_message(sender=bob.id, chat=chat, id="r", text="3", reply_to=2)
    now = timezone.now()
    Event.objects.filter(seq=1).update(edited_at=now, reactions={"🙂": [ada.id, bob.id], "👍": [bob.id], "x": []})
    Event.objects.filter(seq=2).update(deleted_at=now, text="", edited_at=now, reactions={"🙂": [ada.id]})
    reply, deleted, edited = ada.get(f"chats/{chat}/messages/")["results"]
    assert deleted.keys() == {"type", "chat", "seq", "at", "sender", "deleted"}
    assert reply["reply_to"] == {"seq": 2, "sender": ada.id, "text": ""}
    assert edited["edited_at"].endswith("Z")
    assert sorted(edited["reactions"], key=lambda reaction: reaction["count"]) == [
        {"emoji": "👍", "count": 1, "mine": False},
        {"emoji": "🙂", "count": 2, "mine": True},
    ]


def test_what_is_done_to_messages_is_folded(ada: Person, bob: Person, chat: int) -> None:
    """As it was done, by whom it may be: the real writes, and nothing of what was deleted."""
    ada.say(chat, "1", "secret", "3")
    services.edit_message(sender=ada.id, chat=chat, id="e", seq=1, text="uno")
    for person, emoji in ((ada, "🙂"), (bob, "🙂"), (bob, "👍")):
        services.set_reaction(sender=person.id, chat=chat, id=f"{person.id}{ord(emoji)}", seq=1, emoji=emoji, on=True)
    services.send_message(sender=bob.id, chat=chat, id="r", text="re", reply_to=2)
    services.delete_message(sender=ada.id, chat=chat, id="d", seq=2)
    reply, third, deleted, first = bob.get(f"chats/{chat}/messages/")["results"]
    assert (reply["seq"], reply["reply_to"]) == (8, {"seq": 2, "sender": ada.id, "text": ""})
    assert (first["text"], first["edited_at"][-1], third.keys() & {"edited_at", "reactions"}) == ("uno", "Z", set())
    assert {each["emoji"]: (each["count"], each["mine"]) for each in first["reactions"]} == {
        "🙂": (2, True),
        "👍": (1, True),
    }
    assert deleted.keys() == {"type", "chat", "seq", "at", "sender", "deleted"}


def test_a_quote_is_short(ada: Person, chat: int) -> None:
    """Whatever the length of what it quotes."""
    services.send_message(sender=ada.id, chat=chat, id="m", text="x" * 4_000)
    services.send_message(sender=ada.id, chat=chat, id="r", text="re", reply_to=1)
    assert ada.get(f"chats/{chat}/messages/")["results"][0]["reply_to"]["text"] == "x" * 140


@pytest.mark.parametrize("name", ["before", "after", "limit"])
@pytest.mark.parametrize("value", ["", "x", "-1", "1.0", "1e3", " 1", str(2**53), "9" * 400, "%00", "\u0663"])
def test_a_place_that_cannot_be_is_a_bad_frame(ada: Person, chat: int, name: str, value: str) -> None:
    """And never a server error."""
    assert ada.refused_field("GET", f"chats/{chat}/messages/?{name}={value}") == name


def test_a_page_of_history_costs_the_same_for_few_messages_and_for_many(ada: Person) -> None:
    """Who asks, its membership, the page and what that replies to."""
    costs = set()
    for count in (10, 100):
        chat = ada.group()
        path = f"chats/{chat}/messages/?limit=100"
        answers(*(message(chat, ada.id, reply_to=seq or None) for seq in range(count)))
        answers(*(reaction(chat, ada.id, seq, emoji) for seq in range(1, count + 1) for emoji in "🙂👍"))
        costs.add(count_statements(functools.partial(ada.get, path)))
        assert len(ada.body["results"]) == count
        assert all(len(shown["reactions"]) == 2 for shown in ada.body["results"])
        assert [shown.get("reply_to", {}).get("seq") for shown in ada.body["results"]] == [
            *range(count - 1, 0, -1),
            None,
        ]
    assert costs == {4 + (connection.vendor == "postgresql")}


def test_who_is_removed_while_reading_sees_nothing_from_after_it(
    ada: Person, bob: Person, chat: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Membership and messages are of one snapshot."""
    ada.say(chat, "before")
    original = selectors.history

    def interrupted(*args: Any, **kwargs: Any) -> Any:
        start(lambda: services.remove_member(actor=ada.id, chat=chat, user=bob.id))()
        start(lambda: ada.say(chat, "after"))()
        return original(*args, **kwargs)

    monkeypatch.setattr(selectors, "history", interrupted)
    bob.get(f"chats/{chat}/messages/")
    assert seqs(bob) == [1]
    assert bob.refused("GET", f"chats/{chat}/messages/") == (403, "not_a_member")
