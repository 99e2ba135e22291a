"""What the application around this one calls: to write in its chats, and to tell a user something over the same socket.

Plain functions, for views, commands, threads and workers; each has a twin with an `a` in front for async code. In a server
process a write joins the batch under way, elsewhere it is appended and published here. Refusals are of the one error tree.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar

import msgspec
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.db.models import Model
from django.db.transaction import TransactionManagementError
from django.utils.asyncio import async_unsafe

from messaging import services
from messaging.conf import get_limits
from messaging.errors import BadFrame, FrameTooLarge, NotAMember
from messaging.models import Chat, Membership
from messaging.policy import ChatKind, Role
from messaging.protocol.codec import Codec, clean_text, encode
from messaging.protocol.frames import AppName, ClientId
from messaging.write import Outcome, Write

__all__ = [
    "aadd_member",
    "acreate_chat",
    "add_member",
    "anotify",
    "aremove_member",
    "asend_message",
    "create_chat",
    "notify",
    "remove_member",
    "send_message",
]

P = ParamSpec("P")
T = TypeVar("T")


@async_unsafe("Call asend_message in async code.")
def send_message(
    sender: Model | int, chat: Chat | int, text: str, *, id: str | None = None, reply_to: int | None = None
) -> Outcome:
    """Send a message of `sender`, who is a member; return where it stands: `seq`, `at`, `duplicate`.

    A repeat of `id` with the same content gets the first answer, so a task that may run twice gives one of its own. Raises
    BadFrame, NotAMember, Forbidden, MessageNotFound, IdConflict, Unavailable.
    """
    _refuse_transaction()
    limits = get_limits()
    codec = Codec(frame_bytes=limits.frame_bytes, text_chars=limits.text_chars)
    body = {"id": id or uuid.uuid4().hex, "chat": _pk(chat), "text": text, "reply_to": reply_to}
    return services.write(Write.from_command(_pk(sender), codec.convert_message(body)))


@async_unsafe("Call acreate_chat in async code.")
def create_chat(
    creator: Model | int,
    members: Iterable[Model | int],
    *,
    kind: str = ChatKind.GROUP.value,
    title: str = "",
    id: str | None = None,
) -> int:
    """Make a chat of `creator`, who owns it, and `members`; return its id.

    The private chat of a pair exists once, and so does a group with an `id` of this creator: a repeat finds it. Raises
    BadFrame, UserNotFound, LimitReached.
    """
    _refuse_transaction()
    if kind not in [*ChatKind]:
        raise BadFrame("A chat is private or a group.", field="kind")
    _check_id(id)
    title = _clean_title(title) if kind == ChatKind.GROUP else ""
    others = [_pk(member) for member in members]
    chat, _ = services.create_chat(creator=_pk(creator), kind=kind, members=others, title=title, create_id=id)
    return chat


@async_unsafe("Call aadd_member in async code.")
def add_member(
    chat: Chat | int, user: Model | int, *, role: str = Role.MEMBER.value, actor: Model | int | None = None
) -> Outcome:
    """Add `user` to a group; one who is in it already makes no event, and then `seq` is None.

    It is done in the name of `actor`, or of the group's owner. Raises BadFrame, NotAMember, Forbidden, UserNotFound,
    LimitReached, Unavailable.
    """
    _refuse_transaction()
    if role not in [*Role]:
        raise BadFrame("A role is owner, admin or member.", field="role")
    return services.add_member(actor=_find_actor(chat, actor), chat=_pk(chat), user=_pk(user), role=role)


@async_unsafe("Call aremove_member in async code.")
def remove_member(chat: Chat | int, user: Model | int, *, actor: Model | int | None = None) -> Outcome:
    """Remove `user` from a group, in the name of `actor`, or of the group's owner; of oneself it is leaving.

    Raises NotAMember, Forbidden, UserNotFound, Unavailable.
    """
    _refuse_transaction()
    return services.remove_member(actor=_find_actor(chat, actor), chat=_pk(chat), user=_pk(user))


@async_unsafe("Call anotify in async code.")
def notify(user: Model | int, name: str, payload: Mapping[str, Any] | None = None) -> None:
    """Tell the user's open connection, where there is one, `{"type": name, …payload}`; it is not kept.

    `name` begins with `app.`. Raises BadFrame with the field `name` or `payload`, and FrameTooLarge.
    """
    services.tell_user_signal(user=_pk(user), frame=_encode_signal(name, {} if payload is None else payload))


def _encode_signal(name: Any, payload: Any) -> bytes:
    try:
        msgspec.convert(name, AppName)
    except msgspec.ValidationError:
        raise BadFrame("A name is app. and then small letters, digits, dots and underscores.", field="name") from None
    if not isinstance(payload, Mapping) or "type" in payload or not all(isinstance(key, str) for key in payload):
        raise BadFrame("A payload is an object without the field type.", field="payload")
    try:
        frame = encode({"type": name, **payload})
    except (TypeError, ValueError, RecursionError):
        raise BadFrame("The payload is not JSON.", field="payload") from None
    most = get_limits().notify_bytes
    if len(frame) > most:
        raise FrameTooLarge(f"A signal may have {most} bytes.")
    return frame


def _check_id(id: str | None) -> None:
    try:
        msgspec.convert(id, ClientId | None)
    except msgspec.ValidationError:
        raise BadFrame("An id is 1 to 64 characters without spaces.", field="id") from None


def _clean_title(title: str) -> str:
    cleaned = clean_text(title, most=get_limits().title_chars) if title.strip() else ""
    if cleaned is None:
        raise BadFrame("The title is too long, or holds what it may not.", field="title")
    return cleaned


def _find_actor(chat: Chat | int, actor: Model | int | None) -> int:
    if actor is not None:
        return _pk(actor)
    owners = Membership.objects.filter(chat=_pk(chat), left_seq=None, role=Role.OWNER).order_by("user")
    owner = owners.values_list("user", flat=True).first()
    if owner is None:
        raise NotAMember("The chat has no owner in whose name this could be done.")
    return int(owner)


def _pk(given: Model | int) -> int:
    return int(given.pk) if isinstance(given, Model) else int(given)


def _refuse_transaction() -> None:
    """Refuse to write inside a transaction: what is told has been committed, and must not be undone later.

    The one around each test of a TestCase is let be.
    """
    blocks = getattr(connection, "atomic_blocks", [])
    if connection.in_atomic_block and not all(getattr(block, "_from_testcase", False) for block in blocks):
        raise TransactionManagementError("Write to a chat outside of a transaction, or in transaction.on_commit.")


def _in_thread(function: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Return the twin of `function` that runs it in a thread and never holds up the loop."""

    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        finally:
            # The thread is anybody's: what it opened is not for the next to find.
            connections.close_all()

    # Not the thread that Django's own async code shares: a write waits there for its commit, and all else with it.
    return sync_to_async(call, thread_sensitive=False)


asend_message = _in_thread(send_message)
acreate_chat = _in_thread(create_chat)
aadd_member = _in_thread(add_member)
aremove_member = _in_thread(remove_member)
anotify = _in_thread(notify)
