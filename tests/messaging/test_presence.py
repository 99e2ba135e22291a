"""Who is online, who may see it, and who came and went of late."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from messaging import accounts
from messaging.database import as_wire_time
from messaging.models import Connection
from messaging.presence import read_moves, read_presence
from messaging.protocol.frames import PresenceState
from tests.messaging.comings import GRACE, come, go, meet, seen
from tests.messaging.connections.peers import age, last_seen_of, make_nodes
from tests.messaging.world import answers, count_statements, make_group, make_private, make_users, removal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _grace(shrink: Callable[..., None]) -> None:
    shrink(presence_grace_seconds=GRACE)


# What it is


def test_who_has_a_claim_is_online_and_who_has_none_is_not():
    ann, bob, eve, joe = meet("ann", "bob", "eve", "joe")
    come(bob, eve)
    go(eve, ago=GRACE + 1)
    assert seen(ann, bob, eve, joe) == [True, False, False]
    states = read_presence([(ann, user) for user in (bob, eve, joe)])
    gone = last_seen_of(eve)
    assert gone is not None
    assert [states[ann, user].last_seen_at for user in (bob, eve, joe)] == [None, as_wire_time(gone), None]


def test_who_went_is_online_within_the_grace():
    ann, bob = meet("ann", "bob")
    come(bob)
    go(bob, ago=GRACE - 2)
    assert read_presence([(ann, bob)]) == {(ann, bob): PresenceState(user=bob, online=True, last_seen_at=None)}


def test_who_came_back_is_online_whenever_it_was_last_seen():
    ann, bob = meet("ann", "bob")
    come(bob)
    go(bob, ago=GRACE + 1)
    come(bob)
    assert read_presence([(ann, bob)]) == {(ann, bob): PresenceState(user=bob, online=True, last_seen_at=None)}


def test_many_pairs_are_one_statement():
    ann, *others = meet("ann", *(f"user{n}" for n in range(50)))
    come(*others)
    assert count_statements(lambda: seen(ann, *others)) == 1
    assert seen(ann, *others) == [True] * 50


# Who sees it


def test_strangers_former_members_oneself_and_nobody_are_left_out_alike():
    ann, bob = meet("ann", "bob")
    (eve,) = make_users("eve")
    chat = make_group(ann, eve)
    answers(removal(chat, ann, eve))
    come(ann, bob, eve)
    assert seen(ann, eve, ann, 10**9, bob) == [None, None, None, True]
    assert read_presence([]) == {}


def test_a_private_chat_is_enough():
    make_nodes("n1")
    ann, bob = make_users("ann", "bob")
    come(bob)
    assert seen(ann, bob) == [None]
    make_private(ann, bob)
    assert seen(ann, bob) == [True]


def test_of_two_who_are_blocked_neither_sees_the_other():
    ann, bob, eve = meet("ann", "bob", "eve")
    come(ann, bob, eve)
    accounts.block_user(user=ann, blocked=bob)
    assert (seen(ann, bob, eve), seen(bob, ann, eve)) == ([None, True], [None, True])
    accounts.unblock_user(user=ann, blocked=bob)
    assert (seen(ann, bob), seen(bob, ann)) == ([True], [True])


def test_who_shows_it_to_nobody_sees_nobody():
    ann, bob, eve = meet("ann", "bob", "eve")
    come(ann, bob, eve)
    accounts.set_preference(user=ann, name="presence", value="nobody")
    assert (seen(ann, bob, eve), seen(bob, ann, eve)) == ([None, None], [None, True])
    accounts.set_preference(user=ann, name="presence", value="chats")
    assert (seen(ann, bob, eve), seen(bob, ann, eve)) == ([True, True], [True, True])


# Who came and went of late


def test_moves_are_those_of_late():
    ann, bob, eve, joe = meet("ann", "bob", "eve", "joe")
    come(ann, bob, eve, joe)
    age(Connection.objects.filter(user__in=(ann, bob)), "since", 60)
    go(bob, ago=GRACE + 1)
    go(joe, ago=GRACE + 60)
    moves = read_moves(None, 10)
    assert {(state.user, state.online) for state in moves.states} == {(eve, True), (bob, False)}
    assert count_statements(lambda: read_moves(moves.at, 10)) == 1


def test_who_came_back_within_the_grace_did_not_go():
    ann, bob = meet("ann", "bob")
    come(ann, bob)
    go(bob, ago=GRACE + 1)
    come(bob)
    go(ann, ago=GRACE - 1)
    assert [(state.user, state.online) for state in read_moves(None, 10).states] == [(bob, True)]
