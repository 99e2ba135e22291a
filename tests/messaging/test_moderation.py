"""What a moderator does: through the log, whoever blocks or left whom, and written down."""

from __future__ import annotations

from typing import Any

import pytest

from messaging import accounts, moderation
from messaging.errors import Forbidden, MessageNotFound, NotAMember, UserNotFound
from messaging.models import Account, AuditEntry, Deed, Event, Membership, Report, User
from messaging.protocol.kinds import Kind
from tests.messaging.world import (
    answers,
    deletion,
    events_of,
    make_group,
    make_private,
    make_users,
    removal,
    say,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def moderator() -> User:
    """Return somebody who is in no chat."""
    return User.objects.create(username="mod", is_staff=True)


def audit() -> list[tuple[Any, ...]]:
    """Return what was written down, in order."""
    return list(AuditEntry.objects.order_by("pk").values_list("deed", "chat", "seq", "user"))


def test_a_message_is_deleted_through_the_log_in_its_senders_name(moderator):
    ada, bob = make_users("ada", "bob")
    chat = make_group(ada, bob)
    say(chat, bob, "rude")
    moderation.delete_message(actor=moderator, chat=chat, seq=1)
    last = events_of(chat)[-1]
    assert (last.kind, last.sender, last.body) == (Kind.MESSAGE_DELETED, bob, {"target": 1})
    assert Event.objects.get(chat=chat, seq=1).text == ""
    assert audit() == [(Deed.MESSAGE_DELETED, chat, 1, bob)]
    assert AuditEntry.objects.get().actor == moderator


def test_a_block_of_the_two_does_not_protect_what_was_said(moderator):
    ada, bob = make_users("ada", "bob")
    chat = make_private(ada, bob)
    say(chat, bob, "rude")
    accounts.block_user(user=ada, blocked=bob)
    assert answers(deletion(chat, bob, 1)) == ["forbidden"]
    moderation.delete_message(actor=moderator, chat=chat, seq=1)
    assert Event.objects.get(chat=chat, seq=1).deleted_at is not None


def test_leaving_does_not_protect_what_was_said(moderator):
    ada, bob = make_users("ada", "bob")
    chat = make_group(ada, bob)
    say(chat, bob, "rude")
    answers(removal(chat, bob, bob))
    assert answers(deletion(chat, bob, 1)) == ["not_a_member"]
    moderation.delete_message(actor=moderator, chat=chat, seq=1)
    assert Event.objects.get(chat=chat, seq=1).deleted_at is not None
    assert Membership.objects.get(chat=chat, user=bob).left_seq == 2


def test_joining_again_does_not_protect_what_was_said_before(moderator, settings):
    settings.ONESOCKET = {**settings.ONESOCKET, "HISTORY_FOR_NEWCOMERS": "since_join"}
    ada, bob = make_users("ada", "bob")
    chat = make_group(ada, bob)
    say(chat, bob, "rude")
    Membership.objects.filter(chat=chat, user=bob).update(joined_seq=1)
    Membership.objects.filter(chat=chat, user=bob).update(joined_seq=5)
    assert answers(deletion(chat, bob, 1)) == ["message_not_found"]
    moderation.delete_message(actor=moderator, chat=chat, seq=1)
    assert Event.objects.get(chat=chat, seq=1).deleted_at is not None


def test_what_is_no_message_is_not_deleted_and_not_written_down(moderator):
    (ada,) = make_users("ada")
    chat = make_group(ada)
    say(chat, ada, "a")
    moderation.delete_message(actor=moderator, chat=chat, seq=1)
    for seq in (1, 2, 9):
        with pytest.raises(MessageNotFound):
            moderation.delete_message(actor=moderator, chat=chat, seq=seq)
    assert len(audit()) == 1


def test_a_member_is_removed_in_the_name_of_another_owner(moderator):
    ada, bob, cleo = make_users("ada", "bob", "cleo")
    chat = make_group(cleo, ada, bob)
    Membership.objects.filter(chat=chat, user=ada).update(role="owner")
    moderation.remove_member(actor=moderator, chat=chat, user=ada)
    moderation.remove_member(actor=moderator, chat=chat, user=bob)
    assert [(e.sender, e.body["user"]) for e in events_of(chat)] == [(cleo, ada), (cleo, bob)]
    assert [row[0] for row in audit()] == [Deed.MEMBER_REMOVED] * 2


def test_what_may_not_be_removed_stays_and_is_not_written_down(moderator):
    ada, bob = make_users("ada", "bob")
    group, private = make_group(ada, bob), make_private(ada, bob)
    for chat, user, refusal in (
        (group, ada, Forbidden),
        (group, moderator.pk, UserNotFound),
        (private, bob, NotAMember),
    ):
        with pytest.raises(refusal):
            moderation.remove_member(actor=moderator, chat=chat, user=user)
    assert audit() == []


def test_a_deactivated_user_is_inactive_and_staff_is_safe_from_moderators(moderator):
    (ada,) = make_users("ada")
    boss = User.objects.create(username="boss", is_superuser=True)
    moderation.deactivate_user(actor=moderator, user=ada)
    assert not User.objects.get(pk=ada).is_active
    for user in (boss.pk, moderator.pk):
        with pytest.raises(Forbidden):
            moderation.deactivate_user(actor=moderator, user=user)
    moderation.deactivate_user(actor=boss, user=moderator.pk)
    assert audit() == [(Deed.USER_DEACTIVATED, None, None, ada), (Deed.USER_DEACTIVATED, None, None, moderator.pk)]


def test_signing_out_makes_every_token_void(moderator):
    (ada,) = make_users("ada")
    moderation.sign_out(actor=moderator, user=ada)
    assert Account.objects.get(pk=ada).token_version == 1
    assert audit() == [(Deed.USER_SIGNED_OUT, None, None, ada)]


def test_a_closed_report_keeps_no_text(moderator):
    ada, bob = make_users("ada", "bob")
    chat = make_group(ada, bob)
    say(chat, bob, "rude")
    report, _ = moderation.report_message(reporter=ada, chat=chat, seq=1, reason="rude")
    for _ in range(2):
        moderation.close_report(actor=moderator, report=report)
    closed = Report.objects.get(pk=report)
    assert (closed.closed_at is not None, closed.context) == (True, [])
    assert [row[0] for row in audit()] == [Deed.REPORT_CLOSED]
