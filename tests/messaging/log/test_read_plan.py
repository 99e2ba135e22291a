"""How PostgreSQL reads a page of the log: through its index, however large the table and whatever it thinks of it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from messaging.database import execute, fetch
from messaging.log import Position, read
from tests.messaging.world import make_group, make_users

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

CHATS, EVENTS = 700, 40


def _fill(user: int, first_chat: int) -> None:
    """Make many chats with some events each, which no service would write so fast."""
    execute(
        """INSERT INTO messaging_chat (kind, title, creator_id, last_seq, message_count)
        SELECT 'group', '', %s, %s, %s FROM generate_series(1, %s)""",
        [user, EVENTS, EVENTS, CHATS],
    )
    execute(
        """INSERT INTO messaging_event (chat_id, seq, kind, sender_id, payload, text, at, message_no, reactions)
        SELECT c.id, n, 'message.created', %s, '{}', 'x', now(), n, '{}'
        FROM messaging_chat c, generate_series(1, %s) n WHERE c.id <> %s""",
        [user, EVENTS, first_chat],
    )
    execute("ANALYZE", [])


def test_a_page_is_read_through_the_index():
    (ann,) = make_users("ann")
    _fill(ann, make_group(ann))
    chat = fetch("SELECT max(id) FROM messaging_chat", [])[0][0]
    with CaptureQueriesContext(connection) as statements:
        (page,) = read([Position(chat, 10, 100)])
    plan = "\n".join(row[0] for row in fetch("EXPLAIN " + statements[0]["sql"].replace("%", "%%"), []))
    assert [event.seq for event in page.events] == list(range(11, EVENTS + 1))
    assert "Seq Scan on messaging_event" not in plan
    assert "event_numbered_once" in plan
