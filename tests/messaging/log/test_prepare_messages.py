"""The pure half of a write that changes a message: what it does to the state, and that a refused one leaves no trace."""

from __future__ import annotations

from copy import deepcopy

import msgspec
import pytest

from messaging.log.prepare import prepare
from messaging.log.state import State
from messaging.write import Outcome
from tests.messaging.log.given_state import ADMIN, CHAT, GONE, MEMBER, OWNER, STRANGER, outcome_of, state
from tests.messaging.world import addition, deletion, edition, message, reaction, removal


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
