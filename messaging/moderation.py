"""Reports of users, and what a moderator does about them. Each deed is written down before it is done.

A moderator is no member of the chat: what is done there is done in the name of whose it is, so that members see no stranger.
Who really did it, `actor`, stands in the audit, which no member sees. Called like the other services, and outside of a
transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Case, Value, When
from django.utils import timezone

from messaging import accounts, selectors, services
from messaging.database import as_wire_time
from messaging.errors import ChatError, Forbidden, MessageNotFound, NotAMember, UserNotFound
from messaging.fanout import tell_account_changed
from messaging.models import AuditEntry, Deed, Event, Membership, Report
from messaging.policy import Role
from messaging.protocol.kinds import Kind
from messaging.write import Write

# Messages before and after the reported one that are kept with it.
_AROUND = 5


def report_message(*, reporter: int, chat: int, seq: int, reason: str) -> tuple[int, bool]:
    """Report a message that `reporter` sees; return (report id, whether it is new). Raises NotAMember, MessageNotFound."""
    with selectors.one_snapshot():
        membership = selectors.membership_of(reporter, chat)
        before = selectors.history(membership, before=seq + 1, after=None, limit=_AROUND + 1)
        after = selectors.history(membership, before=None, after=seq, limit=_AROUND)
    if not before or before[0].seq != seq or not _is_message(before[0]):
        raise MessageNotFound
    report, is_new = Report.objects.get_or_create(
        reporter_id=reporter,
        chat_id=chat,
        seq=seq,
        defaults={"reason": reason, "context": _show([*after, *before])},
    )
    return report.pk, is_new


def _is_message(event: Event) -> bool:
    return event.kind == Kind.MESSAGE_CREATED and event.deleted_at is None


def _show(events: Sequence[Event]) -> list[dict[str, Any]]:
    return [
        {"seq": event.seq, "at": as_wire_time(event.at), "sender": event.sender_id, "text": event.text}
        for event in sorted(events, key=lambda event: event.seq)
        if _is_message(event)
    ]


def note_shown(actor: Any, *, chat: int, seq: int, report: int | None = None) -> None:
    """Write down that `actor` is shown a text."""
    AuditEntry.objects.create(actor=actor, deed=Deed.TEXT_SHOWN, chat=chat, seq=seq, report=report)


def delete_message(*, actor: Any, chat: int, seq: int, report: int | None = None) -> None:
    """Delete a message, in the name of its sender, whoever blocks or left whom; raises MessageNotFound, Unavailable."""
    message = Event.objects.filter(chat=chat, seq=seq, kind=Kind.MESSAGE_CREATED).only("sender_id").first()
    if message is None:
        raise MessageNotFound
    with _written_down(actor, Deed.MESSAGE_DELETED, chat=chat, seq=seq, user=message.sender_id, report=report):
        services.write(Write(chat, message.sender_id, Kind.MESSAGE_DELETED, {"target": seq}, by_operator=True))


def remove_member(*, actor: Any, chat: int, user: int, report: int | None = None) -> None:
    """Remove a member of a group, in the name of an owner; raises NotAMember, Forbidden, UserNotFound, Unavailable.

    The last owner stays while others are in, and so do the two of a private chat: such a user can be deactivated.
    """
    with _written_down(actor, Deed.MEMBER_REMOVED, chat=chat, user=user, report=report):
        services.remove_member(actor=_find_owner(chat, user), chat=chat, user=user)


def _find_owner(chat: int, user: int) -> int:
    """Return an owner of the chat, another than `user` where there is one."""
    owners = Membership.objects.filter(chat=chat, left_seq=None, role=Role.OWNER)
    last = Case(When(user=user, then=Value(1)), default=Value(0))
    owner = owners.order_by(last, "user").values_list("user", flat=True).first()
    if owner is None:
        raise NotAMember("The chat has no owner in whose name this could be done.")
    return int(owner)


def deactivate_user(*, actor: Any, user: int, report: int | None = None) -> None:
    """Deactivate a user: every token is void and the connection ends. Raises UserNotFound, Forbidden.

    Of those who work here only a superuser deactivates one, and nobody oneself.
    """
    target = _find_target(actor, user)
    with _written_down(actor, Deed.USER_DEACTIVATED, user=user, report=report):
        target.is_active = False
        target.save(update_fields=["is_active"])
        services.tell([tell_account_changed(user)])


def sign_out(*, actor: Any, user: int) -> None:
    """End the connection of a user and make every token void: without it the client would be back at once."""
    _find_target(actor, user)
    with _written_down(actor, Deed.USER_SIGNED_OUT, user=user):
        accounts.sign_out(user)


def _find_target(actor: Any, user: int) -> Any:
    target = get_user_model().objects.filter(pk=user).first()
    if target is None:
        raise UserNotFound
    if target.pk == actor.pk or ((target.is_staff or target.is_superuser) and not actor.is_superuser):
        raise Forbidden
    return target


def close_report(*, actor: Any, report: int) -> None:
    """Be done with a report: the texts that were kept with it go."""
    still_open = Report.objects.filter(pk=report, closed_at=None)
    if still_open.exists():
        with _written_down(actor, Deed.REPORT_CLOSED, report=report):
            still_open.update(closed_at=timezone.now(), context=[])


@contextmanager
def _written_down(actor: Any, deed: Deed, **of_what: int | None) -> Iterator[None]:
    """Write an audit entry, and take it back only where the deed was surely refused."""
    entry = AuditEntry.objects.create(actor=actor, deed=deed, **of_what)
    try:
        yield
    except ChatError as error:
        if not error.code.retry:
            entry.delete()
        raise
