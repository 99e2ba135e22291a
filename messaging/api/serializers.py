"""What the calls answer: rows as the objects of the protocol. A page of chats costs as many queries as one chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from messaging import selectors
from messaging.access import Tokens, verify_access
from messaging.api.answers import (
    AccessShown,
    ChatPosition,
    ChatShown,
    Entry,
    Me,
    MemberShown,
    Noop,
    SettingsShown,
    Stored,
    TokenPair,
    UserShown,
)
from messaging.database import as_wire_time
from messaging.folded import fold
from messaging.models import Membership, PresenceShown
from messaging.reading import tells_receipts, unread_mentions
from messaging.write import Outcome


def show_tokens(tokens: Tokens) -> TokenPair:
    """Show what a sign-in answers."""
    return {"access": tokens.access, "refresh": tokens.refresh}


def show_access(tokens: Tokens) -> AccessShown:
    """Show what a page is answered, whose refresh token is in a cookie, and whose it is."""
    return {"access": tokens.access, "user": verify_access(tokens.access).user}


def show_user(user: Any) -> UserShown:
    """Show a user, loaded with its account."""
    account = getattr(user, "account", None)
    return {"id": user.pk, "username": user.get_username(), "display_name": account.display_name if account else ""}


def show_me(user: Any) -> Me:
    """Show the user who asks, with what it prefers."""
    account = getattr(user, "account", None)
    preferences = account.preferences if account else {}
    shown = preferences.get("presence", PresenceShown.CHATS.value)
    return {**show_user(user), "presence": shown, "receipts": tells_receipts(user)}


def show_users(users: Sequence[Any]) -> list[UserShown]:
    """Show users, each loaded with its account."""
    return [show_user(user) for user in users]


def show_members(members: Sequence[Membership], *, viewer: int, receipts: bool) -> list[MemberShown]:
    """Show members of a chat, each loaded with its user; how far others have read only with `receipts`."""
    return [
        {
            **show_user(member.user),
            "role": member.role,
            "joined_seq": member.joined_seq,
            "read_seq": member.read_seq
            if member.user_id == viewer or (receipts and tells_receipts(member.user))
            else None,
        }
        for member in members
    ]


def show_settings(membership: Membership) -> SettingsShown:
    """Show what a member has set for a chat."""
    return {
        "muted_until": as_wire_time(membership.muted_until) if membership.muted_until else None,
        "archived": membership.is_archived,
        "pinned_at": as_wire_time(membership.pinned_at) if membership.pinned_at else None,
        "marked_unread": membership.is_marked_unread,
    }


def show_outcome(outcome: Outcome) -> Stored | Noop:
    """Show where a write stands in the log."""
    if outcome.seq is None or outcome.at is None:
        return {"noop": True}
    answer: Stored = {"seq": outcome.seq, "at": outcome.at}
    return {**answer, "duplicate": True} if outcome.duplicate else answer


def show_chats(memberships: Sequence[Membership]) -> list[ChatShown]:
    """Show the chats of one user's memberships, each loaded with its chat."""
    chats = [membership.chat_id for membership in memberships]
    if not chats:
        return []
    counts = selectors.member_counts(chats)
    mentions = unread_mentions(memberships)
    first_members = selectors.first_members(chats)
    last_messages = _show_last_messages(memberships)
    return [
        {
            **_show_position(membership, mentions[membership.chat_id]),
            "member_count": counts[membership.chat_id],
            "members": show_users([member.user for member in first_members[membership.chat_id]]),
            "last_message": last_messages.get(membership.chat_id),
        }
        for membership in memberships
    ]


def _show_position(membership: Membership, mentions: int) -> ChatPosition:
    chat = membership.chat
    return {
        "id": chat.pk,
        "kind": chat.kind,
        "title": chat.title,
        "head": chat.last_seq,
        "unread": chat.message_count - membership.read_count,
        "mentions": mentions,
        "read": membership.read_seq,
        "updated_at": as_wire_time(chat.updated_at),
        "settings": show_settings(membership),
    }


def _show_last_messages(memberships: Sequence[Membership]) -> dict[int, Entry]:
    visible_from = {membership.chat_id: selectors.first_visible(membership) for membership in memberships}
    last = selectors.last_messages(list(visible_from)).values()
    visible = [event for event in last if event.seq >= visible_from[event.chat_id]]
    return {
        message["chat"]: message for message in fold(visible, viewer=memberships[0].user_id, visible_from=visible_from)
    }
