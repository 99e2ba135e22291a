"""Reads: what a user may see. Whatever depends on membership is read together with it, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import BigIntegerField, Count, Exists, Func, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from messaging.blocks import sql_pair_blocked
from messaging.conf import get_limits, get_settings
from messaging.database import (
    as_json,
    as_wire_time,
    execute,
    fetch,
    from_json,
    is_postgresql,
    sql_list,
    sql_now,
    sql_preference,
    sql_rows,
    sql_since,
)
from messaging.errors import NotAMember
from messaging.models import ACTIVE_SECONDS, Chat, Event, Membership
from messaging.policy import ChatKind, visible_from
from messaging.protocol.kinds import IN_HISTORY, Kind
from messaging.reading import RECEIPTS

# Names of members that the chat list shows for each chat.
MEMBERS_SHOWN = 8


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Let every statement inside see the store as it is at the first one, so that no answer mixes two states of a chat.

    Inside are reads only.
    """
    if connection.in_atomic_block:
        yield
    elif is_postgresql():
        with transaction.atomic():
            execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY", [])
            yield
    else:
        # Not atomic(), which is IMMEDIATE here and would take the lock of the one writer.
        execute("BEGIN DEFERRED", [])
        try:
            yield
        finally:
            execute("COMMIT", [])


# The columns of a ChatPosition. Mentions are counted chat by chat, those above the marker only; uses index mention_once.
_SQL_POSITION = """
    c.id, c.last_seq, m.joined_seq, m.read_seq, c.message_count - m.read_count, (
        SELECT count(*) FROM messaging_mention n
        WHERE n.user_id = m.user_id AND n.chat_id = m.chat_id AND n.seq > m.read_seq
    )
"""


class ChatPosition(NamedTuple):
    """Where a chat stands for one of its members; `mentions` of its unread messages name that member."""

    chat: int
    head: int
    joined_seq: int
    read_seq: int
    unread: int
    mentions: int


@dataclass(frozen=True, slots=True)
class Overview:
    """Every chat of a user, newest activity first, with the epoch, the database's clock and a switch, from one snapshot."""

    epoch: str
    at: str
    hears_receipts: bool
    chats: list[ChatPosition]


def read_overview(user: int) -> Overview:
    """Return where all chats of `user` stand; uses index membership_of_user."""
    sql = f"""
        SELECT s.epoch, CAST({sql_now()} AS text), {sql_preference(RECEIPTS, account="a")}, {_SQL_POSITION}
        FROM messaging_store s
        LEFT JOIN messaging_account a ON a.user_id = %s
        LEFT JOIN messaging_membership m ON m.user_id = %s AND m.left_seq IS NULL
        LEFT JOIN messaging_chat c ON c.id = m.chat_id
        ORDER BY c.updated_at DESC, c.id DESC
    """
    rows = fetch(sql, [user, user])
    epoch, at, receipts = rows[0][:3]
    chats = [ChatPosition(*row[3:]) for row in rows if row[3] is not None]
    return Overview(epoch, as_wire_time(at), bool(receipts), chats)


def read_position(user: int, chat: int) -> ChatPosition | None:
    """Return where one chat stands for `user`, or None where it is not a member."""
    sql = f"""
        SELECT {_SQL_POSITION} FROM messaging_membership m JOIN messaging_chat c ON c.id = m.chat_id
        WHERE m.user_id = %s AND m.chat_id = %s AND m.left_seq IS NULL
    """
    return next((ChatPosition(*row) for row in fetch(sql, [user, chat])), None)


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed of late: chats with their heads, and of each user the memberships that are; `at` on the store's clock."""

    at: Any
    heads: list[tuple[int, int]]
    memberships: list[tuple[int, list[int]]]


def read_changes(since: Any, overlap: int) -> Changes:
    """Return what changed from `overlap` seconds before a look at `since`, or before now where there was none.

    Uses indexes chat_by_activity and membership_by_change.
    """
    chats = f"""
        SELECT {sql_now()}, c.id, c.last_seq FROM messaging_store s
        LEFT JOIN messaging_chat c ON c.active_at >= {sql_since()} WHERE s.id = 1
    """
    members = f"""
        SELECT user_id, {sql_list("chat_id")} FROM messaging_membership
        WHERE changed_at >= {sql_since()} AND left_seq IS NULL GROUP BY user_id
    """
    # The clock of this look before what it finds: what changes in between is found by the next.
    rows = fetch(chats, [since, overlap + ACTIVE_SECONDS])
    memberships = fetch(members, [since, overlap])
    heads = [(chat, head) for _, chat, head in rows if chat is not None]
    return Changes(rows[0][0], heads, [(user, from_json(chats)) for user, chats in memberships])


