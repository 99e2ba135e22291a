"""What each command does: a handler gets the consumer and a decoded command; one that is no coroutine waits for nothing.

A handler raises ChatError to refuse; it answers through the consumer, never by itself on the transport.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import msgspec

from consumers.pending import Pending
from consumers.starts import plan_starts
from messaging import metrics
from messaging.access import Access, verify_access
from messaging.conf import Limits, get_limits
from messaging.database import as_wire_time, run_in_thread
from messaging.errors import ChatError, RateLimited, TokenInvalid
from messaging.fanout import tell_signal
from messaging.folded import fold_for
from messaging.log import Position, read_as_member
from messaging.presence import read_presence
from messaging.protocol.batch import EventBatch
from messaging.protocol.codec import encode, encode_event_for
from messaging.protocol.frames import (
    Ack,
    AnyCommand,
    AnyWrite,
    Hello,
    History,
    MessageDelete,
    MessageEdit,
    MessageSend,
    Ping,
    PresenceWatch,
    ReactionSet,
    Read,
    Ready,
    Sync,
    TokenRefresh,
    Typing,
    TypingTold,
)
from messaging.selectors import history, is_heard, membership_of, one_snapshot
from messaging.write import Outcome, Write

if TYPE_CHECKING:
    from consumers.chat import ChatConsumer

LIMITS_TOLD = ("frame_bytes", "text_chars", "commands_per_second", "chats", "members")


async def say_hello(consumer: ChatConsumer, command: Hello) -> None:
    """Join the groups of all chats, then answer with where each stream begins, and replay."""
    overview = await consumer.join_all()
    consumer.hears_receipts = overview.hears_receipts
    chats = plan_starts(command, overview, get_limits())
    ready = Ready(
        id=command.id,
        connection=consumer.claim.connection,
        user=consumer.user,
        at=overview.at,
        epoch=overview.epoch,
        token_expires_at=_as_text(consumer.access),
        limits=_limits_told(get_limits()),
        chats=chats,
    )
    consumer.become_ready(ready)


def _limits_told(limits: Limits) -> dict[str, int]:
    return {name: getattr(limits, name) for name in LIMITS_TOLD} | {"burst": limits.commands_burst}


def say_pong(consumer: ChatConsumer, command: Ping) -> None:
    """Answer at once."""
    consumer.acknowledge(Ack(id=command.id))


def refresh_token(consumer: ChatConsumer, command: TokenRefresh) -> None:
    """Let the connection live as long as a newer token of the same user; an older one does not shorten it."""
    access = verify_access(command.token)
    if access.user != consumer.user or access.token_version != consumer.access.token_version:
        raise TokenInvalid
    consumer.extend_access(access)
    consumer.acknowledge(Ack(id=command.id, expires_at=_as_text(consumer.access)))


def submit_write(consumer: ChatConsumer, command: AnyWrite) -> None:
    """Submit the write and return: the ack goes out where the stream reaches the event."""
    if consumer.writes.count >= get_limits().writes_in_flight:
        metrics.LIMITS_HIT.labels("writes_in_flight").inc()
        raise RateLimited("Too many writes without an answer.", retry_after=1.0)
    write = Write.from_command(consumer.user, command)
    pending = Pending(command.chat, command.id, write.content_hash or "", since=time.monotonic())
    consumer.writes.add(pending)
    consumer.deadlines.watch_answers(consumer.oldest_unanswered)

    def refuse(error: ChatError) -> None:
        metrics.count_answer(type(command), error.code)
        consumer.writes.refuse(pending, error)

    def answer(outcome: Outcome | ChatError, batch: EventBatch | None) -> None:
        if isinstance(outcome, ChatError):
            refuse(outcome)
        else:
            metrics.count_answer(type(command), metrics.OK)
            consumer.attend(pending.chat, consumer.streams.settle(pending, outcome, batch))

    try:
        consumer.runtime.writer.submit(write, answer)
    except ChatError as error:
        refuse(error)


def _as_text(access: Access) -> str:
    return as_wire_time(datetime.fromtimestamp(access.expires_at, UTC))


async def sync(consumer: ChatConsumer, command: Sync) -> None:
    """Answer with what stands in the log after a place."""
    position = Position(command.chat, command.after, command.limit)
    page = await run_in_thread(read_as_member, consumer.user, position)
    events = [encode_event_for(consumer.user, event) for event in page.events]
    sent = _fitting(events, consumer.outlet.room)
    more = bool(sent) and page.events[len(sent) - 1].seq < page.head
    consumer.acknowledge(Ack(id=command.id, chat=command.chat, events=sent, head=page.head, more=more))


async def page_history(consumer: ChatConsumer, command: History) -> None:
    """Answer with folded messages below a place, newest first."""
    messages = await run_in_thread(_read_history, consumer.user, command)
    sent = _fitting([encode(message) for message in messages[: command.limit]], consumer.outlet.room)
    more = len(sent) < len(messages)
    consumer.acknowledge(Ack(id=command.id, chat=command.chat, messages=sent, more=more))


def _read_history(user: int, command: History) -> list[dict[str, Any]]:
    with one_snapshot():
        membership = membership_of(user, command.chat)
        return fold_for(membership, history(membership, before=command.before, after=None, limit=command.limit + 1))


def _fitting(frames: list[bytes], room: int) -> list[msgspec.Raw]:
    """Return as many of `frames` as one answer carries and the peer has room for, at least one of them."""
    sizes = accumulate(map(len, frames))
    most = min(get_limits().answer_bytes, room)
    return [msgspec.Raw(frame) for frame, size in zip(frames, sizes, strict=True) if size <= most] or [
        msgspec.Raw(frame) for frame in frames[:1]
    ]


def mark_read(consumer: ChatConsumer, command: Read) -> None:
    """Store the marker soon; many of one chat become one."""
    consumer.marks.put(command.chat, command.seq, id=command.id, now=time.monotonic())
    consumer.deadlines.watch_answers(consumer.oldest_unanswered)


async def tell_typing(consumer: ChatConsumer, command: Typing) -> None:
    """Tell the others, unless they were told a moment ago."""
    heard = await run_in_thread(is_heard, consumer.user, command.chat)
    if consumer.typing.is_news(command.chat, on=command.on, now=time.monotonic()) and heard:
        frame = encode(TypingTold(chat=command.chat, user=consumer.user, on=command.on))
        consumer.runtime.publisher.publish([tell_signal(command.chat, user=consumer.user, frame=frame)])
    if command.id is not None:
        consumer.acknowledge(Ack(id=command.id, chat=command.chat))


async def watch_presence(consumer: ChatConsumer, command: PresenceWatch) -> None:
    """Answer who is there, and tell of them from now on."""
    users = list(dict.fromkeys(command.users))
    found = await run_in_thread(read_presence, [(consumer.user, user) for user in users])
    states = [state for user in users if (state := found.get((consumer.user, user)))]
    consumer.runtime.presence.watch(consumer, users, states)
    consumer.acknowledge(Ack(id=command.id, states=states))


Handler = Callable[..., Awaitable[None] | None]

HANDLERS: dict[type[AnyCommand], Handler] = {
    Hello: say_hello,
    Ping: say_pong,
    TokenRefresh: refresh_token,
    MessageSend: submit_write,
    MessageEdit: submit_write,
    MessageDelete: submit_write,
    ReactionSet: submit_write,
    Sync: sync,
    History: page_history,
    Read: mark_read,
    Typing: tell_typing,
    PresenceWatch: watch_presence,
}

# Those whose handler returns before there is an answer.
ANSWERED_LATER = frozenset({MessageSend, MessageEdit, MessageDelete, ReactionSet, Read})
