"""Where each stream begins after `hello` (protocol §2): what is replayed of its log, as far as the limits allow."""

from __future__ import annotations

from msgspec import UNSET

from messaging.conf import Limits
from messaging.protocol.frames import Hello, ReadyChat
from messaging.selectors import Overview


def plan_starts(command: Hello, overview: Overview, limits: Limits) -> list[ReadyChat]:
    """Return where each stream begins; what may be replayed is spent in the order of the list."""
    resume = command.resume if command.resume is not UNSET else {}
    foreign = command.epoch is not UNSET and command.epoch != overview.epoch
    left = limits.resume_events
    planned = []
    for chat in overview.chats:
        from_, reset = start_of(
            cursor=resume.get(chat.chat),
            head=chat.head,
            joined_seq=chat.joined_seq,
            most=min(left, limits.resume_events_per_chat),
            foreign=foreign,
        )
        left -= chat.head + 1 - min(from_, chat.head + 1)
        place = ReadyChat(chat=chat.chat, head=chat.head, from_=from_, read=chat.read_seq, unread=chat.unread)
        place.mentions, place.reset = chat.mentions, reset
        planned.append(place)
    return planned


def start_of(*, cursor: int | None, head: int, joined_seq: int, most: int, foreign: bool) -> tuple[int, bool]:
    """Return (from, reset) of a chat's stream after `hello`.

    `cursor` is the last seq the client applied, `most` how many events may be replayed, `foreign` whether the cursor was
    read under another epoch.
    """
    if foreign or (cursor is not None and cursor > head):
        return head + 1, True
    if cursor is None:
        return head + 1, False
    start = max(cursor + 1, joined_seq)
    return (start if head - start < most else head + 1), False