def read_heads(chats: Sequence[int]) -> list[tuple[int, int]]:
    """Return (chat, head) of each."""
    sql = f"SELECT c.id, c.last_seq FROM {sql_rows(chat=int)} JOIN messaging_chat c ON c.id = r.chat"
    return [(chat, head) for chat, head in fetch(sql, [as_json([{"chat": chat} for chat in chats])])]


def sum_memberships(users: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return how many chats each user has, and the sum of their ids: lists that differ hardly ever have the same of both."""
    sql = f"""
        SELECT m.user_id, count(*), sum(m.chat_id) FROM {sql_rows(user_id=int)}
        JOIN messaging_membership m ON m.user_id = r.user_id AND m.left_seq IS NULL GROUP BY m.user_id
    """
    found = fetch(sql, [as_json([{"user_id": user} for user in users])])
    return dict.fromkeys(users, (0, 0)) | {user: (int(count), int(total)) for user, count, total in found}


def chats_of(user: int) -> list[int]:
    """Return the ids of every chat of `user`."""
    rows = Membership.objects.filter(user=user, left_seq=None).order_by("chat_id")
    return list(rows.values_list("chat_id", flat=True))


def membership_of(user: int, chat: int) -> Membership:
    """Return the membership of `user`, its chat with it; raises NotAMember, whether or not the chat exists."""
    membership = Membership.objects.select_related("chat").filter(chat=chat, user=user, left_seq=None).first()
    if membership is None:
        raise NotAMember
    return membership


class Microseconds(Func):
    """A moment as microseconds since 1970: an integer, because on SQLite one moment is written in several ways."""

    output_field = BigIntegerField()
    template = "(EXTRACT(EPOCH FROM %(expressions)s) * 1000000)::bigint"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Count the milliseconds that SQLite keeps of a moment, from its Julian day."""
        template = "CAST(ROUND((julianday(%(expressions)s) - 2440587.5) * 86400000) AS INTEGER) * 1000"
        return self.as_sql(compiler, connection, template=template, **context)


def memberships_by_activity(
    user: int, *, after: tuple[int, int] | None = None, archived: bool | None = None
) -> QuerySet[Membership]:
    """Return the user's memberships with their chats, newest activity first, each with `activity` in microseconds.

    They begin after the chat `after`, given as (activity, chat id); `archived` chooses those that are, or are not.
    """
    own = Membership.objects.filter(user=user, left_seq=None).select_related("chat")
    if archived is not None:
        own = own.filter(is_archived=archived)
    own = own.annotate(activity=Microseconds("chat__updated_at")).order_by("-activity", "-chat")
    if after is None:
        return own
    activity, chat = after
    return own.filter(Q(activity__lt=activity) | Q(activity=activity, chat__lt=chat))


def first_members(chats: Sequence[int]) -> dict[int, list[Membership]]:
    """Return the members of each chat whose names a list shows, in one query.

    Index membership_once is read for these few only: a window over all members takes 100 ms for 100 chats of 1,000.
    """
    sql = f"""
        SELECT m.id FROM {sql_rows(chat=int)}
        JOIN messaging_membership m ON m.chat_id = r.chat AND m.left_seq IS NULL AND m.user_id <= (
            SELECT MAX(first.user_id) FROM (
                SELECT o.user_id FROM messaging_membership o WHERE o.chat_id = r.chat AND o.left_seq IS NULL
                ORDER BY o.user_id LIMIT {MEMBERS_SHOWN}
            ) first
        )
    """
    first = RawSQL(sql, [as_json([{"chat": chat} for chat in chats])])  # noqa: S611 -- constants and a parameter
    found: dict[int, list[Membership]] = {chat: [] for chat in chats}
    for membership in Membership.objects.filter(pk__in=first).select_related("user", "user__account").order_by("user"):
        found[membership.chat_id].append(membership)
    return found


def member_counts(chats: Sequence[int]) -> dict[int, int]:
    """Return how many members each chat has, in one query."""
    present = Membership.objects.filter(chat__in=chats, left_seq=None)
    return dict(present.values_list("chat").annotate(Count("pk")).order_by())


def hears_signals(chat: int) -> bool:
    """Tell whether the members of a chat are told who types and who has read.

    Not in a large chat, nor in the private one of two of whom one blocks the other.
    """
    most = get_limits().signal_members
    sql = f"""
        SELECT CASE WHEN c.kind = '{ChatKind.PRIVATE}'
            THEN NOT {sql_pair_blocked("c.id", "c.creator_id")}
            ELSE (SELECT count(*) FROM (
                SELECT 1 FROM messaging_membership m WHERE m.chat_id = c.id AND m.left_seq IS NULL LIMIT %s
            ) present) <= %s END
        FROM messaging_chat c WHERE c.id = %s
    """
    return bool(fetch(sql, [most + 1, most, chat])[0][0])


def is_heard(user: int, chat: int) -> bool:
    """Tell whether a member's signals are told in its chat; raises NotAMember."""
    if not Membership.objects.filter(chat=chat, user=user, left_seq=None).exists():
        raise NotAMember
    return hears_signals(chat)


def members_of(chat: int, *, after: int = 0) -> QuerySet[Membership]:
    """Return the members of a chat with their users, by user id, beginning after user `after`."""
    present = Membership.objects.filter(chat=chat, left_seq=None, user__gt=after)
    return present.select_related("user", "user__account").order_by("user")


def first_visible(membership: Membership) -> int:
    """Return the first seq of the chat that its member may page back to."""
    policy = get_settings().history_for_newcomers
    return visible_from(history_for_newcomers=policy, joined_seq=membership.joined_seq)


def history(membership: Membership, *, before: int | None, after: int | None, limit: int) -> list[Event]:
    """Return up to `limit` of what history shows, newest first: below `before`, or the oldest ones above `after`.

    Uses index event_in_history.
    """
    shown = Event.objects.filter(chat=membership.chat_id, kind__in=IN_HISTORY, seq__gte=first_visible(membership))
    if before is not None:
        shown = shown.filter(seq__lt=before)
    if after is not None:
        page = list(shown.filter(seq__gt=after).order_by("seq")[:limit])
        return page[::-1]
    return list(shown.order_by("-seq")[:limit])


def last_messages(chats: Sequence[int]) -> dict[int, Event]:
    """Return the newest message of each chat, in one query; uses index event_in_history."""
    newest = Event.objects.filter(chat=OuterRef("pk"), kind=Kind.MESSAGE_CREATED).order_by("-seq").values("pk")[:1]
    last = Chat.objects.filter(pk__in=chats).annotate(last=Subquery(newest)).values("last")
    return {event.chat_id: event for event in Event.objects.filter(pk__in=last)}


def quoted(events: Iterable[Event]) -> dict[tuple[int, int], Event]:
    """Return the messages that `events` reply to, by (chat, seq), in one query."""
    asked = {(event.chat_id, event.reply_to) for event in events if event.reply_to is not None}
    if not asked:
        return {}
    wanted = Q(pk__in=[])
    for chat in {chat for chat, _ in asked}:
        wanted |= Q(chat=chat, seq__in=[seq for of, seq in asked if of == chat])
    return {(event.chat_id, event.seq): event for event in Event.objects.filter(wanted)}


def people_of(user: int) -> QuerySet[Any]:
    """Return the users who share a chat with `user`, oneself included. It asks for the chats at once."""
    users = get_user_model().objects
    chats = chats_of(user)
    if not chats:
        return _with_account(users.filter(pk=user))
    # The ids themselves, and no OR: from a subquery PostgreSQL finds everybody of all chats before it looks at the page.
    shared = Membership.objects.filter(user=OuterRef("pk"), left_seq=None, chat__in=chats)
    return _with_account(users.filter(Exists(shared)))


def find_users(text: str) -> QuerySet[Any]:
    """Return the active users whose name or display name begins with or holds `text`."""
    model = get_user_model()
    users = model.objects.filter(is_active=True)
    if text:
        by_name = Q(**{f"{model.USERNAME_FIELD}__icontains": text})
        users = users.filter(by_name | Q(account__display_name__icontains=text))
    return _with_account(users)


def _with_account(users: QuerySet[Any]) -> QuerySet[Any]:
    return users.select_related("account").order_by("pk")
