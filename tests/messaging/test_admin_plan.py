"""The admin's lists over a long log: an index for each page, and time that does not grow with the table.

`ADMIN_EVENTS=1000000 pytest -s` fills it with a million and prints the plans.
"""

from __future__ import annotations

import os
import time

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from messaging.models import Chat, User
from tests.messaging.world import make_group, make_users

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]

EVENTS = int(os.environ.get("ADMIN_EVENTS", "30000"))
CHATS = 100


def fill() -> int:
    """Write so many events into a hundred chats; return the last chat."""
    ada, bob = make_users("ada", "bob")
    chats = [make_group(ada, bob) for _ in range(CHATS)]
    sql = """
        INSERT INTO messaging_event (chat_id, seq, kind, sender_id, client_id, payload, text, at, message_no, reactions)
        SELECT %s + n %% %s, 1 + n / %s, 'message.created', %s, 'c' || n, '{}', repeat('word ', 10), now(), 1 + n / %s, '{}'
        FROM generate_series(0, %s - 1) n
    """
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(sql, [chats[0], CHATS, CHATS, bob, CHATS, EVENTS])
        cursor.execute("VACUUM ANALYZE messaging_event")
    Chat.objects.update(last_seq=EVENTS // CHATS, message_count=EVENTS // CHATS)
    return chats[-1]


def explain(sql: str) -> str:
    """Return the plan of a statement, run."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_every_page_of_events_is_found_by_an_index():
    chat = fill()
    client = Client()
    client.force_login(User.objects.create(username="boss", is_staff=True, is_superuser=True))
    client.get("/admin/messaging/event/")
    for query in ("", "?p=100", f"?q={chat}", f"?q={chat}&p=6", f"?q={chat}:5"):
        with CaptureQueriesContext(connection) as captured:
            started = time.perf_counter()
            response = client.get(f"/admin/messaging/event/{query}")
            spent = time.perf_counter() - started
        assert response.status_code == 200
        asked = [item["sql"] for item in captured if 'FROM "messaging_event"' in item["sql"]]
        plans = [explain(sql) for sql in asked]
        print(f"\n=== {query or 'first page'}: {spent * 1000:.0f} ms", *plans, sep="\n")
        assert len(asked) >= 2
        for sql, plan in zip(asked, plans, strict=True):
            # The bounded count of the whole table may take its first rows as they come.
            assert "Seq Scan on messaging_event" not in plan or "LIMIT 5000" in sql, plan
            assert "LIMIT" in sql or f'"chat_id" = {chat} AND' in sql, sql
