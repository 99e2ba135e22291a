"""What is known of chats follows what is told of them."""

from __future__ import annotations

from typing import Any

import pytest

from client import Applied, Chat
from client.terminal.book import TYPING_SECONDS, Book, View
from tests.client.server_frames import created, ready_frame

ME, GRACE, LINUS = 3, 4, 5


def event(seq: int, kind: str = "message.created", *, chat: int = 7, sender: int = GRACE, **more: Any) -> Applied:
    """Make the event of a chat."""
    return Applied(chat, seq, created(chat, seq, type=kind, sender=sender, **more))


@pytest.fixture
def book() -> Book:
    """Know two chats with ten events each, all read."""
    book = Book()
    book.ready(ready_frame((7, 10, 11), (9, 10, 11)))
    return book


def test_ready_tells_the_chats_and_which_are_new(book: Book) -> None:
    book.describe(Chat(7, "group", "T", 10, 0))
    frame = ready_frame((9, 12, 11), (7, 10, 11), (11, 1, 1))
    frame["chats"][0]["unread"] = 2
    assert book.ready(frame) == [9, 11]
    assert [(entry.chat, entry.unread) for entry in book.entries] == [(9, 2), (7, 0), (11, 0)]


def test_a_message_is_unread_and_its_chat_the_newest(book: Book) -> None:
    book.apply(event(11, chat=9))
    assert [(entry.chat, entry.unread) for entry in book.entries] == [(9, 1), (7, 0)]


def test_what_ready_counted_is_not_counted_again_when_it_is_replayed(book: Book) -> None:
    book.apply(event(10))
    assert book.entry(7).unread == 0


@pytest.mark.parametrize(
    "other",
    [
        event(12, "message.edited", target=11),
        event(12, "member.added", user=LINUS),
        event(12, "chat.updated", title="New"),
    ],
)
def test_only_messages_are_unread(book: Book, other: Applied) -> None:
    book.apply(event(11))
    book.apply(other)
    assert book.entry(7).unread == 1


def test_who_writes_has_read(book: Book) -> None:
    book.apply(event(11))
    book.apply(event(12, sender=ME))
    assert book.entry(7).unread == 0
    book.apply(event(13, sender=LINUS))
    assert book.entry(7).markers == {GRACE: 11, LINUS: 13}


def test_what_rest_says_counts_where_it_is_not_older(book: Book) -> None:
    book.apply(event(11))
    book.describe(Chat(7, "group", "Older", 10, 0))
    assert (book.entry(7).title, book.entry(7).unread) == ("Older", 1)
    book.describe(Chat(7, "group", "Newer", 13, 3, members=[{"id": GRACE}]))
    book.apply(event(12))
    assert (book.entry(7).title, book.entry(7).unread, book.entry(7).members) == ("Newer", 3, [GRACE])


def test_members_and_titles_follow_events(book: Book) -> None:
    book.apply(event(11, "member.added", user=LINUS))
    book.apply(event(12, "member.added", user=GRACE))
    book.apply(event(13, "member.removed", user=LINUS))
    book.apply(event(14, "chat.updated", title="Tea"))
    assert (book.entry(7).members, book.entry(7).title) == ([GRACE], "Tea")


def test_a_chat_one_is_not_in_any_more_is_closed(book: Book) -> None:
    book.view = View(7)
    assert book.drop(7)
    assert book.open is None
    assert 7 not in book
    assert book.drop(7) is None


def test_typing_ends_with_a_signal_a_message_or_after_a_while(book: Book) -> None:
    book.view = View(7)
    typing = {"type": "typing", "chat": 7, "on": True}
    for user in (ME, GRACE, LINUS, 6):
        book.signal(typing | {"user": user}, 0)
    assert book.typists(1) == [GRACE, LINUS, 6]
    book.signal(typing | {"user": LINUS, "on": False}, 1)
    book.apply(event(11))
    assert (book.typists(1), book.typists(TYPING_SECONDS)) == ([6], [])


def test_readers_are_told_of_the_own_message_that_is_the_last(book: Book) -> None:
    book.view = View(7, own=12)
    read = {"type": "read", "chat": 7, "user": GRACE}
    book.signal(read | {"seq": 11}, 0)
    assert book.readers() == []
    book.signal(read | {"seq": 12}, 0)
    book.signal(read | {"seq": 5}, 0)
    assert book.readers() == [GRACE]


def test_how_far_members_have_read_is_learned_where_it_is_told(book: Book) -> None:
    book.view, tea = View(7, own=12), book.entry(7)
    book.signal({"type": "read", "chat": 7, "user": LINUS, "seq": 12}, 0)
    book.meet(tea, [{"id": ME, "read_seq": 12}, {"id": GRACE, "read_seq": 12}, {"id": LINUS, "read_seq": 11}])
    assert (tea.members, book.readers()) == ([ME, GRACE, LINUS], [GRACE, LINUS])
    book.meet(tea, [{"id": GRACE, "read_seq": None}, {"id": LINUS}])
    assert book.readers() == [LINUS]


def test_signals_of_chats_that_are_not_there_are_ignored(book: Book) -> None:
    book.signal({"type": "typing", "chat": 99, "user": GRACE, "on": True}, 0)
    book.signal({"type": "presence", "user": GRACE, "online": True}, 0)
    assert 99 not in book
