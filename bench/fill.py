"""Fill the database of a server with a world, straight into its tables."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from bench.generator import TEXT_BYTES
from bench.stores import Row, Store
from bench.world import World

_NOW = datetime.now(UTC)
_TEXT = "y" * TEXT_BYTES


def _users(world: World) -> Iterator[Row]:
    for pk in range(1, world.users + 1):
        yield (pk, "!", False, f"user{pk}", "", "", "", False, True, _NOW)


_USER_COLUMNS = (
    *("id", "password", "is_superuser", "username", "first_name", "last_name", "email"),
    *("is_staff", "is_active", "date_joined"),
)


def fill_ours(store: Store, world: World) -> None:
    """Fill the tables of this project: users, chats, memberships and events."""
    store.insert("messaging_user", _USER_COLUMNS, _users(world))
    store.insert(
        "messaging_chat",
        ("id", "kind", "title", "pair", "creator_id", "last_seq", "message_count", "updated_at"),
        _chats(world),
    )
    store.insert(
        "messaging_membership",
        (
            *("chat_id", "user_id", "role", "joined_seq", "read_seq", "read_count", "is_archived", "is_marked_unread"),
            "changed_at",
        ),
        (
            (chat, user + 1, "member", 0, 0, 0, False, False, _NOW)
            for chat, room in enumerate(world.rooms, 1)
            for user in room.members
        ),
    )
    if any(room.stored for room in world.rooms):
        store.insert(
            "messaging_event",
            (
                *("chat_id", "seq", "kind", "sender_id", "client_id", "content_hash", "payload", "text", "at"),
                *("message_no", "reactions"),
            ),
            _events(world),
        )
    store.settle()


def fill_baseline(store: Store, world: World) -> None:
    """Fill the tables of the baseline."""
    store.insert("auth_user", _USER_COLUMNS, _users(world))
    store.insert("baseline_chat", ("id", "title"), ((chat, "chat") for chat in range(1, len(world.rooms) + 1)))
    store.insert(
        "baseline_membership",
        ("chat_id", "user_id", "last_read"),
        ((chat, user + 1, 0) for chat, room in enumerate(world.rooms, 1) for user in room.members),
    )
    store.insert(
        "baseline_message",
        ("chat_id", "sender_id", "text", "created_at"),
        (
            (chat, room.members[0] + 1, _TEXT, _NOW)
            for chat, room in enumerate(world.rooms, 1)
            for _ in range(room.stored)
        ),
    )
    store.settle()


def _chats(world: World) -> Iterator[Row]:
    for chat, room in enumerate(world.rooms, 1):
        first, last = room.members[0] + 1, room.members[-1] + 1
        pair = f"{min(first, last)}:{max(first, last)}" if len(room.members) == 2 else None
        yield (chat, "group" if pair is None else "private", "", pair, first, room.stored, room.stored, _NOW)


def _events(world: World) -> Iterator[Row]:
    for chat, room in enumerate(world.rooms, 1):
        sender = room.members[0] + 1
        for seq in range(1, room.stored + 1):
            fingerprint = hashlib.md5(f"{chat}-{seq}".encode(), usedforsecurity=False).hexdigest()
            yield (chat, seq, "message.created", sender, f"s-{seq}", fingerprint, "{}", _TEXT, _NOW, seq, "{}")
