"""The pure half of a write: which rows a command makes, and that a refused one leaves no trace."""

from __future__ import annotations

from copy import deepcopy

import msgspec
import pytest

from messaging.conf import Limits, Settings
from messaging.log import Outcome, Write
from messaging.log.prepare import _PREPARE, prepare
from messaging.log.state import ChatState, Known, Member, Message, State
from messaging.protocol.kinds import Kind
from tests.messaging.world import addition, deletion, edition, message, promotion, reaction, removal, renaming

AT = "2026-01-31T12:00:00.000000Z"
CHAT, OWNER, ADMIN, MEMBER, GONE, STRANGER = 7, 1, 2, 3, 4, 5


def state(*, kind: str = "group", members_most: int = 10, **limits: float) -> State:
    """Return the state of a chat with an owner, an admin, a member, and one who left; its third event is a message."""
    chat = ChatState(CHAT, kind, "Old", last_seq=3, message_count=1, member_count=3, owner_count=1)
    chat.messages[3] = Message(3, MEMBER, AT)
    for user, role in ((OWNER, "owner"), (ADMIN, "admin"), (MEMBER, "member")):
        chat.members[user] = Member(user, role, 0, None, 0, 0)
    chat.members[GONE] = Member(GONE, "admin", 0, 2, 1, 0)
    bounds = msgspec.convert(limits | {"members": members_most}, Limits)
    return State(AT, Settings(limits=bounds), {CHAT: chat}, {})


def outcome_of(write: Write, given: State | None = None) -> int | str | None:
    """Return the seq that `write` gets, None where it changes nothing, or the code of its error."""
    outcome = prepare(given or state(), write)
    return outcome.seq if isinstance(outcome, Outcome) else outcome.code.value


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


# Messages that change


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        (edition(CHAT, MEMBER, 3, "x"), 4),
        (edition(CHAT, OWNER, 3, "x"), "forbidden"),
        (edition(CHAT, MEMBER, 2, "x"), "message_not_found"),
        (edition(CHAT, STRANGER, 3, "x"), "not_a_member"),
        (deletion(CHAT, MEMBER, 3), 4),
        (deletion(CHAT, ADMIN, 3), 4),
        (deletion(CHAT, OWNER, 3), 4),
        (deletion(CHAT, OWNER, 2), "message_not_found"),
        (deletion(CHAT, GONE, 3), "not_a_member"),
        (reaction(CHAT, OWNER, 3), 4),
        (reaction(CHAT, OWNER, 3, on=False), None),
        (reaction(CHAT, OWNER, 1), "message_not_found"),
        (reaction(CHAT, STRANGER, 3), "not_a_member"),
    ],
)
def test_a_change_of_a_message_gets_its_number_or_its_refusal(write, expected):
    given = state()
    before = deepcopy(given)
    assert outcome_of(write, given) == expected
    assert (given == before) is not isinstance(expected, int)


def test_a_member_does_not_delete_what_others_wrote():
    given = state()
    given.chats[CHAT].messages[3].sender = OWNER
    assert outcome_of(deletion(CHAT, MEMBER, 3), given) == "forbidden"


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_nobody_deletes_in_a_private_chat_what_the_other_wrote(role):
    given = state(kind="private")
    given.chats[CHAT].members[OWNER].role = role
    assert outcome_of(deletion(CHAT, OWNER, 3), given) == "forbidden"


@pytest.mark.parametrize(("window", "expected"), [(0, 4), (60, 4), (59.9, "forbidden")])
def test_an_edit_comes_within_the_window(window, expected):
    given = state(edit_window_seconds=window)
    given.chats[CHAT].messages[3].at = "2026-01-31T11:59:00.000000Z"
    assert outcome_of(edition(CHAT, MEMBER, 3, "x"), given) == expected


