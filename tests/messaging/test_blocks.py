"""Blocks: what they forbid to both of the two, and what goes on."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from messaging import accounts, selectors, services
from messaging.blocks import blocked_by, without_blocked
from messaging.errors import BadFrame, UserNotFound
from messaging.models import Block, Chat, User
from tests.messaging.world import (
    answers,
    count_statements,
    deletion,
    edition,
    make_group,
    make_private,
    make_users,
    membership,
    message,
    reaction,
    say,
    seqs_of,
    start,
    wait_for_a_waiter,
)
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)

# Who of Ann and Bob blocks the other: all is forbidden to both alike.
EITHER_WAY = pytest.mark.parametrize("turned", [False, True], ids=["by_oneself", "by_the_other"])


def block(one: int, other: int, turned: bool = False) -> None:
    user, blocked = (other, one) if turned else (one, other)
    accounts.block_user(user=user, blocked=blocked)


@EITHER_WAY
def test_nothing_more_is_written_to_the_private_chat(ann, bob, turned):
    chat = make_private(ann, bob)
    say(chat, ann, "before")
    block(ann, bob, turned)
    assert answers(message(chat, ann), message(chat, bob)) == ["forbidden", "forbidden"]
    assert seqs_of(chat) == [1]


@EITHER_WAY
def test_nothing_that_was_written_there_is_changed(ann, bob, turned):
    chat = make_private(ann, bob)
    say(chat, ann, "before")
    block(ann, bob, turned)
    refused = answers(edition(chat, ann, 1, "after"), reaction(chat, bob, 1), deletion(chat, ann, 1))
    assert refused == ["forbidden"] * 3
    assert seqs_of(chat) == [1]


def test_a_text_may_name_somebody_whom_one_of_the_two_blocks(ann, bob):
    chat = make_private(ann, bob)
    (eve,) = make_users("eve")
    block(ann, eve)
    assert answers(message(chat, bob, "@eve says hello"), message(chat, ann, "@eve does not")) == [1, 2]


def test_a_repeat_gets_its_first_answer_all_the_same(ann, bob):
    chat = make_private(ann, bob)
    first = message(chat, ann, id="once")
    assert answers(first) == [1]
    block(bob, ann)
    assert answers(first, message(chat, ann, "other", id="once")) == [1, "id_conflict"]


def test_one_who_is_not_in_the_chat_learns_nothing_of_the_block(ann, bob):
    chat = make_private(ann, bob)
    block(ann, bob)
    (eve,) = make_users("eve")
    assert answers(message(chat, eve)) == ["not_a_member"]


def test_groups_and_other_private_chats_go_on_in_the_same_batch(ann, bob):
    (eve,) = make_users("eve")
    chats = [make_private(ann, bob), make_private(ann, eve), make_group(ann, bob)]
    block(ann, bob)
    assert answers(*(message(chat, ann) for chat in chats)) == ["forbidden", 1, 1]
    assert answers(message(chats[2], bob)) == [2]


def test_private_chats_cost_no_more_statements_than_groups(ann, bob):
    chat = make_private(ann, bob)
    assert count_statements(lambda: answers(*(message(chat, ann) for _ in range(50)))) == 6


def test_after_the_block_was_taken_back_both_write(ann, bob):
    chat = make_private(ann, bob)
    block(ann, bob)
    accounts.unblock_user(user=ann, blocked=bob)
    assert answers(message(chat, ann), message(chat, bob)) == [1, 2]


def test_a_block_is_not_taken_back_by_who_is_blocked(ann, bob):
    chat = make_private(ann, bob)
    block(ann, bob)
    accounts.unblock_user(user=bob, blocked=ann)
    assert answers(message(chat, bob)) == ["forbidden"]


@EITHER_WAY
@pytest.mark.parametrize("kind", ["private", "group"])
def test_no_chat_is_made_of_the_two(ann, bob, kind, turned):
    block(ann, bob, turned)
    with pytest.raises(UserNotFound):
        services.create_chat(creator=ann, kind=kind, members=[bob])
    assert not Chat.objects.exists()


def test_the_private_chat_that_is_there_is_found(ann, bob):
    chat = make_private(ann, bob)
    block(bob, ann)
    assert services.create_chat(creator=ann, kind="private", members=[bob]) == (chat, False)
    assert selectors.chats_of(ann) == selectors.chats_of(bob) == [chat]


@EITHER_WAY
def test_neither_adds_the_other_to_a_group(ann, bob, turned):
    chat = make_group(ann)
    block(ann, bob, turned)
    with pytest.raises(UserNotFound):
        services.add_member(actor=ann, chat=chat, user=bob)
    assert seqs_of(chat) == []


def test_somebody_else_has_both_in_a_group(ann, bob):
    (eve,) = make_users("eve")
    block(ann, bob)
    chat, _ = services.create_chat(creator=eve, kind="group", members=[ann, bob])
    services.remove_member(actor=eve, chat=chat, user=bob)
    assert services.add_member(actor=eve, chat=chat, user=bob).seq == 2
    # Who is in it already is not added.
    assert services.add_member(actor=eve, chat=chat, user=ann).event is None


@EITHER_WAY
def test_neither_is_found_by_the_other(ann, bob, turned):
    (eve,) = make_users("eve")
    block(ann, bob, turned)
    everybody = selectors.find_users("")
    found = {user: [each.pk for each in without_blocked(everybody, user)] for user in (ann, bob, eve)}
    assert found == {ann: [ann, eve], bob: [bob, eve], eve: [ann, bob, eve]}


@EITHER_WAY
def test_the_signals_of_a_private_chat_are_silent_and_markers_move(ann, bob, turned):
    chat, group = make_private(ann, bob), make_group(ann, bob)
    say(chat, ann, "one")
    block(ann, bob, turned)
    assert not selectors.is_heard(ann, chat)
    assert not selectors.is_heard(bob, chat)
    assert selectors.is_heard(ann, group)
    services.mark_read(user=bob, chat=chat, seq=1)
    assert membership(chat, bob).read_seq == 1


def test_blocking_twice_and_unblocking_twice_change_nothing(ann, bob):
    for _ in range(2):
        block(ann, bob)
        assert [user.pk for user in blocked_by(ann)] == [bob]
        assert list(blocked_by(bob)) == []
    for _ in range(2):
        accounts.unblock_user(user=ann, blocked=bob)
        assert not Block.objects.exists()


@pytest.mark.parametrize("change", [accounts.block_user, accounts.unblock_user])
def test_only_others_who_exist_are_blocked(ann, change):
    with pytest.raises(BadFrame) as refused:
        change(user=ann, blocked=ann)
    assert refused.value.field == "user"
    with pytest.raises(UserNotFound):
        change(user=ann, blocked=ann + 1000)


def test_the_blocks_of_a_user_go_with_the_user(ann, bob):
    block(ann, bob)
    block(bob, ann)
    User.objects.filter(pk=bob).delete()
    assert not Block.objects.exists()


@pytest.mark.services
def test_a_block_waits_for_the_write_before_it_and_the_write_after_it_finds_it(ann, bob):
    chat = make_private(ann, bob)
    blocked = threading.Event()

    def block_and_wait() -> None:
        with transaction.atomic():
            block(bob, ann)
            blocked.set()
            wait_for_a_waiter()

    done = start(block_and_wait)
    assert blocked.wait(PATIENCE)
    # Its first look is from before the block has committed, and it waits for the lock.
    assert answers(message(chat, ann)) == ["forbidden"]
    done()
