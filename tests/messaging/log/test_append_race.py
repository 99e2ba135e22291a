"""append from many threads at once: numbers without a gap, each id once, and nobody waits who need not."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from django.db import transaction

from messaging import services
from messaging.errors import Unavailable
from messaging.log import Position, read
from messaging.models import Chat, Event, Membership
from tests.messaging.world import (
    addition,
    answers,
    deletion,
    edition,
    in_threads,
    make_group,
    make_users,
    membership,
    message,
    outcomes,
    promotion,
    reaction,
    removal,
    seqs_of,
    start,
    wait_for_a_waiter,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_numbers_have_no_gap_whoever_writes_where():
    users = make_users(*(f"user{n}" for n in range(8)))
    chats = [make_group(*users) for _ in range(4)]

    def write(n: int) -> None:
        dice = random.Random(n)
        for _ in range(10):
            # Chats in any order: two that hold what the other wants would be a deadlock.
            batch = [message(dice.choice(chats), users[n]) for _ in range(5)]
            assert all(isinstance(answer, int) for answer in answers(*batch))

    in_threads(8, write)
    heads = list(Chat.objects.order_by("pk").values_list("last_seq", flat=True))
    assert [seqs_of(chat) for chat in chats] == [list(range(1, head + 1)) for head in heads]
    assert sum(heads) == 400
    assert list(Chat.objects.order_by("pk").values_list("message_count", flat=True)) == heads


def test_a_reader_never_sees_a_number_before_a_smaller_one():
    ann, bob = make_users("ann", "bob")
    chat = make_group(ann, bob)
    done = threading.Event()

    def watch() -> int:
        looks = 0
        while not done.is_set():
            page = read([Position(chat, 0, 1_000)])[0]
            assert [event.seq for event in page.events] == list(range(1, page.head + 1))
            looks += 1
        return looks

    looked = start(watch)
    in_threads(4, lambda n: [answers(message(chat, (ann, bob)[n % 2])) for _ in range(20)])
    done.set()
    assert looked() > 1
    assert seqs_of(chat) == list(range(1, 81))


def test_two_hundred_retries_of_one_id_are_one_event():
    (ann,) = make_users("ann")
    chat = make_group(ann)
    retry = message(chat, ann, "hi", id="a")

    def insist() -> Any:
        # On a busy machine one of two hundred may wait for longer than the lock is waited for.
        while isinstance(outcome := outcomes(retry)[0], Unavailable):
            pass
        return outcome

    given = in_threads(10, lambda _: [insist() for _ in range(20)])
    all_given = [outcome for each in given for outcome in each]
    assert {(outcome.seq, outcome.at) for outcome in all_given} == {(1, all_given[0].at)}
    assert [outcome.duplicate for outcome in all_given].count(False) == 1
    assert seqs_of(chat) == [1]


def test_of_different_contents_racing_for_one_id_one_is_taken():
    (ann,) = make_users("ann")
    chat = make_group(ann)
    given = in_threads(10, lambda n: answers(message(chat, ann, f"text {n}", id="a"))[0])
    assert sorted(given, key=str) == [1] + ["id_conflict"] * 9
    assert Event.objects.get().text == f"text {given.index(1)}"


def test_whatever_edits_race_with_a_deletion_no_text_is_left():
    (ann,) = make_users("ann")
    chat = make_group(ann)
    answers(message(chat, ann, "secret"))

    def write(n: int) -> list[Any]:
        if n == 0:
            return answers(deletion(chat, ann, 1))
        return [answer for _ in range(5) for answer in answers(edition(chat, ann, 1, "secret"))]

    given = in_threads(6, write)
    deleted = given[0][0]
    later = {answer for each in given[1:] for answer in each if not isinstance(answer, int) or answer > deleted}
    assert later <= {"message_not_found"}
    assert not Event.objects.filter(text="secret").exists()
    assert not Event.objects.filter(content_hash__isnull=False).exclude(seq=deleted).exists()


def test_reactions_of_many_at_once_are_all_kept():
    users = make_users(*(f"user{n}" for n in range(8)))
    chat = make_group(*users)
    answers(message(chat, users[0]))
    in_threads(8, lambda n: answers(reaction(chat, users[n], 1, "👍"), reaction(chat, users[n], 1, "🎉")))
    reactions = Event.objects.get(seq=1).reactions
    assert {emoji: sorted(who) for emoji, who in reactions.items()} == {"👍": users, "🎉": users}


def test_of_many_who_add_one_user_one_does():
    ann, bob, *owners = make_users("ann", "bob", *(f"owner{n}" for n in range(8)))
    chat = make_group(ann, *owners)
    answers(*(promotion(chat, ann, owner, "owner") for owner in owners))
    given = in_threads(8, lambda n: answers(addition(chat, owners[n], bob))[0])
    assert sorted(given, key=str) == [9] + ["noop"] * 7
    assert membership(chat, bob).joined_seq == 9


def test_the_last_place_of_a_chat_is_given_once(shrink):
    ann, *users = make_users("ann", *(f"user{n}" for n in range(8)))
    chat = make_group(ann)
    shrink(members=2)
    given = in_threads(8, lambda n: answers(addition(chat, ann, users[n]))[0])
    assert sorted(given, key=str) == [1] + ["limit_reached"] * 7


def test_two_owners_who_leave_at_once_do_not_leave_a_group_without_one():
    ann, bob, eve = make_users("ann", "bob", "eve")
    chats = [make_group(ann, bob, eve) for _ in range(5)]
    answers(*(promotion(chat, ann, bob, "owner") for chat in chats))
    owners = (ann, bob)
    given = in_threads(2, lambda n: [answers(removal(chat, owners[n], owners[n]))[0] for chat in chats])
    assert [sorted(both, key=str) for both in zip(*given, strict=True)] == [[2, "forbidden"]] * 5


@pytest.mark.services
def test_a_stranger_waits_for_nobody():
    ann, eve = make_users("ann", "eve")
    chat = make_group(ann)
    with transaction.atomic():
        Chat.objects.select_for_update().get(pk=chat)
        assert start(lambda: answers(message(chat, eve)))() == ["not_a_member"]


@pytest.mark.services
def test_other_chats_do_not_wait():
    ann, bob = make_users("ann", "bob")
    chat, other = make_group(ann, bob), make_group(ann, bob)
    with transaction.atomic():
        Chat.objects.select_for_update().get(pk=chat)
        assert start(lambda: answers(message(other, ann)))() == [1]


@pytest.mark.services
def test_who_is_removed_while_a_write_waits_is_not_a_member():
    ann, bob = make_users("ann", "bob")
    chat = make_group(ann, bob)
    with transaction.atomic():
        Chat.objects.select_for_update().get(pk=chat)
        Membership.objects.filter(user=bob).update(left_seq=1)
        given = start(lambda: answers(message(chat, bob)))
        wait_for_a_waiter()
    assert given() == ["not_a_member"]


@pytest.mark.services
def test_a_number_taken_while_a_write_waits_is_not_taken_again():
    ann, bob = make_users("ann", "bob")
    chat = make_group(ann, bob)
    with transaction.atomic():
        Chat.objects.select_for_update().get(pk=chat)
        given = start(lambda: answers(message(chat, bob)))
        wait_for_a_waiter()
        Chat.objects.filter(pk=chat).update(last_seq=5)
    assert given() == [6]


@pytest.mark.services
def test_a_read_marker_that_moves_meanwhile_does_not_move_back():
    ann, bob = make_users("ann", "bob")
    chat = make_group(ann, bob)
    answers(message(chat, ann), message(chat, ann))
    with transaction.atomic():
        services.mark_read(user=bob, chat=chat, seq=2)
        given = start(lambda: answers(promotion(chat, ann, bob, "admin")))
        wait_for_a_waiter()
    assert given() == [3]
    assert (membership(chat, bob).read_seq, membership(chat, bob).read_count) == (2, 2)
