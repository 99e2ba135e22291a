"""Writes that a person or the host application asks for; every change of a chat goes through the log.

Functions are plain and synchronous: REST views, commands and workers call them from threads of their own. Inside a server
process the write joins the batch under way; elsewhere it is appended and published here.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth import get_user_model
from django.db import IntegrityError, close_old_connections, transaction
from django.db.models import Count

from messaging.blocks import is_blocked
from messaging.conf import get_limits
from messaging.database import try_again
from messaging.errors import BadFrame, ChatError, LimitReached, NotAMember, UserNotFound
from messaging.fanout import Publication, announce, publish_now, tell_joined, tell_receipt, tell_user
from messaging.log import append
from messaging.models import Chat, Event, Membership
from messaging.policy import ChatKind, Role
from messaging.protocol.batch import EventBatch
from messaging.protocol.codec import encode
from messaging.protocol.frames import MessageDelete, MessageEdit, MessageSend, ReactionSet, ReadTold
from messaging.protocol.kinds import Kind
from messaging.reading import tells_receipts
from messaging.runtime import get_runtime
from messaging.selectors import hears_signals
from messaging.signals import send_stored
from messaging.write import Outcome, Write


def write(event: Write) -> Outcome:
    """Append one event and tell the members; raises ChatError."""
    runtime = get_runtime()
    if runtime is not None:
        # A thread that waits for the writer holds no connection, or a hundred of them would leave the writer none.
        close_old_connections()
        return runtime.write_from_thread(event)
    batch = append([event])
    outcome = batch.outcomes[0]
    if isinstance(outcome, ChatError):
        raise outcome
    if outcome.event is not None:
        publish_now(announce([EventBatch.from_events([outcome.event], epoch=batch.epoch)]))
        send_stored([outcome.event])
    return outcome


def tell(publications: Sequence[Publication]) -> None:
    """Publish, from any thread and any process."""
    runtime = get_runtime()
    if runtime is not None:
        runtime.publish_from_thread(list(publications))
    else:
        publish_now(publications)


# Chats


def send_message(*, sender: int, chat: int, id: str, text: str, reply_to: int | None = None) -> Outcome:
    """Send a message; a repeat of `id` with the same content gets the first answer."""
    return write(Write.from_command(sender, MessageSend(id=id, chat=chat, text=text, reply_to=reply_to)))


def edit_message(*, sender: int, chat: int, id: str, seq: int, text: str) -> Outcome:
    """Give an own message another text; raises MessageNotFound, Forbidden."""
    return write(Write.from_command(sender, MessageEdit(id=id, chat=chat, seq=seq, text=text)))


def delete_message(*, sender: int, chat: int, id: str, seq: int) -> Outcome:
    """Delete an own message, or one of others where `sender` manages the group; raises MessageNotFound, Forbidden."""
    return write(Write.from_command(sender, MessageDelete(id=id, chat=chat, seq=seq)))


def set_reaction(*, sender: int, chat: int, id: str, seq: int, emoji: str, on: bool) -> Outcome:
    """Put an emoji on a message or take it off, which may change nothing; raises MessageNotFound, LimitReached."""
    return write(Write.from_command(sender, ReactionSet(id=id, chat=chat, seq=seq, emoji=emoji, on=on)))


def create_chat(
    *, creator: int, kind: str, members: Sequence[int], title: str = "", create_id: str | None = None
) -> tuple[int, bool]:
    """Make a chat of `creator` and `members`; return (chat id, whether it is new).

    The private chat of a pair exists once, and a group once per creator and `create_id`: a repeat finds it. Raises
    BadFrame, UserNotFound, LimitReached.
    """
    others = sorted(set(members) - {creator})
    pair = _pair(creator, others) if kind == ChatKind.PRIVATE else None
    found = _find_chat(creator, pair, create_id)
    if found is not None:
        return found, False
    _check_members([creator, *others])
    try:
        chat = try_again(_insert_chat, creator, others, kind=kind, title=title, pair=pair, create_id=create_id)
    except IntegrityError:
        found = _find_chat(creator, pair, create_id)
        if found is None:
            raise
        return found, False
    tell([tell_joined(user, chat) for user in (creator, *others)])
    return chat, True


def _pair(creator: int, others: Sequence[int]) -> str:
    if len(others) != 1:
        raise BadFrame("A private chat is of two different users.", field="members")
    low, high = sorted((creator, others[0]))
    return f"{low}:{high}"


def _find_chat(creator: int, pair: str | None, create_id: str | None) -> int | None:
    if pair is not None:
        return Chat.objects.filter(pair=pair).values_list("pk", flat=True).first()
    if create_id is None:
        return None
    return Chat.objects.filter(creator=creator, create_id=create_id).values_list("pk", flat=True).first()


def _check_members(users: Sequence[int]) -> None:
    limits = get_limits()
    if len(users) > limits.members:
        raise LimitReached(f"A chat may have {limits.members} members.")
    if get_user_model().objects.filter(pk__in=users, is_active=True).count() != len(users):
        raise UserNotFound
    # To the creator, who comes first, whoever is blocked does not exist, nor does whoever blocks.
    if is_blocked(users[0], users[1:]):
        raise UserNotFound
    check_chat_count(users)


def check_chat_count(users: Sequence[int]) -> None:
    """Raise LimitReached when one of `users` is in as many chats as one may be in."""
    most = get_limits().chats
    counts = Membership.objects.filter(user__in=users, left_seq=None).values("user").annotate(chats=Count("pk"))
    if counts.filter(chats__gte=most).exists():
        raise LimitReached(f"A user may be in {most} chats.")


def _insert_chat(
    creator: int, others: Sequence[int], *, kind: str, title: str, pair: str | None, create_id: str | None
) -> int:
    with transaction.atomic():
        chat = Chat.objects.create(
            kind=kind,
            title=title,
            pair=pair,
            creator_id=creator,
            create_id=None if pair else create_id,
        )
        roles = {creator: Role.OWNER} if kind == ChatKind.GROUP else {}
        Membership.objects.bulk_create(
            Membership(chat=chat, user_id=user, role=roles.get(user, Role.MEMBER))
            for user in sorted([creator, *others])
        )
        return int(chat.pk)


def rename_chat(*, actor: int, chat: int, title: str) -> Outcome:
    """Give a group another title."""
    return write(Write(chat, actor, Kind.CHAT_UPDATED, {"title": title}))


def add_member(*, actor: int, chat: int, user: int, role: str = Role.MEMBER.value) -> Outcome:
    """Add `user` to a group; no event where it is in already."""
    present = Membership.objects.filter(chat=chat, user__in=(actor, user), left_seq=None)
    members = set(present.values_list("user", flat=True))
    if actor not in members:
        # First of all: who is not in the chat learns nothing from it, of users neither.
        raise NotAMember
    if user not in members:
        if not get_user_model().objects.filter(pk=user, is_active=True).exists() or is_blocked(actor, [user]):
            raise UserNotFound
        check_chat_count([user])
    return write(Write(chat, actor, Kind.MEMBER_ADDED, {"user": user, "role": role}))


def remove_member(*, actor: int, chat: int, user: int) -> Outcome:
    """Remove `user` from a group, or leave it."""
    return write(Write(chat, actor, Kind.MEMBER_REMOVED, {"user": user}))


def change_role(*, actor: int, chat: int, user: int, role: str) -> Outcome:
    """Give a member another role."""
    return write(Write(chat, actor, Kind.MEMBER_ROLE, {"user": user, "role": role}))


def mark_read(*, user: int, chat: int, seq: int) -> int:
    """Move the user's read marker up to and including `seq`, or to the head below it; never back. Return where it is.

    The chat is then no longer marked unread. The other members hear of it where the chat is small enough and the user has
    not switched receipts off.
    """
    is_told, marker = try_again(_move_marker, user, chat, seq)
    if is_told and hears_signals(chat):
        frame = encode(ReadTold(chat=chat, user=user, seq=marker))
        tell([tell_receipt(chat, user=user, frame=frame)])
    return marker


def _move_marker(user: int, chat: int, seq: int) -> tuple[bool, int]:
    with transaction.atomic():
        membership = Membership.objects.select_for_update(no_key=True, of=("self",))
        membership = membership.select_related("chat", "user__account")
        own = membership.filter(chat=chat, user=user, left_seq=None).first()
        if own is None:
            raise NotAMember
        seq = min(seq, own.chat.last_seq)
        if seq <= own.read_seq:
            if own.is_marked_unread:
                Membership.objects.filter(pk=own.pk).update(is_marked_unread=False)
            return False, own.read_seq
        read = Event.objects.filter(chat=chat, seq=seq).values_list("message_no", flat=True).get()
        Membership.objects.filter(pk=own.pk).update(read_seq=seq, read_count=read, is_marked_unread=False)
        return tells_receipts(own.user), seq


# Signals of the host application


def tell_user_signal(*, user: int, frame: bytes) -> None:
    """Tell the user's connection, where there is one, something that is not kept; it asks the database nothing."""
    tell([tell_user(user, frame=frame)])
