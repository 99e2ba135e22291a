"""What a member sets for a chat: of no concern to the others, no event of the chat, and kept when the member leaves.

A message changes none of it, so that a write costs the same however many members have put the chat away.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.db.models import F
from django.db.models.functions import Coalesce, Now
from msgspec import UNSET, UnsetType

from messaging.errors import NotAMember
from messaging.models import Membership


class ChatSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change; what is unset stays. Until `muted_until`, which is aware, the chat is quiet."""

    muted_until: datetime | UnsetType | None = UNSET
    archived: bool | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    marked_unread: bool | UnsetType = UNSET


def change_settings(*, user: int, chat: int, change: ChatSettings) -> Membership:
    """Change what the user has set for the chat; return the membership as it is then. Raises NotAMember."""
    own = Membership.objects.filter(user=user, chat=chat, left_seq=None)
    columns = _columns(change)
    if columns:
        own.update(**columns)
    membership = own.first()
    if membership is None:
        raise NotAMember
    return membership


def _columns(change: ChatSettings) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "muted_until": change.muted_until,
        "is_archived": change.archived,
        "is_marked_unread": change.marked_unread,
    }
    if change.pinned is not UNSET:
        # A chat that is pinned again keeps its place among the pinned ones.
        columns["pinned_at"] = Coalesce(F("pinned_at"), Now()) if change.pinned else None
    return {name: value for name, value in columns.items() if value is not UNSET}
