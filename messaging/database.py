"""How this app talks to a database: plain functions on a small pool of threads, and SQL that both databases read.

A batch travels as one JSON parameter, so that a statement is the same text for one row and for five hundred.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.db import (
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    close_old_connections,
    connection,
    connections,
)

from messaging import metrics
from messaging.conf import get_settings

P = ParamSpec("P")
T = TypeVar("T")

# SQL with its parameters.
Statement = tuple[str, Sequence[Any]]

# The database did not answer, or did not take the work; whether it did it is not known. (An internal error is what Django
# makes of a transaction that idled for too long.)
STORE_AWAY = (OperationalError, InterfaceError, InternalError)

# PostgreSQL's deadlock_detected and serialization_failure: the transaction is undone so that another could go on.
_VICTIM = frozenset({"40P01", "40001"})
# And lock_not_available: in all three it is there, and others were in the way.
_CONTENTION = _VICTIM | {"55P03"}
# operator_intervention, and connection_exception: the session is over.
_SHUTDOWN = ("57P", "08")
# feature_not_supported: a migration changed what a prepared statement returns. Undone, the driver forgets all it prepared.
_DONE_AGAIN = _VICTIM | {"0A000"}
# A transaction that was undone for another is done again, so many times in all, after a moment of up to so many seconds.
_TRIES = 4
_TRY_AGAIN_SECONDS = 0.05

# A plan that was made while a table was empty scans it for ever, so plans are made anew every so many pipelines. Custom plans
# (`plan_cache_mode`) would be made for every statement, and for every row of an insert by the checks of its foreign keys.
_PIPELINES_PER_PLAN = 100
_pipelines = itertools.count(1)

# The connections of the pool are replaced no more often than this.
_DRAIN_SECONDS = 1.0
_draining = threading.Lock()
_drained_at = -_DRAIN_SECONDS

_PG_TYPES = {int: "bigint", str: "text", bool: "boolean", dict: "jsonb", datetime: "timestamptz"}


@functools.cache
def get_pool() -> ThreadPoolExecutor:
    """Return the threads in which database work of the event loop runs."""
    return ThreadPoolExecutor(get_settings().database_threads, thread_name_prefix="database")


def make_lane(name: str) -> ThreadPoolExecutor:
    """Return a thread of its own, with a connection of its own, for work that must not queue behind other work."""
    return ThreadPoolExecutor(1, thread_name_prefix=name)


async def run_in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` in a database thread, which gives its connection back afterwards."""
    work = functools.partial(_give_back_after, time.perf_counter(), function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(get_pool(), work)


async def run_in_lane(lane: ThreadPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` in the thread of `lane`, which keeps its connection for as long as it works."""
    work = functools.partial(_give_back_if_failed, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(lane, work)


def _give_back_after(asked_at: float, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    metrics.DATABASE_WAIT_SECONDS.observe(time.perf_counter() - asked_at)
    try:
        return function(*args, **kwargs)
    except STORE_AWAY as error:
        drop_dead_connections(error)
        raise
    finally:
        close_old_connections()


def _give_back_if_failed(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    try:
        return function(*args, **kwargs)
    except BaseException as error:
        drop_dead_connections(error)
        raise


def drop_dead_connections(error: BaseException) -> None:
    """After a failure: give this thread's connection back; where it was lost, the pool's own are taken for lost too.

    A restart of the database kills every one of them; found out one at a time, each would cost somebody a failure. They
    are not asked: one that hangs would answer this thread as late as the last one did.
    """
    close_old_connections()
    pool = getattr(connection, "pool", None)
    if pool is not None and not pool.closed and isinstance(error, STORE_AWAY) and _is_lost(error):
        _drain(pool)


def _is_lost(error: BaseException) -> bool:
    """Tell whether the database, or the way to it, has ended a connection; a pool that has none to give has lost none."""
    # Not at the top: without a pool nothing needs it.
    from psycopg_pool import PoolTimeout

    state = _sqlstate(error)
    return state.startswith(_SHUTDOWN) if state else not isinstance(error.__cause__, PoolTimeout)


def _drain(pool: Any) -> None:
    # Many threads find out at the same moment: those who come late would close what the first one has opened.
    global _drained_at
    now = time.monotonic()
    with _draining:
        if now - _drained_at < _DRAIN_SECONDS:
            return
        _drained_at = now
    pool.drain()


def close_pool() -> None:
    """Close the pool's threads and their connections."""
    pool = get_pool()
    # As many jobs as threads: an idle thread takes one before a busy one takes two.
    for _ in range(get_settings().database_threads):
        pool.submit(connections.close_all)
    pool.shutdown(wait=True)
    get_pool.cache_clear()


def close_lane(lane: ThreadPoolExecutor) -> None:
    """Close a lane's thread and its connection."""
    lane.submit(connections.close_all)
    lane.shutdown(wait=False)


@functools.cache
def is_postgresql() -> bool:
    """Tell the two supported databases apart."""
    return connection.vendor == "postgresql"


def is_contention(error: BaseException) -> bool:
    """Tell whether the database refused because others were in the way, and not because it was away."""
    return _sqlstate(error) in _CONTENTION


def _sqlstate(error: BaseException) -> str | None:
    return getattr(error.__cause__, "sqlstate", None)


def try_again(transaction: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a whole transaction; one that the database undid for the sake of another, or of a migration, is run again."""
    for attempt in range(1, _TRIES):
        try:
            return transaction(*args, **kwargs)
        except (OperationalError, NotSupportedError) as error:
            if _sqlstate(error) not in _DONE_AGAIN or connection.in_atomic_block:
                raise
            metrics.TRANSACTIONS_RETRIED.inc()
            # At different moments, or they meet again.
            time.sleep(random.uniform(0, _TRY_AGAIN_SECONDS * attempt))  # noqa: S311
    return transaction(*args, **kwargs)


def check_isolation() -> None:
    """Refuse transactions whose snapshots would be older than the row locks that the log takes first; asked inside one."""
    if is_postgresql():
        level = fetch("SHOW transaction_isolation", [])[0][0]
        if level != "read committed":
            raise ImproperlyConfigured(f"The log needs READ COMMITTED; this database is at {level.upper()}.")


def sql_rows(**columns: type) -> str:
    """Return the SQL of a table `r` with these columns, made from one JSON parameter (a list of objects)."""
    if is_postgresql():
        types = ", ".join(f"{name} {_PG_TYPES[type_]}" for name, type_ in columns.items())
        return f"json_to_recordset(%s::json) AS r({types})"
    values = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in columns)
    return f"(SELECT {values} FROM json_each(%s)) AS r"


def sql_now() -> str:
    """Return the SQL of the database's clock at this very moment."""
    return "clock_timestamp()" if is_postgresql() else "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now')"


def sql_seconds_ago() -> str:
    """Return the SQL of a moment as many seconds ago as its one parameter says."""
    if is_postgresql():
        return "clock_timestamp() - make_interval(secs => %s)"
    return "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now', '-' || %s || ' seconds')"


def sql_since() -> str:
    """Return the SQL of a moment, the earlier of now and the first parameter (null: now), less the seconds of the second.

    It is the same throughout a statement, so that an index is used.
    """
    if is_postgresql():
        return "LEAST(%s::timestamptz, now()) - make_interval(secs => %s)"
    now = "strftime('%%Y-%%m-%%d %%H:%%M:%%f000', 'now')"
    return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f000', min(coalesce(%s, {now}), {now}), '-' || %s || ' seconds')"


def sql_list(column: str) -> str:
    """Return the SQL of all values of a column, together a JSON list."""
    return f"json_agg({column})" if is_postgresql() else f"json_group_array({column})"


def sql_member(column: str, name: str) -> str:
    """Return the SQL of a text that a JSON object in `column` has under `name`; null where it has none."""
    return f"{column} ->> '{name}'" if is_postgresql() else f"json_extract({column}, '$.{name}')"


def sql_preference(name: str, *, account: str) -> str:
    """Return the SQL of a switch among the preferences of the account at alias `account`; it is on unless set off."""
    member = sql_member(f"{account}.preferences", name)
    return f"COALESCE(({member})::boolean, TRUE)" if is_postgresql() else f"COALESCE({member}, TRUE)"


def as_json(value: Any) -> str:
    """Return a JSON parameter, such as the list of rows that `sql_rows` reads."""
    return msgspec.json.encode(value, enc_hook=str).decode()


def from_json(value: Any) -> Any:
    """Return what a JSON column holds: raw SQL gives it as text, on both databases."""
    return msgspec.json.decode(value) if isinstance(value, str | bytes) else value


def as_moment(value: datetime | str) -> datetime:
    """Return a moment that raw SQL gave, aware, in UTC."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def for_database(moment: datetime) -> str:
    """Return a moment as raw SQL takes it, as the ORM of this database would write it."""
    if is_postgresql():
        return moment.isoformat()
    return str(moment.astimezone(UTC).replace(tzinfo=None))


def as_wire_time(value: datetime | str) -> str:
    """Return a moment as the wire has it: RFC 3339 in UTC with microseconds."""
    return as_moment(value).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


@contextmanager
def pipelined() -> Iterator[None]:
    """Where the database can (PostgreSQL), wait for no statement within but those whose rows are asked for.

    What a statement without rows raises comes later, at the end of the block at the latest. The server binds the parameters,
    and parses and plans a statement once for a connection, where the connection prepares any (`prepare_threshold`).
    """
    if not is_postgresql():
        yield
        return
    # Not at the top: on SQLite nothing needs the driver.
    from django.db.backends.postgresql.base import ServerBindingCursor

    connection.ensure_connection()
    driver = connection.connection
    cursor_factory = driver.cursor_factory
    driver.cursor_factory = ServerBindingCursor
    try:
        with connection.wrap_database_errors, driver.pipeline():
            if driver.prepare_threshold is not None and next(_pipelines) % _PIPELINES_PER_PLAN == 0:
                driver.execute("DISCARD PLANS")
            yield
    finally:
        driver.cursor_factory = cursor_factory


def fetch_all(statements: Sequence[Statement]) -> list[list[tuple[Any, ...]]]:
    """Return all rows of each statement; in a pipeline for the price of one."""
    with ExitStack() as stack:
        cursors = [stack.enter_context(connection.cursor()) for _ in statements]
        for cursor, (sql, params) in zip(cursors, statements, strict=True):
            cursor.execute(sql, params)
        return [cursor.fetchall() for cursor in cursors]


def fetch(sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return all rows of one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def enqueue(sql: str, params: Sequence[Any]) -> None:
    """Run one statement whose outcome nobody asks for; in a pipeline it costs no wait."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def execute(sql: str, params: Sequence[Any]) -> int:
    """Run one statement; return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        changed: int = cursor.rowcount
        return changed
