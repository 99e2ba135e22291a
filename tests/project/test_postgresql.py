"""A connection to PostgreSQL whose server hangs while its kernel does not."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from project.postgresql import bounded
from tests.server import database_url

pytestmark = pytest.mark.services


@pytest.fixture
async def connection(database_proxy):
    """Yield a connection by way of a proxy, that waits for a third of a second."""
    url = database_url(database_proxy)
    made = await asyncio.to_thread(bounded(0.3).connect, url, autocommit=True)
    yield made
    await asyncio.to_thread(made.close)


async def test_an_answer_in_time_is_an_answer(connection):
    assert await asyncio.to_thread(lambda: connection.execute("SELECT pg_sleep(0.1), 7").fetchone()[1]) == 7


@pytest.mark.parametrize("pipelined", [False, True])
async def test_an_answer_that_does_not_come_closes_the_connection(connection, database_proxy, pipelined):
    def ask() -> None:
        if not pipelined:
            connection.execute("SELECT 1")
            return
        with connection.transaction(), connection.pipeline():
            connection.execute("SELECT 1").fetchone()

    database_proxy.stall()
    with pytest.raises(psycopg.OperationalError):
        await asyncio.wait_for(asyncio.to_thread(ask), 5)
    assert connection.closed
