"""append, of texts with names in them: who is mentioned, what is kept of it, and what becomes of it."""

from __future__ import annotations

import pytest

from messaging.log import append
from messaging.models import Mention
from tests.messaging.world import (
    addition,
    answers,
    deletion,
    edition,
    make_group,
    make_users,
    message,
    outcomes,
    removal,
    seqs_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


def mentioned() -> list[tuple[int, int]]:
    """Return who is mentioned where, as (user, seq)."""
    return list(Mention.objects.order_by("seq", "user").values_list("user", "seq"))


def told(*writes) -> list[list[int] | None]:
    """Append a batch; return the mentions of each event."""
    return [outcome.event.body.get("mentions") for outcome in outcomes(*writes)]


def test_members_are_mentioned_by_their_names_in_any_capitals(ann, bob, chat):
    make_users("eve")
    assert told(message(chat, ann, "@BOB, @eve. @bob: me is @Ann; mail bob@ann.org @nobody")) == [[bob, ann]]
    # Not oneself: there is nothing to be told.
    assert mentioned() == [(bob, 1)]


def test_a_name_that_ends_as_a_sentence_does_is_read_to_its_end(ann, bob):
    (dot,) = make_users("bob.")
    one, both = make_group(ann, bob), make_group(ann, bob, dot)
    assert told(message(one, ann, "hi @bob."), message(both, ann, "hi @bob.")) == [[bob], [dot]]


def test_where_names_differ_in_capitals_only_the_one_that_is_written_is_meant(ann):
    upper, lower = make_users("Kim", "kim")
    chat = make_group(ann, upper, lower)
    assert told(message(chat, ann, "@Kim"), message(chat, ann, "@kim")) == [[upper], [lower]]


def test_who_comes_and_goes_in_a_batch_is_mentioned_while_there(ann, bob, chat):
    (eve,) = make_users("eve")
    text = "@eve @bob"
    answers(message(chat, ann, text), addition(chat, ann, eve), removal(chat, ann, bob), message(chat, ann, text))
    assert mentioned() == [(bob, 1), (eve, 4)]


def test_an_edit_mentions_anew(ann, bob, chat):
    (eve,) = make_users("eve")
    answers(addition(chat, ann, eve), message(chat, ann, "@bob @eve"), edition(chat, ann, 2, "@eve"))
    assert mentioned() == [(eve, 2)]
    answers(edition(chat, ann, 2, "nobody"))
    assert mentioned() == []
    answers(edition(chat, ann, 2, "@eve"), edition(chat, ann, 2, "@bob"))
    assert mentioned() == [(bob, 2)]


def test_a_deleted_message_mentions_nobody(ann, bob, chat):
    append([message(chat, ann, "@bob"), message(chat, ann, "@bob")])
    append([deletion(chat, ann, 1)])
    assert mentioned() == [(bob, 2)]


def test_mentions_are_no_content(ann, bob, chat):
    append([message(chat, ann, "@bob", id="m"), removal(chat, ann, bob)])
    assert answers(message(chat, ann, "@bob", id="m")) == [1]
    assert seqs_of(chat) == [1, 2]


def test_only_so_many_names_are_looked_for(shrink, ann, bob, chat):
    shrink(mentions_per_message=2)
    assert told(message(chat, ann, "@x @y @bob"), message(chat, ann, "@x @x @bob")) == [None, [bob]]


def test_strangers_mention_nobody(ann, bob, chat):
    (eve,) = make_users("eve")
    assert answers(message(chat, eve, "@bob"), message(chat + 1, eve, "@bob")) == ["not_a_member"] * 2
    assert mentioned() == []
