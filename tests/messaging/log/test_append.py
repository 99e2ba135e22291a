"""append: the answer to every write, and what it leaves in the log, its chat and its members."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import ProtectedError
from django.db.models.functions import Now

from messaging.log import append
from messaging.models import ACTIVE_SECONDS, Chat, Event, Membership, Store, User
from messaging.protocol.kinds import Kind
from messaging.write import Write
from tests.messaging.world import (
    addition,
    answers,
    events_of,
    make_private,
    make_users,
    membership,
    message,
    outcomes,
    promotion,
    removal,
    renaming,
    say,
    seqs_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


# What it answers


def test_writes_are_numbered_in_their_order(ann, bob, chat):
    assert answers(message(chat, ann, "one"), message(chat, bob, "two"), message(chat, ann, "three")) == [1, 2, 3]
    assert [event.body["text"] for event in events_of(chat)] == ["one", "two", "three"]


def test_chats_are_numbered_apart(ann, bob, chat):
    other = make_private(ann, bob)
    assert answers(message(chat, ann), message(other, bob), message(chat, bob), message(other, ann)) == [1, 1, 2, 2]


def test_the_outcome_holds_the_event_as_the_log_has_it(ann, chat):
    outcome, reply = outcomes(message(chat, ann, "hi", id="a"), message(chat, ann, "ho", reply_to=1))
    assert [outcome.event, reply.event] == events_of(chat)
    assert (outcome.seq, outcome.at, outcome.duplicate) == (1, outcome.event.at, False)
    assert (outcome.event.id, outcome.event.sender, outcome.event.body) == ("a", ann, {"text": "hi"})


def test_the_epoch_of_the_store_comes_with_the_answers(ann, chat):
    assert append([message(chat, ann)]).epoch == Store.objects.get().epoch


def test_a_message_counts_and_moves_its_senders_marker_alone(ann, bob, chat):
    answers(renaming(chat, ann, "New"), message(chat, ann), message(chat, ann))
    stored = Chat.objects.get(pk=chat)
    assert (stored.last_seq, stored.message_count) == (3, 2)
    assert [(m.read_seq, m.read_count) for m in (membership(chat, ann), membership(chat, bob))] == [(3, 2), (0, 0)]
    assert list(Event.objects.order_by("seq").values_list("message_no", flat=True)) == [0, 1, 2]


def test_a_write_stamps_its_chat_and_no_membership(ann, bob, chat):
    other = Chat.objects.get(pk=make_private(ann, bob))
    before, joined = Chat.objects.get(pk=chat).updated_at, membership(chat, ann).changed_at
    say(chat, ann, "hi")
    assert Chat.objects.get(pk=chat).updated_at > before
    assert Chat.objects.get(pk=other.pk).updated_at == other.updated_at
    assert membership(chat, ann).changed_at == joined


@pytest.mark.parametrize(("moved", "stays"), [(-2, True), (-2 * ACTIVE_SECONDS, False), (60, False)])
def test_the_stamp_that_looks_go_by_moves_when_it_is_old_or_of_no_clock(ann, chat, moved, stays):
    Chat.objects.update(active_at=Now() + timedelta(seconds=moved))
    before = Chat.objects.get(pk=chat).active_at
    say(chat, ann, "hi")
    stored = Chat.objects.get(pk=chat)
    assert (stored.active_at == before) is stays
    assert abs(stored.updated_at - stored.active_at) < timedelta(seconds=ACTIVE_SECONDS)


def test_a_change_of_members_stamps_the_one_it_concerns(ann, bob, chat):
    for write in (promotion(chat, ann, bob, "admin"), removal(chat, ann, bob), addition(chat, ann, bob)):
        before = [membership(chat, user).changed_at for user in (ann, bob)]
        answers(write)
        after = [membership(chat, user).changed_at for user in (ann, bob)]
        assert (after[0], after[1] > before[1]) == (before[0], True)


# Once


def test_a_repeat_gets_the_first_answer_and_writes_nothing(ann, chat):
    (first,) = outcomes(message(chat, ann, "hi", id="a"))
    say(chat, ann, "another")
    (repeat,) = outcomes(message(chat, ann, "hi", id="a"))
    assert (repeat.seq, repeat.at, repeat.duplicate, repeat.event) == (first.seq, first.at, True, None)
    assert seqs_of(chat) == [1, 2]


def test_an_id_with_other_content_is_a_conflict(ann, chat):
    say(chat, ann, "hi")
    append([message(chat, ann, "hi", id="a")])
    assert (
        answers(message(chat, ann, "Hi", id="a"), message(chat, ann, "hi", id="a", reply_to=1)) == ["id_conflict"] * 2
    )
    assert seqs_of(chat) == [1, 2]


def test_within_one_batch_an_id_counts_once_too(ann, chat):
    batch = [message(chat, ann, "hi", id="a"), message(chat, ann, "hi", id="a"), message(chat, ann, "Hi", id="a")]
    assert answers(*batch) == [1, 1, "id_conflict"]


def test_an_id_is_of_its_sender_and_chat(ann, bob, chat):
    other = make_private(ann, bob)
    same = [
        message(where, who, f"{n}", id="a") for n, (where, who) in enumerate([(chat, ann), (chat, bob), (other, ann)])
    ]
    assert answers(*same) == [1, 2, 1]


def test_a_refused_id_is_not_remembered(ann, chat):
    assert answers(message(chat, ann, "hi", id="a", reply_to=1)) == ["message_not_found"]
    assert answers(message(chat, ann, "ho", id="a")) == [1]


def test_content_that_was_forgotten_is_any_content(ann, chat):
    append([message(chat, ann, "hi", id="a")])
    Event.objects.update(content_hash=None, text="")
    assert answers(message(chat, ann, "something else", id="a")) == [1]


def test_what_was_edited_is_repeated_by_what_was_sent(ann, chat):
    append([message(chat, ann, "hi", id="a")])
    Event.objects.update(text="edited")
    assert answers(message(chat, ann, "hi", id="a"), message(chat, ann, "edited", id="a")) == [1, "id_conflict"]


def test_who_was_removed_gets_the_first_answer_to_an_old_id_and_nothing_else(ann, bob, chat):
    append([message(chat, bob, "hi", id="a"), removal(chat, ann, bob)])
    batch = [message(chat, bob, "hi", id="a"), message(chat, bob, "ho", id="a"), message(chat, bob, "hi", id="b")]
    assert answers(*batch) == [1, "id_conflict", "not_a_member"]


# Who may


def test_strangers_and_unknown_chats_are_the_same(chat):
    (eve,) = make_users("eve")
    assert answers(message(chat, eve), message(chat + 1, eve), renaming(chat, eve, "x")) == ["not_a_member"] * 3
    assert seqs_of(chat) == []


def test_one_bad_command_fails_alone(ann, bob, chat):
    (eve,) = make_users("eve")
    batch = [
        message(chat, ann, "one"),
        message(chat, eve),
        message(chat, bob, reply_to=99),
        renaming(chat, bob, "x"),
        message(chat, bob, "two"),
    ]
    assert answers(*batch) == [1, "not_a_member", "message_not_found", "forbidden", 2]


def test_a_reply_is_to_a_message_of_the_same_chat(ann, bob, chat):
    other = make_private(ann, bob)
    answers(renaming(chat, ann, "New"), message(chat, ann), message(other, ann))
    batch = [message(chat, bob, reply_to=seq) for seq in (2, 1, 0, 3, 99)] + [message(other, bob, reply_to=2)]
    # The third message is the first reply; by then it is there to be replied to.
    assert answers(*batch) == [3, "message_not_found", "message_not_found", 4, "message_not_found", "message_not_found"]


def test_a_batch_sees_what_it_did_before(ann, bob, chat):
    (eve,) = make_users("eve")
    batch = [
        message(chat, eve),
        addition(chat, ann, eve),
        message(chat, eve),
        promotion(chat, ann, eve, "admin"),
        renaming(chat, eve, "Eve's"),
        removal(chat, eve, bob),
        message(chat, bob),
        addition(chat, eve, bob),
        message(chat, bob),
    ]
    assert answers(*batch) == ["not_a_member", 1, 2, 3, 4, 5, "not_a_member", 6, 7]
    assert (membership(chat, bob).joined_seq, membership(chat, bob).left_seq) == (6, None)
    assert Chat.objects.get(pk=chat).title == "Eve's"


def test_a_newcomer_starts_read_up_to_the_join(ann, chat):
    (eve,) = make_users("eve")
    answers(message(chat, ann), message(chat, ann), addition(chat, ann, eve), message(chat, ann))
    joined = membership(chat, eve)
    assert (joined.joined_seq, joined.read_seq, joined.read_count) == (3, 3, 2)


def test_being_added_again_overwrites_the_membership(ann, bob, chat):
    answers(promotion(chat, ann, bob, "admin"), removal(chat, ann, bob))
    assert (membership(chat, bob).joined_seq, membership(chat, bob).left_seq) == (0, 2)
    assert answers(addition(chat, ann, bob)) == [3]
    again = membership(chat, bob)
    assert (again.role, again.joined_seq, again.left_seq) == ("member", 3, None)
    assert Membership.objects.filter(chat=chat, user=bob).count() == 1


def test_what_changes_nothing_makes_no_event(ann, bob, chat):
    batch = [addition(chat, ann, bob), promotion(chat, ann, bob, "member"), renaming(chat, ann, "Group")]
    assert answers(*batch) == ["noop"] * 3
    assert seqs_of(chat) == []


def test_what_has_no_id_is_written_each_time(ann, chat):
    assert answers(renaming(chat, ann, "A"), renaming(chat, ann, "B"), renaming(chat, ann, "A")) == [1, 2, 3]


def test_texts_come_back_as_they_were(ann, chat):
    texts = ["0", "null", "{}", '"', "\\", "%s %%", "';--", "\t\n", "é😀\u2028", "x" * 4_000]
    say(chat, ann, *texts)
    assert [event.body["text"] for event in events_of(chat)] == texts


# What is never lost


def test_a_write_that_the_database_refuses_fails_alone(ann, chat):
    nobody = max(User.objects.values_list("pk", flat=True)) + 1
    batch = [message(chat, ann, "one"), addition(chat, ann, nobody), message(chat, ann, "two", id="a")]
    assert answers(*batch) == [1, "internal", 2]
    assert answers(message(chat, ann, "two", id="a")) == [2]


@pytest.mark.parametrize("bad", [{"text": "\ud800"}, {"text": "hi", "reply_to": "x"}])
def test_a_write_that_never_reaches_the_database_fails_alone_too(ann, chat, bad):
    batch = [message(chat, ann), Write(chat, ann, Kind.MESSAGE_CREATED, bad), message(chat, ann)]
    assert answers(*batch)[::2] == [1, 2]
    assert answers(*batch)[1] in ("internal", "message_not_found")


def test_chats_and_users_with_a_history_are_not_deleted(ann, chat):
    say(chat, ann, "hi")
    for row in (Chat.objects.get(pk=chat), User.objects.get(pk=ann)):
        with pytest.raises(ProtectedError):
            row.delete()