@pytest.mark.parametrize(
    "write",
    [
        edition(CHAT, MEMBER, 3, "x"),
        deletion(CHAT, MEMBER, 3),
        reaction(CHAT, MEMBER, 3),
        message(CHAT, MEMBER, reply_to=3),
    ],
)
def test_nothing_is_done_to_a_deleted_message(write):
    given = state()
    assert outcome_of(deletion(CHAT, MEMBER, 3), given) == 4
    assert outcome_of(write, given) == "message_not_found"


@pytest.mark.parametrize("joined", [3, 4])
def test_what_one_may_not_see_one_does_nothing_to(joined):
    given = state()
    given.settings = msgspec.structs.replace(given.settings, history_for_newcomers="since_join")
    given.chats[CHAT].members[MEMBER].joined_seq = joined
    writes = [edition(CHAT, MEMBER, 3, "x"), reaction(CHAT, MEMBER, 3), message(CHAT, MEMBER, reply_to=3)]
    expected = [4, 5, 6] if joined == 3 else ["message_not_found"] * 3
    assert [outcome_of(write, given) for write in writes] == expected


def test_a_reaction_is_put_on_and_taken_off_once():
    given = state()
    writes = [reaction(CHAT, user, 3, on=on) for user, on in ((1, True), (1, True), (2, True), (1, False), (1, False))]
    assert [outcome_of(write, given) for write in writes] == [4, None, 5, 6, None]
    assert given.chats[CHAT].messages[3].reactions == {"👍": [2]}


def test_a_message_has_so_many_different_emoji_and_no_more():
    given = state(reactions_per_message=2)
    steps = [("👍", True), ("🎉", True), ("😀", True), ("👍", False), ("😀", True)]
    writes = [reaction(CHAT, OWNER, 3, emoji, on=on) for emoji, on in steps]
    assert [outcome_of(write, given) for write in writes] == [4, 5, "limit_reached", 6, 7]
    assert outcome_of(reaction(CHAT, MEMBER, 3, "🎉"), given) == 8


def test_what_was_deleted_is_any_content_to_its_id_and_to_those_of_its_edits():
    given = state()
    first = [
        message(CHAT, MEMBER, "a", id="m"),
        edition(CHAT, MEMBER, 4, "b", id="e"),
        deletion(CHAT, MEMBER, 4, id="d"),
    ]
    assert [outcome_of(write, given) for write in first] == [4, 5, 6]
    other = [message(CHAT, MEMBER, "x", id=id) for id in ("m", "e", "d")]
    assert [outcome_of(write, given) for write in other] == [4, 5, "id_conflict"]


# Mentions


def mentions_of(text: str, given: State) -> list[int]:
    outcome = prepare(given, message(CHAT, MEMBER, text))
    assert isinstance(outcome, Outcome)
    assert outcome.event is not None
    return list(outcome.event.body.get("mentions", []))


def test_whom_a_text_mentions_is_a_member_now():
    given = state()
    given.names = {"owner": OWNER, "gone": GONE, "stranger": STRANGER, "me": MEMBER}
    assert mentions_of("@owner @gone @stranger @nobody @me, @owner!", given) == [OWNER, MEMBER]
    assert given.chats[CHAT].mentions == {(OWNER, 4): True}
    prepare(given, removal(CHAT, OWNER, MEMBER))
    prepare(given, addition(CHAT, OWNER, STRANGER))
    prepare(given, addition(CHAT, OWNER, MEMBER))
    assert mentions_of("@stranger", given) == [STRANGER]


def test_an_edit_mentions_anew_and_a_deletion_nobody():
    given = state()
    given.names = {"owner": OWNER, "admin": ADMIN}
    mentions_of("@owner", given)
    prepare(given, edition(CHAT, MEMBER, 4, "@admin"))
    assert given.events[-1].event.body == {"target": 4, "text": "@admin", "mentions": [ADMIN]}
    assert given.chats[CHAT].mentions == {(OWNER, 4): False, (ADMIN, 4): True}
    prepare(given, deletion(CHAT, MEMBER, 4))
    assert given.chats[CHAT].mentions == {(OWNER, 4): False, (ADMIN, 4): False}


def test_every_kind_can_be_written():
    assert _PREPARE.keys() == set(Kind)
