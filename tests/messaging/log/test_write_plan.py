"""How PostgreSQL finds what a write touches: through indexes, however large the tables."""

from __future__ import annotations

import pytest

from messaging import reading, selectors
from messaging.database import execute, fetch
from messaging.log import append
from tests.messaging.world import (
    deletion,
    edition,
    in_threads,
    make_group,
    make_users,
    membership,
    message,
    plans_of,
    reaction,
    say,
    seqs_of,
)

pytestmark = [pytest.mark.services, pytest.mark.django_db(transaction=True)]

CHATS, EVENTS, MENTIONS = 300, 60, 300


def _fill(user: int) -> None:
    """Make many chats, each with texts and edits."""
    execute(
        """INSERT INTO messaging_chat (kind, title, creator_id, last_seq, message_count)
        SELECT 'group', '', %s, 0, 0 FROM generate_series(1, %s)""",
        [user, CHATS],
    )
    execute(
        """INSERT INTO messaging_event (chat_id, seq, kind, target, sender_id, payload, text, at, message_no, reactions)
        SELECT c.id, n, CASE n %% 2 WHEN 1 THEN 'message.created' ELSE 'message.edited' END,
               CASE n %% 2 WHEN 0 THEN n - 1 END, %s, '{}', repeat('x', 900), now(), n, '{}'
        FROM messaging_chat c, generate_series(1, %s) n WHERE c.last_seq = 0""",
        [user, EVENTS],
    )


def _prepared() -> dict[str, str]:
    """Return what this connection has prepared of ours: the names by the texts."""
    rows = fetch("SELECT statement, name FROM pg_prepared_statements WHERE statement LIKE '%%messaging_%%'", [])
    return {text: name for text, name in rows if "pg_prepared_statements" not in text}


@pytest.fixture
def chat() -> int:
    """Return one of many chats of many users, each with texts, edits and mentions."""
    ann, bob = make_users("ann", "bob")
    execute(
        """INSERT INTO messaging_user (
            username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined
        ) SELECT 'user' || n, '', false, '', '', '', false, true, now() FROM generate_series(1, 20000) n""",
        [],
    )
    _fill(ann)
    execute(
        """INSERT INTO messaging_mention (user_id, chat_id, seq)
        SELECT %s, c.id, n FROM messaging_chat c, generate_series(1, %s) n""",
        [bob, MENTIONS],
    )
    execute("ANALYZE", [])
    chat = make_group(ann, bob)
    say(chat, ann, "one", "two @bob")
    return chat


def test_what_changes_messages_is_found_through_indexes(chat):
    ann, bob = (member.user_id for member in selectors.members_of(chat))
    batch = [message(chat, ann, "@BOB"), edition(chat, ann, 1, "@bob"), reaction(chat, bob, 1), deletion(chat, ann, 2)]
    plan = plans_of(lambda: append(batch))
    for table in ("event", "mention", "user"):
        assert f"Seq Scan on messaging_{table}" not in plan
    for index in ("event_numbered_once", "event_edits", "mention_once", "user_by_name"):
        assert index in plan


def test_unread_mentions_are_counted_through_their_index(chat):
    bob = selectors.members_of(chat).last()
    assert bob is not None
    own = [membership(chat, bob.user_id)]
    plan = plans_of(lambda: (selectors.read_overview(bob.user_id), reading.unread_mentions(own)))
    assert "Seq Scan on messaging_mention" not in plan
    assert plan.count("mention_once") == 2


def test_a_statement_is_prepared_once_whatever_the_size_of_its_batch():
    (ann,) = make_users("ann")
    chat = make_group(ann)
    say(chat, ann, "one")
    prepared = _prepared()
    say(chat, ann, *(f"{n}" for n in range(50)))
    assert len(prepared) >= 6
    assert _prepared() == prepared


def test_a_column_that_is_changed_meanwhile_fails_no_write():
    (ann,) = make_users("ann")
    chat = make_group(ann)
    say(chat, ann, "one")

    def alter(size: int) -> None:
        sql = f"ALTER TABLE messaging_chat ALTER COLUMN title TYPE varchar({size})"
        in_threads(1, lambda _: execute(sql, []))

    alter(300)
    try:
        say(chat, ann, "two")
    finally:
        alter(200)
    assert seqs_of(chat) == [1, 2]


def test_a_plan_that_was_made_for_an_empty_table_is_not_kept():
    (ann,) = make_users("ann")
    chat = make_group(ann)

    def plan_of_repeats() -> str:
        (name,) = (name for text, name in _prepared().items() if "e.client_id = r.client_id" in text)
        return "\n".join(row[0] for row in fetch(f"EXPLAIN EXECUTE {name} ('[]')", []))

    for n in range(10):
        say(chat, ann, f"{n}")
    assert "Seq Scan on messaging_event" in plan_of_repeats()
    _fill(ann)
    for n in range(100):
        say(chat, ann, f"{n}")
    assert "event_written_once" in plan_of_repeats()
