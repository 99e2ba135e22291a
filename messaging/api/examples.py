"""An example of each body and answer, by the name of the call; docs/rest.md shows the same, and a test compares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Example = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Examples:
    """Bodies of one call, and answers by their status."""

    asked: tuple[Example, ...] = ()
    answered: Mapping[int, tuple[Example, ...]] = field(default_factory=dict)


_ACCESS = {"access": "eyJhbGciOiJIUzI1NiIs…", "user": 3}
_TOKENS = {"access": "eyJhbGciOiJIUzI1NiIs…", "refresh": "eyJhbGciOiJIUzI1NiIs…"}
_ME = {"id": 1, "username": "ada", "display_name": "Ada", "presence": "chats", "receipts": True}
_CHAT = {
    "id": 1,
    "kind": "group",
    "title": "Launch",
    "head": 9,
    "unread": 0,
    "mentions": 0,
    "read": 9,
    "updated_at": "2026-11-22T17:52:48.579000Z",
    "member_count": 4,
    "members": [
        {"id": 1, "username": "ada", "display_name": "Ada"},
        {"id": 2, "username": "grace", "display_name": "Grace"},
    ],
    "last_message": {
        "type": "message.created",
        "chat": 1,
        "seq": 9,
        "at": "2026-11-22T17:52:48.578000Z",
        "sender": 1,
        "text": "Hello from a shell",
    },
    "settings": {"muted_until": None, "archived": False, "pinned_at": None, "marked_unread": False},
}
_HISTORY = {
    "results": [
        {
            "type": "message.created",
            "chat": 5,
            "seq": 4,
            "at": "2026-11-22T17:51:03.201000Z",
            "sender": 2,
            "deleted": True,
        },
        {
            "type": "message.created",
            "chat": 5,
            "seq": 3,
            "at": "2026-11-22T17:51:03.166000Z",
            "sender": 1,
            "text": "Yes",
            "reply_to": {"seq": 2, "sender": 1, "text": "Earl Grey?"},
        },
        {
            "type": "message.created",
            "chat": 5,
            "seq": 2,
            "at": "2026-11-22T17:51:03.112000Z",
            "sender": 1,
            "text": "Earl Grey?",
            "edited_at": "2026-11-22T17:51:09.013000Z",
            "reactions": [{"emoji": "👍", "count": 2, "mine": False}],
        },
        {
            "type": "chat.updated",
            "chat": 5,
            "seq": 1,
            "at": "2026-11-22T17:51:03.017000Z",
            "sender": 1,
            "title": "Tea and cake",
        },
    ],
    "next": None,
}
_SENT = {"seq": 2, "at": "2026-11-22T17:51:03.112000Z"}
_ADDED = {"seq": 5, "at": "2026-11-22T17:51:03.317000Z"}
_NOOP = {"noop": True}

EXAMPLES: dict[str, Examples] = {
    "login": Examples(({"username": "ada", "password": "onesocket-ada"},), {200: (_TOKENS, _ACCESS)}),
    "refresh": Examples(({"refresh": "eyJhbGciOiJIUzI1NiIs…"},), {200: (_TOKENS, _ACCESS)}),
    "logout_page": Examples(),
    "ticket": Examples(
        answered={
            200: ({"expires_in": 60, "protocol": "chat.v1", "path": "/ws/?device=phone-1", "chats": [1, 2, 3, 4]},)
        }
    ),
    "users": Examples(
        answered={200: ({"results": [{"id": 2, "username": "grace", "display_name": "Grace"}], "next": None},)}
    ),
    "register": Examples(
        ({"username": "barbara", "password": "a-long-secret-9"},), {201: ({"id": 5, "username": "barbara"},)}
    ),
    "me": Examples(answered={200: (_ME,)}),
    "change_me": Examples(({"display_name": "Ada L."}, {"presence": "nobody", "receipts": False}), {200: (_ME,)}),
    "blocked": Examples(
        answered={200: ({"results": [{"id": 4, "username": "margaret", "display_name": "Margaret"}], "next": None},)}
    ),
    "block": Examples(),
    "unblock": Examples(),
    "logout": Examples(({"refresh": "eyJhbGciOiJIUzI1NiIs…"}, {"all": True})),
    "change_password": Examples(({"old": "a-long-secret-9", "new": "another-secret-9"},)),
    "chats": Examples(
        answered={200: ({"results": [], "next": None, "unread_total": 12, "unread_chats": 3, "badge": 5},)}
    ),
    "create_chat": Examples(
        (
            {"kind": "group", "members": [2, 3], "title": "Tea", "id": "make-tea-1"},
            {"kind": "private", "members": [4]},
        ),
        {200: (_CHAT,), 201: (_CHAT,)},
    ),
    "chat": Examples(answered={200: (_CHAT,)}),
    "rename_chat": Examples(({"title": "Tea and cake"},), {200: (_CHAT,)}),
    "mark_read": Examples(({"seq": 9},), {200: ({"seq": 9},)}),
    "change_settings": Examples(
        (
            {"muted_until": "2026-11-23T07:00:00Z"},
            {"archived": True, "pinned": False},
            {"marked_unread": True, "muted_until": None},
        ),
        {
            200: (
                {
                    "muted_until": "2026-11-23T07:00:00.000000Z",
                    "archived": True,
                    "pinned_at": None,
                    "marked_unread": False,
                },
            )
        },
    ),
    "messages": Examples(answered={200: (_HISTORY,)}),
    "send_message": Examples(
        ({"id": "7b0f9c52", "text": "Earl Grey?"}, {"id": "7b0f9c53", "text": "Yes", "reply_to": 2}),
        {200: (_SENT | {"duplicate": True},), 201: (_SENT,)},
    ),
    "members": Examples(
        answered={
            200: (
                {
                    "results": [
                        {
                            "id": 1,
                            "username": "ada",
                            "display_name": "Ada",
                            "role": "owner",
                            "joined_seq": 0,
                            "read_seq": 9,
                        }
                    ],
                    "next": None,
                },
            )
        }
    ),
    "add_member": Examples(({"user": 4}, {"user": 4, "role": "admin"}), {200: (_NOOP,), 201: (_ADDED,)}),
    "set_role": Examples(({"role": "admin"},), {200: (_ADDED, _NOOP)}),
    "report_message": Examples(
        ({"chat": 7, "seq": 2, "reason": "This is not tea."},), {200: ({"id": 5},), 201: ({"id": 5},)}
    ),
    "remove_member": Examples(answered={200: (_ADDED,)}),
}
