"""append, of what changes a message: what is folded into its row, what is gone from the store, what is replayed."""

from __future__ import annotations

import pytest

from messaging.database import fetch
from messaging.log import append
from messaging.models import Event
from messaging.protocol.batch import EventBatch
from tests.messaging.world import (
    answers,
    deletion,
    edition,
    events_of,
    make_group,
    membership,
    message,
    outcomes,
    reaction,
    removal,
    say,
)

pytestmark = pytest.mark.django_db(transaction=True)


def row(chat: int, seq: int) -> Event:
    return Event.objects.get(chat=chat, seq=seq)


def whole_store() -> str:
    """Return all that the tables of the log hold, as text."""
    return str(fetch("SELECT * FROM messaging_event", []) + fetch("SELECT * FROM messaging_mention", []))


# Folding


def test_an_edit_is_an_event_and_the_text_of_its_message(ann, chat):
    say(chat, ann, "one", "two")
    (edit,) = outcomes(edition(chat, ann, 1, "uno"))
    assert (edit.seq, edit.event.body) == (3, {"target": 1, "text": "uno"})
    assert (row(chat, 1).text, row(chat, 1).edited_at) == ("uno", row(chat, 3).at)
    assert (row(chat, 2).text, row(chat, 2).edited_at) == ("two", None)


def test_what_changes_a_message_is_no_message(ann, bob, chat):
    say(chat, ann, "one")
    assert answers(edition(chat, ann, 1, "a"), reaction(chat, bob, 1), deletion(chat, ann, 1)) == [2, 3, 4]
    stored = membership(chat, bob)
    assert (stored.chat.last_seq, stored.chat.message_count, stored.read_seq) == (4, 1, 0)


def test_reactions_are_folded_by_emoji(ann, bob, chat):
    say(chat, ann, "one")
    batch = [reaction(chat, ann, 1), reaction(chat, bob, 1), reaction(chat, bob, 1, "🎉")]
    assert answers(*batch) == [2, 3, 4]
    assert answers(reaction(chat, ann, 1, on=False), reaction(chat, bob, 1, "🎉", on=False)) == [5, 6]
    assert row(chat, 1).reactions == {"👍": [bob]}
    assert (row(chat, 1).text, row(chat, 1).edited_at) == ("one", None)


def test_a_reaction_that_changes_nothing_is_not_remembered(ann, chat):
    say(chat, ann, "one")
    assert answers(reaction(chat, ann, 1, on=False, id="r"), reaction(chat, ann, 1, id="r")) == ["noop", 2]
    assert answers(reaction(chat, ann, 1), reaction(chat, ann, 1, id="r")) == ["noop", 2]
    assert answers(reaction(chat, ann, 1, "🎉", id="r")) == ["id_conflict"]


def test_one_batch_writes_changes_and_deletes_a_message(ann, bob, chat):
    batch = [
        message(chat, ann, "one"),
        edition(chat, ann, 1, "two"),
        reaction(chat, bob, 1),
        message(chat, bob, "reply", reply_to=1),
        deletion(chat, ann, 1),
        edition(chat, ann, 1, "three"),
        reaction(chat, bob, 1, on=False),
        message(chat, bob, "reply", reply_to=1),
    ]
    assert answers(*batch) == [1, 2, 3, 4, 5, *["message_not_found"] * 3]
    gone = row(chat, 1)
    assert (gone.text, gone.content_hash, gone.reactions, gone.deleted_at) == ("", None, {}, row(chat, 5).at)


def test_a_message_of_another_chat_is_not_found(ann, bob, chat):
    other = make_group(ann)
    say(other, ann, "one")
    batch = [edition(chat, ann, 1, "x"), deletion(chat, ann, 1), reaction(chat, ann, 1), message(chat, ann, reply_to=1)]
    assert answers(*batch) == ["message_not_found"] * 4
    assert answers(deletion(other, bob, 1), reaction(other, bob, 1)) == ["not_a_member"] * 2


# Deleting


def test_a_deleted_text_and_those_of_its_edits_are_gone_at_once(ann, bob, chat):
    append([message(chat, ann, "secret 1"), message(chat, bob, "kept"), edition(chat, ann, 1, "secret 2")])
    append([edition(chat, bob, 2, "kept too"), edition(chat, ann, 1, "secret 3"), deletion(chat, ann, 1)])
    assert "secret" not in whole_store()
    hashes = Event.objects.order_by("seq").values_list("content_hash", flat=True)
    assert [hash is None for hash in hashes] == [True, False, True, False, True, False]
    assert (row(chat, 2).text, row(chat, 4).text) == ("kept too", "kept too")


def test_any_repeat_of_what_was_deleted_is_the_first_answer(ann, bob, chat):
    first = outcomes(
        message(chat, ann, "one", id="m"), edition(chat, ann, 1, "two", id="e"), deletion(chat, ann, 1, id="d")
    )
    told = outcomes(message(chat, ann, "x", id="m"), reaction(chat, ann, 9, id="e"), deletion(chat, ann, 1, id="d"))
    assert [(o.seq, o.at, o.duplicate) for o in told] == [(o.seq, o.at, True) for o in first]
    assert answers(deletion(chat, ann, 2, id="d"), message(chat, bob, "x", id="m")) == ["id_conflict", 4]


def test_an_edit_is_repeated_by_its_own_content_alone(ann, chat):
    append([message(chat, ann, "one", id="m"), edition(chat, ann, 1, "two", id="e")])
    batch = [
        message(chat, ann, "one", id="m"),
        edition(chat, ann, 1, "two", id="e"),
        edition(chat, ann, 1, "x", id="e"),
    ]
    assert answers(*batch) == [1, 2, "id_conflict"]


def test_who_was_removed_gets_the_first_answer_to_an_old_edit(ann, bob, chat):
    append([message(chat, bob, "one"), edition(chat, bob, 1, "two", id="e"), removal(chat, ann, bob)])
    assert answers(edition(chat, bob, 1, "two", id="e"), edition(chat, bob, 1, "three")) == [2, "not_a_member"]


# What is replayed


def test_what_is_read_is_to_the_byte_what_was_published(ann, bob, chat):
    say(chat, ann, "one", "two")
    written = outcomes(
        edition(chat, ann, 1, "Grüße @bob"),
        reaction(chat, bob, 1, "❤️"),
        reaction(chat, bob, 1, "❤️", on=False),
        message(chat, bob, "@ann", reply_to=1),
        deletion(chat, ann, 2),
    )
    published = EventBatch.from_events([outcome.event for outcome in written], epoch="e")
    assert EventBatch.from_events(events_of(chat, after=2), epoch="e").as_message() == published.as_message()


def test_a_replay_shows_the_present(ann, bob, chat):
    append([message(chat, ann, "one @bob"), message(chat, ann, "two @bob"), edition(chat, ann, 1, "uno @ann")])
    append([edition(chat, ann, 2, "due @bob"), deletion(chat, ann, 2)])
    assert [event.body for event in events_of(chat)] == [
        {"text": "uno @ann", "mentions": [ann]},
        {"deleted": True},
        {"target": 1, "text": "uno @ann", "mentions": [ann]},
        {"target": 2, "deleted": True},
        {"target": 2},
    ]
