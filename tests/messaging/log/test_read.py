"""read: what stands in many logs after given places, as it is now, from one snapshot."""

from __future__ import annotations

import pytest
from django.utils import timezone

from messaging.log import LogPage, Position, read
from messaging.models import Event, Store
from messaging.protocol.batch import EventBatch
from messaging.protocol.kinds import Kind
from tests.messaging.world import (
    addition,
    answers,
    count_statements,
    events_of,
    make_group,
    make_private,
    make_users,
    message,
    outcomes,
    promotion,
    removal,
    renaming,
    say,
)

pytestmark = pytest.mark.django_db(transaction=True)


def seqs(page: LogPage) -> list[int]:
    return [event.seq for event in page.events]


@pytest.fixture
def chat(ann) -> int:
    chat = make_group(ann)
    say(chat, ann, "one", "two", "three", "four", "five")
    return chat


@pytest.mark.parametrize(
    ("after", "limit", "found"),
    [(0, 10, [1, 2, 3, 4, 5]), (0, 2, [1, 2]), (2, 2, [3, 4]), (4, 2, [5]), (5, 2, []), (9, 2, []), (2**53 - 1, 2, [])],
)
def test_a_page_follows_its_position_and_tells_the_head(chat, after, limit, found):
    (page,) = read([Position(chat, after, limit)])
    assert (seqs(page), page.head, page.epoch) == (found, 5, Store.objects.get().epoch)


def test_many_positions_are_one_statement_and_answered_in_their_order(ann, chat):
    other = make_group(ann)
    say(other, ann, "one")
    positions = [Position(*p) for p in ((other, 0, 9), (chat, 3, 9), (chat, 0, 1), (other, 1, 9), (chat, 3, 9))]
    assert count_statements(lambda: read(positions * 20)) == 1
    assert [seqs(page) for page in read(positions)] == [[1], [4, 5], [1], [], [4, 5]]
    assert [page.head for page in read(positions)] == [1, 5, 5, 1, 5]


def test_a_chat_that_is_not_there_has_an_empty_page(chat):
    unknown, known = read([Position(chat + 1, 0, 9), Position(chat, 4, 9)])
    assert unknown == LogPage()
    assert seqs(known) == [5]


def test_nothing_asked_is_nothing_read():
    assert read([]) == []


def test_a_chat_without_events_has_a_head_of_zero(ann):
    (page,) = read([Position(make_group(ann), 0, 9)])
    assert (page.head, page.events) == (0, [])


def test_what_is_read_is_to_the_byte_what_was_published(ann):
    bob, eve = make_users("bob", "eve")
    chat = make_group(ann, bob)
    written = outcomes(
        message(chat, ann, "Grüße ☃ 😀\n\t\"'\\"),
        message(chat, bob, "so", reply_to=1),
        addition(chat, ann, eve),
        promotion(chat, ann, eve, "admin"),
        renaming(chat, eve, ""),
        removal(chat, eve, bob),
    )
    (page,) = read([Position(chat, 0, 9)])
    published = EventBatch.from_events([outcome.event for outcome in written], epoch=page.epoch)
    assert EventBatch.from_events(page.events, epoch=page.epoch).as_message() == published.as_message()


def test_a_message_carries_its_text_as_it_is_now(chat):
    Event.objects.filter(seq=2).update(text="edited", edited_at=timezone.now())
    assert [event.body["text"] for event in events_of(chat)] == ["one", "edited", "three", "four", "five"]


def test_a_deleted_message_carries_deleted_instead_of_its_text(chat):
    Event.objects.filter(seq=2).update(text="", content_hash=None, deleted_at=timezone.now())
    deleted = events_of(chat)[1]
    assert (deleted.body, deleted.content_hash) == ({"deleted": True}, None)
    assert deleted.id is not None


def test_a_deleted_reply_keeps_what_it_replies_to(ann, chat):
    answers(message(chat, ann, reply_to=1))
    Event.objects.filter(seq=6).update(text="", deleted_at=timezone.now())
    assert events_of(chat)[-1].body == {"reply_to": 1, "deleted": True}


def test_events_that_fold_carry_their_target(ann, chat):
    common = {"chat_id": chat, "sender_id": ann, "at": timezone.now(), "message_no": 5}
    Event.objects.create(seq=6, kind=Kind.MESSAGE_EDITED, target=2, text="edited", **common)
    Event.objects.create(seq=7, kind=Kind.MESSAGE_DELETED, target=3, **common)
    Event.objects.create(seq=8, kind=Kind.REACTION_SET, target=1, payload={"emoji": "☃", "on": False}, **common)
    assert [event.body for event in events_of(chat, after=5)] == [
        {"target": 2, "text": "edited"},
        {"target": 3},
        {"target": 1, "emoji": "☃", "on": False},
    ]


def test_two_chats_of_one_page_are_of_one_moment(ann):
    bob = make_users("bob")[0]
    one, two = make_private(ann, bob), make_group(ann, bob)
    answers(message(one, ann), message(two, ann))
    pages = read([Position(one, 0, 9), Position(two, 0, 9)])
    assert [seqs(page) for page in pages] == [[1], [1]]
    assert pages[0].events[0].at == pages[1].events[0].at
