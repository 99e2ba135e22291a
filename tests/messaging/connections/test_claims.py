"""The claim of a user's one connection (protocol §6), sentence by sentence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.connections.claims import (
    Standing,
    raise_token_version,
    read_standings,
    reason_to_end,
    release_claim,
    retake_claims,
    take_claim,
    token_version_of,
)
from messaging.database import is_postgresql
from messaging.models import Account, Connection, User
from messaging.protocol.codes import CloseCode
from tests.messaging.connections.peers import age, claim_of, holder_of, last_seen_of, make_nodes
from tests.messaging.world import count_statements, in_threads, make_users

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ann() -> int:
    make_nodes("n1", "n2")
    return make_users("ann")[0]


# Who gets it


def test_a_claim_is_taken_where_there_is_none_in_one_statement(ann):
    claim = claim_of(ann)
    assert count_statements(lambda: take_claim(claim)) == 1
    row = Connection.objects.get()
    assert (row.user_id, row.connection, row.device, row.node_id) == (ann, claim.connection, "phone", "n1")


@pytest.mark.parametrize(
    ("device", "replaces", "taken"),
    [("tablet", False, False), ("tablet", True, True), ("phone", False, True), ("phone", True, True)],
    ids=["other-device", "other-device-that-takes", "same-device", "same-device-that-takes"],
)
def test_a_second_claim_needs_the_same_device_or_takes(ann, device, replaces, taken):
    first, second = claim_of(ann, device="phone"), claim_of(ann, device=device, node="n2", replaces=replaces)
    assert [take_claim(first), take_claim(second)] == [True, taken]
    assert holder_of(ann) == (second if taken else first).connection
    assert Connection.objects.get().node_id == ("n2" if taken else "n1")


def test_a_claim_that_replaces_begins_its_time_anew(ann):
    take_claim(claim_of(ann))
    age(Connection.objects, "since", 60)
    take_claim(claim_of(ann))
    assert timezone.now() - Connection.objects.get().since < timedelta(seconds=30)


def test_claims_of_different_users_do_not_meet(ann):
    (bob,) = make_users("bob")
    assert [take_claim(claim_of(ann)), take_claim(claim_of(bob, device="tablet"))] == [True, True]


def test_an_inactive_or_unknown_user_gets_none(ann):
    User.objects.filter(pk=ann).update(is_active=False)
    assert [take_claim(claim_of(user)) for user in (ann, ann + 1)] == [False, False]
    assert not Connection.objects.exists()


@pytest.mark.parametrize(("version", "taken"), [(0, False), (1, False), (2, True), (3, False)])
def test_the_token_version_must_be_that_of_now(ann, version, taken):
    Account.objects.create(user_id=ann, token_version=2)
    assert take_claim(claim_of(ann, token_version=version)) is taken


def test_an_account_that_is_missing_is_version_zero(ann):
    assert token_version_of(ann) == 0
    assert take_claim(claim_of(ann, token_version=1)) is False


def test_who_may_not_have_it_does_not_take_it_from_who_has(ann):
    first = claim_of(ann)
    take_claim(first)
    raise_token_version(ann)
    assert take_claim(claim_of(ann, token_version=0, replaces=True)) is False
    assert holder_of(ann) == first.connection


@pytest.mark.parametrize("rounds", range(2))
def test_of_fifty_racing_claims_one_is_taken(ann, rounds):
    claims = [claim_of(ann, device=f"device{n}", node=("n1", "n2")[n % 2]) for n in range(50)]
    taken = in_threads(50, lambda n: take_claim(claims[n]))
    assert taken.count(True) == 1
    assert holder_of(ann) == claims[taken.index(True)].connection


def test_of_twenty_racing_claims_that_take_the_last_one_stays(ann):
    claims = [claim_of(ann, device=f"device{n}", replaces=True) for n in range(20)]
    assert all(in_threads(20, lambda n: take_claim(claims[n])))
    assert Connection.objects.count() == 1


# Who gives it back


def test_a_connection_releases_its_own_claim_only(ann):
    first, second = claim_of(ann), claim_of(ann)
    take_claim(first)
    take_claim(second)
    release_claim(first.connection)
    assert holder_of(ann) == second.connection
    release_claim(second.connection)
    release_claim(second.connection)
    assert holder_of(ann) is None


def test_who_gives_the_last_claim_back_was_seen_until_then(ann):
    Account.objects.create(user_id=ann, display_name="Ann")
    claim = claim_of(ann)
    take_claim(claim)
    assert last_seen_of(ann) is None
    before = timezone.now() - timedelta(milliseconds=2)
    release_claim(claim.connection)
    seen_at = last_seen_of(ann)
    assert seen_at is not None
    assert before <= seen_at <= timezone.now() + timedelta(milliseconds=2)
    assert Account.objects.get().display_name == "Ann"


def test_a_claim_that_was_taken_over_is_no_leaving(ann):
    first, second = claim_of(ann), claim_of(ann)
    take_claim(first)
    take_claim(second)
    release_claim(first.connection)
    assert last_seen_of(ann) is None


def test_a_release_costs_as_little_as_it_can(ann):
    claim = claim_of(ann)
    take_claim(claim)
    assert count_statements(lambda: release_claim(claim.connection)) == (1 if is_postgresql() else 2)
    assert last_seen_of(ann) is not None


def test_after_a_sweep_it_is_taken_again_only_where_there_is_none(ann):
    swept, newer = claim_of(ann), claim_of(ann)
    assert retake_claims([swept]) == 1
    release_claim(swept.connection)
    take_claim(newer)
    # The rules of device and take are for new connections.
    assert retake_claims([claim_of(ann, replaces=True)]) == 0
    assert holder_of(ann) == newer.connection


def test_of_claims_taken_again_and_anew_at_once_one_stands(ann):
    claims = [claim_of(ann, device=f"device{n}") for n in range(20)]
    taken = in_threads(20, lambda n: take_claim(claims[n]) if n % 2 else retake_claims([claims[n]]) == 1)
    assert taken.count(True) == 1
    assert holder_of(ann) == claims[taken.index(True)].connection


# What is asked of it


def test_standings_are_those_of_a_process_or_of_a_connection(ann):
    bob, eve = make_users("bob", "eve")
    claims = [claim_of(ann), claim_of(bob), claim_of(eve, node="n2")]
    assert all(take_claim(claim) for claim in claims)
    User.objects.filter(pk=ann).update(is_active=False)
    raise_token_version(bob)
    one, two, three = (claim.connection for claim in claims)
    assert read_standings(node="n1") == {one: Standing(False, 0), two: Standing(True, 1)}
    assert read_standings(connection=three) == {three: Standing(True, 0)}
    assert read_standings(connection="unknown") == {}


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        (None, CloseCode.REPLACED),
        (Standing(False, 5), CloseCode.ACCOUNT_DISABLED),
        (Standing(False, 6), CloseCode.ACCOUNT_DISABLED),
        (Standing(True, 6), CloseCode.SIGNED_OUT),
        (Standing(True, 5), None),
        # The token was refreshed, and the row is of a replica that is behind.
        (Standing(True, 4), None),
    ],
)
def test_a_connection_may_live_on_or_ends_for_a_reason(standing, code):
    assert reason_to_end(claim_of(1, token_version=5), standing) is code


def test_the_token_version_rises_by_one_for_each_who_asks(ann):
    in_threads(10, lambda _: raise_token_version(ann))
    assert token_version_of(ann) == 10
