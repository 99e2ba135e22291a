"""Reads: each tells a user only what a member may see, in few statements."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from messaging import reading, selectors, services
from messaging.errors import NotAMember
from messaging.models import Account, Chat, Store, User
from tests.messaging.world import (
    addition,
    answers,
    count_statements,
    make_group,
    make_private,
    make_users,
    membership,
    message,
    removal,
    renaming,
    say,
    start,
)

pytestmark = pytest.mark.django_db


def seqs(events) -> list[int]:
    return [event.seq for event in events]


# Where the chats stand


def test_the_overview_is_one_statement_newest_activity_first(ann, bob, chat):
    other = make_private(ann, bob)
    say(other, bob, "one")
    say(chat, ann, "one", "two")
    Chat.objects.filter(pk=other).update(updated_at=timezone.now() - timedelta(seconds=1))
    found = []
    assert count_statements(lambda: found.append(selectors.read_overview(bob))) == 1
    assert [(c.chat, c.head, c.joined_seq, c.read_seq, c.unread) for c in found[0].chats] == [
        (chat, 2, 0, 0, 2),
        (other, 1, 0, 1, 0),
    ]
    assert found[0].epoch == Store.objects.get().epoch
    assert found[0].at.endswith("Z")


def test_the_overview_of_nobody_has_epoch_and_time_all_the_same(ann):
    overview = selectors.read_overview(ann + 1)
    assert (overview.chats, overview.epoch) == ([], Store.objects.get().epoch)


def test_what_one_left_is_not_in_the_overview(ann, bob, chat):
    answers(removal(chat, bob, bob))
    assert selectors.read_overview(bob).chats == []
    assert selectors.read_position(bob, chat) is None
    assert selectors.chats_of(bob) == []


def test_a_position_is_what_the_overview_says_of_it(ann, bob, chat):
    (eve,) = make_users("eve")
    say(chat, ann, "one")
    answers(addition(chat, ann, eve), message(chat, ann))
    position: Any = selectors.read_position(eve, chat)
    assert [position] == selectors.read_overview(eve).chats
    assert (position.head, position.joined_seq, position.read_seq, position.unread) == (3, 2, 2, 1)


def test_only_messages_are_unread(ann, bob, chat):
    answers(renaming(chat, ann, "New"), message(chat, ann), message(chat, ann))
    assert reading.read_totals(bob).unread_total == 2
    assert reading.read_totals(ann).unread_total == 0


def test_the_total_of_unread_goes_over_all_chats_one_is_in(ann, bob, chat):
    other, left = make_private(ann, bob), make_group(ann, bob)
    for each in (chat, other, left):
        say(each, ann, "one", "two")
    answers(removal(left, bob, bob))
    assert reading.read_totals(bob).unread_total == 4
    assert reading.read_totals(0).unread_total == 0


def test_chats_are_told_by_id(ann, bob, chat):
    other = make_private(ann, bob)
    make_group(bob)
    assert selectors.chats_of(ann) == [chat, other]


def test_a_membership_comes_with_its_chat_and_strangers_have_none(ann, bob, chat):
    assert selectors.membership_of(ann, chat).chat.title == "Group"
    answers(removal(chat, bob, bob))
    for user, of in ((bob, chat), (ann, chat + 1), (0, chat)):
        with pytest.raises(NotAMember):
            selectors.membership_of(user, of)


# History


@pytest.mark.parametrize(
    ("before", "after", "limit", "expected"),
    [
        (None, None, 3, [9, 8, 7]),
        (None, None, 50, [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        (7, None, 3, [6, 5, 4]),
        (1, None, 3, []),
        (None, 7, 3, [9, 8]),
        (None, 2, 3, [5, 4, 3]),
        (5, 2, 9, [4, 3]),
        (99, 0, 2, [2, 1]),
    ],
)
def test_history_is_paged_newest_first(ann, chat, before, after, limit, expected):
    say(chat, ann, *(f"text {n}" for n in range(9)))
    given = selectors.history(membership(chat, ann), before=before, after=after, limit=limit)
    assert seqs(given) == expected


def test_history_shows_members_and_titles_in_their_place(ann, bob, chat):
    answers(message(chat, ann), renaming(chat, ann, "New"), removal(chat, ann, bob), addition(chat, ann, bob))
    shown = selectors.history(membership(chat, ann), before=None, after=None, limit=9)
    assert [event.kind for event in shown] == ["member.added", "member.removed", "chat.updated", "message.created"]


@pytest.mark.parametrize(("setting", "expected"), [("all", [3, 2, 1]), ("since_join", [3, 2])])
def test_a_newcomer_sees_the_history_that_is_set(settings, ann, chat, setting, expected):
    settings.ONESOCKET = {**settings.ONESOCKET, "HISTORY_FOR_NEWCOMERS": setting}
    (eve,) = make_users("eve")
    answers(message(chat, ann), addition(chat, ann, eve), message(chat, ann))
    assert seqs(selectors.history(membership(chat, eve), before=None, after=None, limit=9)) == expected
    assert seqs(selectors.history(membership(chat, eve), before=None, after=0, limit=9)) == expected
    assert seqs(selectors.history(membership(chat, ann), before=None, after=None, limit=9)) == [3, 2, 1]


def test_the_last_message_of_each_chat_is_one_query(ann, bob, chat):
    other, silent = make_private(ann, bob), make_group(ann)
    answers(message(chat, ann), message(chat, bob, "last"), renaming(chat, ann, "New"), message(other, ann, "only"))
    found = {}
    assert count_statements(lambda: found.update(selectors.last_messages([chat, other, silent]))) == 1
    assert {of: event.text for of, event in found.items()} == {chat: "last", other: "only"}


def test_what_is_replied_to_is_one_query(ann, bob, chat):
    other = make_private(ann, bob)
    say(chat, ann, "one", "two")
    say(other, ann, "three")
    answers(message(chat, bob, reply_to=2), message(other, bob, reply_to=1))
    events = [e for c in (chat, other) for e in selectors.history(membership(c, ann), before=None, after=None, limit=9)]
    found = {}
    assert count_statements(lambda: found.update(selectors.quoted(events))) == 1
    assert {key: event.text for key, event in found.items()} == {(chat, 2): "two", (other, 1): "three"}
    assert count_statements(lambda: selectors.quoted([])) == 0


# People


def test_a_list_shows_the_first_members_of_each_chat_in_one_query(ann, bob, chat):
    many = make_group(bob, ann, *make_users(*(f"user{n}" for n in range(20))))
    answers(removal(chat, bob, bob))
    found = {}
    assert count_statements(lambda: found.update(selectors.first_members([chat, many]))) == 1
    assert [m.user.username for m in found[chat]] == ["ann"]
    assert [m.user.username for m in found[many]][:3] == ["ann", "bob", "user0"]
    assert len(found[many]) == selectors.MEMBERS_SHOWN


def test_the_chat_list_is_paged_by_activity_without_a_gap_or_a_repeat(ann, bob):
    chats = [make_group(ann, bob) for _ in range(6)]
    answers(removal(chats[0], bob, bob))
    # Two are of the same moment.
    moment = datetime(2026, 1, 31, 12, 0, 0, 123_000, tzinfo=UTC)
    for chat, milliseconds in zip(chats, (0, 1, 5, 5, 2, 3), strict=True):
        Chat.objects.filter(pk=chat).update(updated_at=moment + timedelta(milliseconds=milliseconds))
    listed, after = [], None
    while page := list(selectors.memberships_by_activity(bob, after=after)[:2]):
        listed += [own.chat_id for own in page]
        last: Any = page[-1]
        after = last.activity, last.chat_id
    assert listed == [chats[3], chats[2], chats[5], chats[4], chats[1]]


def test_people_are_those_one_shares_a_chat_with_now(ann, bob, chat):
    eve, joe, _ = make_users("eve", "joe", "stranger")
    make_group(joe, ann)
    answers(addition(chat, ann, eve), removal(chat, ann, eve))
    assert [user.username for user in selectors.people_of(ann)] == ["ann", "bob", "joe"]
    assert [user.username for user in selectors.people_of(eve)] == ["eve"]


def test_users_are_found_by_either_name_while_active(ann, bob):
    eve, _ = make_users("eve", "Anton")
    Account.objects.create(user_id=eve, display_name="Hannah")
    assert [user.username for user in selectors.find_users("an")] == ["ann", "eve", "Anton"]
    User.objects.filter(pk=ann).update(is_active=False)
    assert [user.username for user in selectors.find_users("AN")] == ["eve", "Anton"]
    assert [user.username for user in selectors.find_users("")] == ["bob", "eve", "Anton"]


def test_people_come_with_their_accounts(ann):
    Account.objects.create(user_id=ann, display_name="Ann")
    found: list[str] = []
    assert count_statements(lambda: found.extend(u.account.display_name for u in selectors.find_users("ann"))) == 1
    assert found == ["Ann"]


def test_members_are_told_and_counted_while_they_are_in(ann, bob, chat):
    (eve,) = make_users("eve")
    other = make_private(ann, bob)
    answers(addition(chat, ann, eve), removal(chat, ann, bob))
    assert [member.user.username for member in selectors.members_of(chat)] == ["ann", "eve"]
    assert [member.user_id for member in selectors.members_of(chat, after=ann)] == [eve]
    assert selectors.member_counts([chat, other]) == {chat: 2, other: 2}


def test_mentions_are_counted_above_the_own_marker(ann, bob, chat):
    other = make_private(ann, bob)
    answers(
        *(message(where, ann, "@bob") for where in (chat, chat, other)),
        message(chat, ann, "hi"),
        message(chat, ann, "@ann"),
    )

    def counted() -> dict[int, tuple[int, int]]:
        return {place.chat: (place.unread, place.mentions) for place in selectors.read_overview(bob).chats}

    assert counted() == {chat: (4, 2), other: (1, 1)}
    services.mark_read(user=bob, chat=chat, seq=1)
    assert counted() == {chat: (3, 1), other: (1, 1)}
    position: Any = selectors.read_position(bob, chat)
    assert position.mentions == 1
    answers(message(chat, bob))
    memberships = [membership(where, bob) for where in (chat, other)]
    assert reading.unread_mentions(memberships) == {chat: 0, other: 1}
    assert reading.unread_mentions([membership(where, ann) for where in (chat, other)]) == {chat: 0, other: 0}


def test_signals_are_for_small_chats(shrink, ann, bob, chat):
    (eve,) = make_users("eve")
    shrink(signal_members=2)
    heard = [selectors.hears_signals(chat)]
    for change in (addition(chat, ann, eve), removal(chat, ann, bob)):
        answers(change)
        heard.append(selectors.hears_signals(chat))
    assert heard == [True, False, True]


@pytest.mark.django_db(transaction=True)
def test_within_one_snapshot_the_store_stands_still(ann, chat):
    say(chat, ann, "one")
    with selectors.one_snapshot():
        before = selectors.read_overview(ann).chats
        start(lambda: say(chat, ann, "two"))()
        assert selectors.read_overview(ann).chats == before
    assert selectors.read_overview(ann).chats[0].head == 2


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_whose_reader_fails_leaves_nothing_behind(ann, chat):
    with pytest.raises(NotAMember), selectors.one_snapshot():
        selectors.membership_of(ann, chat + 1)
    say(chat, ann, "one")
    with selectors.one_snapshot():
        assert selectors.read_overview(ann).chats[0].head == 1
