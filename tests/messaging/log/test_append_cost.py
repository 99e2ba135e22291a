"""append costs the same number of statements whatever the size of the batch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from messaging.log import append
from messaging.write import Write
from tests.messaging.world import (
    addition,
    count_statements,
    deletion,
    edition,
    make_group,
    make_users,
    message,
    promotion,
    reaction,
    renaming,
    say,
    seqs_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("count", [1, 200])
def test_messages_cost_six_statements_however_many(ann, chat, count):
    batch = [message(chat, ann) for _ in range(count)]
    # Lock, members, earlier ids; events, markers, chats. BEGIN and COMMIT stand around them.
    assert count_statements(lambda: append(batch)) == 6
    assert len(seqs_of(chat)) == count


def test_messages_to_many_chats_cost_no_more(ann, bob):
    batch = [message(make_group(ann, bob), sender) for sender in (ann, bob) for _ in range(20)]
    assert count_statements(lambda: append(batch)) == 6


def test_replies_cost_one_more(ann, chat):
    say(chat, ann, "first")
    assert count_statements(lambda: append([message(chat, ann, reply_to=1) for _ in range(50)])) == 7


@pytest.mark.parametrize("count", [1, 50])
def test_what_changes_messages_costs_the_same_however_many(ann, bob, chat, count):
    say(chat, ann, *(f"{n}" for n in range(count)))

    def cost(make: Callable[..., Write], *more: str) -> int:
        batch = [make(chat, ann, seq, *more) for seq in range(1, count + 1)]
        return count_statements(lambda: append(batch))

    # Lock, members, earlier ids, messages; events, messages, chats. A deletion also wipes the texts of edits.
    assert [cost(reaction), cost(edition, "hi"), cost(deletion)] == [7, 7, 8]
    assert len(seqs_of(chat)) == 4 * count


@pytest.mark.parametrize("count", [1, 50])
def test_names_cost_one_to_find_and_one_to_note(ann, bob, chat, count):
    assert count_statements(lambda: append([message(chat, ann, "@bob") for _ in range(count)])) == 8
    assert count_statements(lambda: append([message(chat, ann, "@nobody") for _ in range(count)])) == 7
    assert count_statements(lambda: append([edition(chat, ann, 1, "x") for _ in range(count)])) == 8


def test_all_at_once_costs_no_more(ann, bob, chat):
    batch = [message(chat, ann, "@bob") for _ in range(40)]
    for seq in range(1, 41):
        batch += [reaction(chat, bob, seq), edition(chat, ann, seq, "@bob, hi"), message(chat, bob, reply_to=seq)]
        batch += [deletion(chat, ann, seq)] if seq % 2 else []
    # Six, and: names, messages; messages, edits, mentions that are gone, mentions.
    assert count_statements(lambda: append(batch)) == 12
    assert len(seqs_of(chat)) == 180


def test_a_batch_of_all_kinds_costs_no_more_for_two_hundred(ann, chat):
    users = make_users(*(f"user{n}" for n in range(50)))

    def batch(some: list[int]) -> list[Write]:
        each = [
            (
                addition(chat, ann, user),
                message(chat, user),
                promotion(chat, ann, user, "admin"),
                renaming(chat, ann, f"{user}"),
            )
            for user in some
        ]
        return [write for writes in each for write in writes]

    one = count_statements(lambda: append(batch(users[:1])))
    assert count_statements(lambda: append(batch(users[1:]))) == one == 7
    assert len(seqs_of(chat)) == 200


def test_repeats_cost_only_the_reads(ann, chat):
    batch = [message(chat, ann) for _ in range(50)]
    append(batch)
    assert count_statements(lambda: append(batch)) == 3
