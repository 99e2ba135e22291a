"""append when the store is away: `unavailable` for all, and the same frames with the same ids settle it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from django.db import connection, connections, transaction

from messaging.database import execute
from messaging.errors import Unavailable
from messaging.models import Chat, Membership
from tests.messaging.world import (
    answers,
    make_group,
    make_users,
    message,
    metric,
    outcomes,
    removal,
    seqs_of,
    start,
    wait_for_a_waiter,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def impatient(monkeypatch) -> Iterator[None]:
    """Have SQLite wait for a lock no longer than a moment."""
    monkeypatch.setitem(connections.settings["default"]["OPTIONS"], "timeout", 0.05)
    connection.close()
    yield
    connection.close()


@pytest.mark.embedded
@pytest.mark.usefixtures("impatient")
def test_a_locked_database_is_unavailable_for_all_and_a_retry_settles_it():
    ann, eve = make_users("ann", "eve")
    chat = make_group(ann)
    batch = [message(chat, ann), message(chat, eve), message(chat, ann)]
    with closing(sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = outcomes(*batch)
    assert [(type(outcome), outcome.retry_after) for outcome in refused] == [(Unavailable, 1.0)] * 3
    assert answers(*batch) == [1, "not_a_member", 2]
    assert answers(*batch) == [1, "not_a_member", 2]
    assert seqs_of(chat) == [1, 2]


@pytest.mark.services
def test_a_connection_lost_in_the_middle_is_unavailable_for_all_and_a_retry_settles_it():
    ann, eve = make_users("ann", "eve")
    chat = make_group(ann)
    batch = [message(chat, ann), message(chat, eve), message(chat, ann)]
    with transaction.atomic():
        Chat.objects.select_for_update().get(pk=chat)
        given = start(lambda: (answers(*batch), answers(message(chat, eve))))
        execute("SELECT pg_terminate_backend(%s)", [wait_for_a_waiter()])
        # The thread that lost its connection goes on with another.
        assert given() == (["unavailable"] * 3, ["not_a_member"])
    assert answers(*batch) == [1, "not_a_member", 2]
    assert seqs_of(chat) == [1, 2]


@pytest.mark.services
def test_the_victim_of_a_deadlock_is_written_all_the_same():
    ann, bob = make_users("ann", "bob")
    chat = make_group(ann, bob)
    retried = metric("chat_transactions_retried_total")
    with transaction.atomic():
        # The other transaction looks for a deadlock first, and so is the one that is undone.
        execute("SET LOCAL deadlock_timeout = '10s'", [])
        Membership.objects.select_for_update().get(chat=chat, user=ann)
        given = start(lambda: answers(message(chat, ann), message(chat, bob)))
        wait_for_a_waiter()
        Chat.objects.select_for_update().get(pk=chat)
    assert given() == [1, 2]
    assert metric("chat_transactions_retried_total") == retried + 1


@pytest.mark.services
def test_a_chat_that_stays_locked_is_unavailable_and_holds_up_no_other():
    ann, bob = make_users("ann", "bob")
    chat, other = make_group(ann, bob), make_group(ann, bob)
    batch = [message(chat, ann), message(other, ann), removal(chat, ann, bob), message(other, bob)]

    def write_in_a_hurry() -> list[object]:
        execute("SET lock_timeout = 50", [])
        try:
            return answers(*batch)
        finally:
            execute("RESET lock_timeout", [])

    with transaction.atomic():
        Chat.objects.select_for_update().get(pk=chat)
        assert start(write_in_a_hurry)() == ["unavailable", 1, "unavailable", 2]
    assert answers(*batch) == [1, 1, 2, 2]
