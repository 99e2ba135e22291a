# ruff: noqa: S608 - SQL made of the constants that are tested
"""What both databases read alike: rows in one parameter, moments, and threads that give their connections back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection, connections, transaction

from messaging.database import (
    as_json,
    as_moment,
    as_wire_time,
    check_isolation,
    close_lane,
    execute,
    fetch,
    for_database,
    make_lane,
    run_in_lane,
    run_in_thread,
    sql_now,
    sql_rows,
    sql_seconds_ago,
    try_again,
)
from messaging.models import Node
from tests.messaging.world import count_statements, make_users


class _Undone(Exception):
    """What psycopg says of a transaction."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__(sqlstate)
        self.sqlstate = sqlstate


def undo(*sqlstates: str) -> Callable[[], int]:
    """Return a transaction that is undone for these reasons, one after the other, and then returns how often it was run."""
    left, runs = list(sqlstates), itertools.count(1)

    def transaction() -> int:
        run = next(runs)
        if left:
            raise OperationalError from _Undone(left.pop(0))
        return run

    return transaction


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_was_undone_for_another_is_run_again():
    assert try_again(undo("40P01", "40001")) == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("reasons", [["40P01"] * 4, ["55P03"], ["57P01"]])
def test_not_for_ever_and_not_for_other_reasons(reasons):
    with pytest.raises(OperationalError):
        try_again(undo(*reasons))


TEXTS = ["", "0", "null", "é😀\u2028", "%s %(x)s %%", "'; DROP TABLE x; --", '"\\\n\t\x7f']


@pytest.mark.django_db
def test_rows_come_out_of_one_parameter_as_they_went_in():
    rows = [(2**53 - 1, text) for text in TEXTS] + [(0, None), (None, "x")]
    source = sql_rows(number=int, text=str)
    given = as_json([{"number": number, "text": text} for number, text in rows])
    assert sorted(fetch(f"SELECT r.number, r.text FROM {source}", [given]), key=str) == sorted(rows, key=str)


@pytest.mark.django_db
def test_a_missing_column_is_null_and_no_rows_are_none():
    source = sql_rows(number=int, text=str)
    assert fetch(f"SELECT r.number, r.text FROM {source}", [as_json([{"number": 1}])]) == [(1, None)]
    assert fetch(f"SELECT * FROM {source}", [as_json([])]) == []


@pytest.mark.django_db
def test_execute_tells_how_many_rows_it_changed():
    (ann, _) = make_users("ann", "bob")
    sql = "UPDATE messaging_user SET first_name = %s WHERE id = %s"
    assert [execute(sql, ["Ann", ann]), execute(sql, ["Ann", 0])] == [1, 0]


@pytest.mark.django_db
@pytest.mark.parametrize("microsecond", [0, 1, 120_000, 999_999])
def test_a_moment_written_by_hand_is_the_one_the_orm_reads_and_the_other_way_round(microsecond):
    moment = datetime(2026, 1, 31, 23, 59, 59, microsecond, tzinfo=timezone(timedelta(hours=5)))
    execute("INSERT INTO messaging_node (id, started_at, beat_at) VALUES ('a', %s, %s)", [for_database(moment)] * 2)
    assert Node.objects.get().beat_at == moment
    (given,) = fetch("SELECT beat_at FROM messaging_node WHERE beat_at = started_at", [])[0]
    assert as_moment(given) == moment
    Node.objects.update(started_at=moment)
    assert Node.objects.filter(beat_at=moment).exists()
    assert fetch("SELECT count(*) FROM messaging_node WHERE beat_at = started_at", []) == [(1,)]


@pytest.mark.django_db
def test_the_clock_of_the_database_is_now_and_ordered_as_text_is():
    execute(f"INSERT INTO messaging_node (id, started_at, beat_at) VALUES ('a', {sql_now()}, {sql_now()})", [])
    row = Node.objects.get()
    assert abs(row.beat_at - datetime.now(UTC)) < timedelta(seconds=2)
    Node.objects.update(beat_at=row.beat_at - timedelta(seconds=60))
    older = "SELECT count(*) FROM messaging_node WHERE beat_at < " + sql_seconds_ago()
    assert [fetch(older, [seconds])[0][0] for seconds in (0.5, 59, 62, 62.5, 1e6)] == [1, 1, 0, 0, 0]


@pytest.mark.django_db
def test_the_clock_goes_on_within_a_transaction():
    first = as_moment(fetch(f"SELECT {sql_now()}", [])[0][0])
    while as_moment(fetch(f"SELECT {sql_now()}", [])[0][0]) <= first:
        pass


@pytest.mark.parametrize(
    "given",
    [
        datetime(2026, 1, 31, 12, 0, 0, 5, tzinfo=UTC),
        datetime(2026, 1, 31, 17, 0, 0, 5, tzinfo=timezone(timedelta(hours=5))),
        "2026-01-31 12:00:00.000005",
        "2026-01-31T12:00:00.000005+00:00",
        "2026-01-31T07:00:00.000005-05:00",
    ],
    ids=str,
)
def test_the_wire_has_utc_with_microseconds(given):
    assert as_wire_time(given) == "2026-01-31T12:00:00.000005Z"


@pytest.mark.django_db(transaction=True)
async def test_work_in_threads_runs_at_the_same_time_and_raises_what_it_raises():
    assert await asyncio.gather(*(run_in_thread(fetch, "SELECT %s + 0", [n]) for n in range(20))) == [
        [(n,)] for n in range(20)
    ]
    with pytest.raises(ZeroDivisionError):
        await run_in_thread(lambda: 1 // 0)


@pytest.mark.django_db(transaction=True)
async def test_a_lane_is_one_thread_with_its_own_connection_which_it_closes():
    lane = make_lane("test")

    def look() -> Any:
        fetch("SELECT 1", [])
        return connections["default"]

    one, two = await asyncio.gather(run_in_lane(lane, look), run_in_lane(lane, look))
    assert one is two is not connection
    close_lane(lane)
    lane.shutdown(wait=True)
    assert one.connection is None


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
async def test_a_thread_gives_its_connection_back_to_the_pool():
    await asyncio.gather(*(run_in_thread(fetch, "SELECT pg_sleep(0.01)", []) for _ in range(20)))
    wrapper: Any = connections["default"]
    statistics = wrapper.pool.get_stats()
    assert statistics["pool_available"] == statistics["pool_size"]


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_transactions_with_older_snapshots_than_locks_are_refused():
    with transaction.atomic():
        check_isolation()
    with transaction.atomic():
        execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", [])
        with pytest.raises(ImproperlyConfigured, match="READ COMMITTED"):
            check_isolation()


@pytest.mark.django_db
def test_counting_statements_counts():
    assert count_statements(lambda: [fetch("SELECT 1", []) for _ in range(3)]) == 3
