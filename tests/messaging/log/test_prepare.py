"""The pure half of a write: which rows a command makes, and that a refused one leaves no trace."""

from __future__ import annotations

from copy import deepcopy

import pytest

from messaging.log.prepare import _PREPARE, prepare
from messaging.log.state import Known, Member
from messaging.protocol.kinds import Kind
from messaging.write import Outcome
from tests.messaging.log.given_state import ADMIN, AT, CHAT, GONE, MEMBER, OWNER, STRANGER, outcome_of, state
from tests.messaging.world import addition, message, promotion, removal, renaming


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (message(CHAT, MEMBER), 4),
        (message(CHAT, MEMBER, reply_to=3), 4),
        (message(CHAT, MEMBER, reply_to=2), "message_not_found"),
        (message(CHAT, GONE), "not_a_member"),
        (message(CHAT, STRANGER), "not_a_member"),
        (message(8, OWNER), "not_a_member"),
        (addition(CHAT, OWNER, STRANGER), 4),
        (addition(CHAT, ADMIN, GONE), 4),
        (addition(CHAT, MEMBER, STRANGER), "forbidden"),
        (addition(CHAT, OWNER, STRANGER, "owner"), 4),
        (addition(CHAT, ADMIN, STRANGER, "admin"), "forbidden"),
        (addition(CHAT, ADMIN, STRANGER, "owner"), "forbidden"),
        (addition(CHAT, ADMIN, MEMBER), None),
        (removal(CHAT, OWNER, ADMIN), 4),
        (removal(CHAT, ADMIN, MEMBER), 4),
        (removal(CHAT, ADMIN, OWNER), "forbidden"),
        (removal(CHAT, MEMBER, ADMIN), "forbidden"),
        (removal(CHAT, MEMBER, MEMBER), 4),
        (removal(CHAT, OWNER, OWNER), "forbidden"),
        (removal(CHAT, OWNER, GONE), "user_not_found"),
        (removal(CHAT, OWNER, STRANGER), "user_not_found"),
        (promotion(CHAT, OWNER, MEMBER, "admin"), 4),
        (promotion(CHAT, OWNER, ADMIN, "admin"), None),
        (promotion(CHAT, ADMIN, MEMBER, "admin"), "forbidden"),
        (promotion(CHAT, OWNER, OWNER, "member"), "forbidden"),
        (promotion(CHAT, OWNER, GONE, "admin"), "user_not_found"),
        (renaming(CHAT, ADMIN, "New"), 4),
        (renaming(CHAT, ADMIN, "Old"), None),
        (renaming(CHAT, MEMBER, "New"), "forbidden"),
    ],
)
def test_a_command_gets_its_number_or_its_refusal(write, expected):
    given = state()
    before = deepcopy(given)
    assert outcome_of(write, given) == expected
    # Refused or without effect: nothing of it is left behind.
    assert (given == before) is not isinstance(expected, int)


@pytest.mark.parametrize(
    "write",
    [
        addition(CHAT, MEMBER, STRANGER),
        removal(CHAT, MEMBER, MEMBER),
        removal(CHAT, OWNER, MEMBER),
        promotion(CHAT, OWNER, MEMBER, "admin"),
        renaming(CHAT, OWNER, "New"),
    ],
)
def test_members_and_title_of_a_private_chat_never_change(write):
    assert outcome_of(write, state(kind="private")) == "forbidden"


def test_a_message_counts_and_moves_the_marker_of_its_sender():
    given = state()
    prepare(given, message(CHAT, MEMBER, "hi"))
    chat = given.chats[CHAT]
    assert (chat.last_seq, chat.message_count, chat.changed) == (4, 2, True)
    assert (chat.members[MEMBER].read_seq, chat.members[MEMBER].read_count) == (4, 2)
    assert not chat.members[OWNER].read
    assert [(row.event.seq, row.event.at, row.message_no) for row in given.events] == [(4, AT, 2)]


def test_what_does_not_count_moves_no_marker():
    given = state()
    prepare(given, renaming(CHAT, OWNER, "New"))
    assert (given.chats[CHAT].message_count, given.events[0].message_no) == (1, 1)
    assert not given.chats[CHAT].members[OWNER].read


def test_a_newcomer_is_read_up_to_the_join():
    given = state()
    prepare(given, addition(CHAT, OWNER, STRANGER, "admin"))
    assert given.chats[CHAT].members[STRANGER] == Member(STRANGER, "admin", 4, None, 4, 1, moved=True)
    assert given.events[0].event.body == {"user": STRANGER, "role": "admin"}


def test_who_left_is_kept_with_the_place_of_leaving():
    given = state()
    prepare(given, removal(CHAT, OWNER, MEMBER))
    member = given.chats[CHAT].members[MEMBER]
    assert (member.left_seq, member.moved, given.chats[CHAT].member_count) == (4, True, 2)


def test_a_full_chat_takes_one_for_one_who_leaves():
    given = state(members_most=3)
    writes = [addition(CHAT, OWNER, STRANGER), removal(CHAT, OWNER, MEMBER), addition(CHAT, OWNER, STRANGER)]
    assert [outcome_of(write, given) for write in writes] == ["limit_reached", 4, 5]
    assert outcome_of(addition(CHAT, OWNER, ADMIN), given) is None


@pytest.mark.parametrize(
    "handover", [promotion(CHAT, OWNER, MEMBER, "owner"), addition(CHAT, OWNER, STRANGER, "owner")], ids=["role", "new"]
)
def test_an_owner_who_handed_over_may_leave(handover):
    given = state()
    leave = removal(CHAT, OWNER, OWNER)
    assert [outcome_of(write, given) for write in (leave, handover, leave)] == ["forbidden", 4, 5]


def test_the_last_one_of_a_group_may_leave():
    given = state()
    writes = [removal(CHAT, OWNER, MEMBER), removal(CHAT, OWNER, ADMIN), removal(CHAT, OWNER, OWNER)]
    assert [outcome_of(write, given) for write in writes] == [4, 5, 6]


@pytest.mark.parametrize(("text", "expected"), [("hi", 2), ("Hi", "id_conflict")])
def test_a_known_id_gets_its_first_answer_even_where_the_sender_is_gone(text, expected):
    given = state()
    known = message(CHAT, GONE, "hi", id="a")
    given.known[CHAT, GONE, "a"] = Known(2, AT, known.content_hash)
    assert outcome_of(message(CHAT, GONE, text, id="a"), given) == expected
    assert given.events == []


def test_a_write_becomes_known_with_its_event():
    given = state()
    assert outcome_of(message(CHAT, MEMBER, "hi", id="a"), given) == 4
    again = prepare(given, message(CHAT, MEMBER, "hi", id="a"))
    assert again == Outcome(seq=4, at=AT, duplicate=True)
    assert len(given.events) == 1


def test_the_new_message_may_be_replied_to_at_once():
    given = state()
    writes = [message(CHAT, MEMBER, reply_to=4), message(CHAT, MEMBER), message(CHAT, OWNER, reply_to=4)]
    assert [outcome_of(write, given) for write in writes] == ["message_not_found", 4, 5]


def test_every_kind_can_be_written():
    assert _PREPARE.keys() == set(Kind)
