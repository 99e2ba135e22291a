"""What one has not read, and who is told how far others have: the totals of a user, mentions, and read receipts.

Receipts are a switch of the account. Off, it hides both ways: others do not see how far one has read, nor one they.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from messaging.database import as_json, fetch, sql_now, sql_rows
from messaging.models import Account, Membership

RECEIPTS = "receipts"


@dataclass(frozen=True, slots=True)
class Totals:
    """What the user has not read in all chats: messages, chats that have such or are marked unread, and the badge.

    The badge counts the messages in chats that are neither muted now nor archived, and 1 for one that is only marked.
    """

    unread_total: int
    unread_chats: int
    badge: int


def read_totals(user: int) -> Totals:
    """Return what the user has not read in all chats."""
    sql = f"""
        SELECT COALESCE(SUM(unread), 0), COALESCE(SUM(CASE WHEN shown > 0 THEN 1 ELSE 0 END), 0),
               COALESCE(SUM(CASE WHEN is_quiet THEN 0 ELSE shown END), 0)
        FROM (
            SELECT c.message_count - m.read_count AS unread,
                   CASE WHEN m.is_marked_unread AND c.message_count = m.read_count THEN 1
                        ELSE c.message_count - m.read_count END AS shown,
                   m.is_archived OR COALESCE(m.muted_until > {sql_now()}, FALSE) AS is_quiet
            FROM messaging_membership m JOIN messaging_chat c ON c.id = m.chat_id
            WHERE m.user_id = %s AND m.left_seq IS NULL
        ) own
    """
    return Totals(*map(int, fetch(sql, [user])[0]))


def unread_mentions(memberships: Sequence[Membership]) -> dict[int, int]:
    """Return how many unread messages of each chat name its member; uses index mention_once."""
    sql = f"""
        SELECT r.chat, (
            SELECT count(*) FROM messaging_mention n WHERE n.user_id = r.user_id AND n.chat_id = r.chat AND n.seq > r.seq
        ) FROM {sql_rows(user_id=int, chat=int, seq=int)}
    """
    asked = [{"user_id": m.user_id, "chat": m.chat_id, "seq": m.read_seq} for m in memberships]
    return dict(fetch(sql, [as_json(asked)]))


def tells_receipts(user: Any) -> bool:
    """Tell whether a user, loaded with its account, lets others see how far it has read, and sees how far they have."""
    account = getattr(user, "account", None)
    return account is None or bool(account.preferences.get(RECEIPTS, True))


def hears_receipts(user: int) -> bool:
    """Tell the same of the user with this id, as the database has it now."""
    preferences = Account.objects.filter(pk=user).values_list("preferences", flat=True).first() or {}
    return bool(preferences.get(RECEIPTS, True))
