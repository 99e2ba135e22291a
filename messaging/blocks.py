"""Who wants nothing of whom: blocks, and what they hide. A block forbids both of the two the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, QuerySet

from messaging.database import as_json, fetch, sql_rows
from messaging.models import Block


def sql_blocked(one: str, other: str) -> str:
    """Return the SQL of whether one of two users, given as SQL, blocks the other; uses index block_once."""
    return f"""(
        EXISTS (SELECT 1 FROM messaging_block b WHERE b.blocker_id = {one} AND b.blocked_id = {other})
        OR EXISTS (SELECT 1 FROM messaging_block b WHERE b.blocker_id = {other} AND b.blocked_id = {one})
    )"""


def sql_pair_blocked(chat: str, user: str) -> str:
    """Return the SQL of whether the two of a private chat, one of whom is `user`, are blocked from each other."""
    return f"""EXISTS (
        SELECT 1 FROM messaging_membership o
        WHERE o.chat_id = {chat} AND o.user_id <> {user} AND {sql_blocked("o.user_id", user)}
    )"""


def is_blocked(user: int, others: Iterable[int]) -> bool:
    """Tell whether `user` blocks one of `others` or is blocked by one."""
    sql = f"SELECT 1 FROM {sql_rows(other=int)} WHERE {sql_blocked('%s', 'r.other')} LIMIT 1"
    return bool(fetch(sql, [as_json([{"other": other} for other in others]), *[user] * 2]))


def blocked_by(user: int, *, after: int = 0) -> QuerySet[Any]:
    """Return the users whom `user` blocks, by id, beginning after user `after`."""
    blocks = Block.objects.filter(blocker=user, blocked=OuterRef("pk"))
    return get_user_model().objects.filter(Exists(blocks), pk__gt=after).select_related("account").order_by("pk")


def without_blocked(users: QuerySet[Any], user: int) -> QuerySet[Any]:
    """Return `users` less those whom `user` blocks or is blocked by."""
    return users.exclude(pk__in=Block.objects.filter(blocker=user).values("blocked")).exclude(
        pk__in=Block.objects.filter(blocked=user).values("blocker")
    )
