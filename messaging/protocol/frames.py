"""The two closed sets of frames, in one file: what a client may say and what it is told.

Shapes are the wire's: field names are JSON keys, ids and seqs integers 0 … 2^53−1, times RFC 3339 in UTC.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from messaging.protocol.codes import CloseCode, ErrorCode

MAX_INTEGER = 2**53 - 1

# `\Z`, not `$`, which would let a trailing newline pass.
ClientId = Annotated[str, Meta(pattern=r"^[!-~]{1,64}\Z")]
Integer = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
# A signal of the host application.
AppName = Annotated[str, Meta(pattern=r"^app\.[a-z][a-z0-9_.]{0,59}\Z")]
# Keys of an object are text, and the same number is written in one way only.
Cursors = Annotated[
    dict[Integer, Integer], Meta(extra_json_schema={"propertyNames": {"pattern": "^(0|[1-9][0-9]{0,15})$"}})
]
# None can be uploaded yet.
Attachments = Annotated[list[str], Meta(max_length=0)]
# Encoded already: the shapes are those of `protocol.events`.
EncodedEvent = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Event"})]
EncodedEntry = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Entry"})]


class Command(Struct, tag_field="type", frozen=True, kw_only=True):
    """What a client asks; answered once by an ack or an error with its `id`."""

    id: ClientId
    chat: ClassVar[int | None] = None


class Hello(Command, tag="hello", frozen=True, kw_only=True):
    """The first frame of a connection; `resume` and `epoch` come together or not at all."""

    resume: Cursors | UnsetType = UNSET
    epoch: str | UnsetType = UNSET


class Ping(Command, tag="ping", frozen=True, kw_only=True):
    """A question that is answered at once."""


class TokenRefresh(Command, tag="token.refresh", frozen=True, kw_only=True):
    """A newer access token of the same user, so that the connection may live on."""

    token: str


class PresenceWatch(Command, tag="presence.watch", frozen=True, kw_only=True):
    """Whose presence the client wants to hear of from now on; it takes the place of the list before."""

    users: Annotated[list[Integer], Meta(max_length=200)]


class WriteCommand(Struct, tag_field="type", frozen=True, kw_only=True, omit_defaults=True):
    """What becomes an event of a chat, once for each `id` of its sender."""

    id: ClientId
    chat: Integer


class MessageSend(WriteCommand, tag="message.send", frozen=True, kw_only=True):
    """A message for a chat."""

    text: str = ""
    reply_to: Integer | None = None
    attachments: Attachments = []


class MessageEdit(WriteCommand, tag="message.edit", frozen=True, kw_only=True):
    """Another text for the message `seq`."""

    seq: Integer
    text: str


class MessageDelete(WriteCommand, tag="message.delete", frozen=True, kw_only=True):
    """The message `seq` is to be gone."""

    seq: Integer


class ReactionSet(WriteCommand, tag="reaction.set", frozen=True, kw_only=True):
    """An emoji of the sender on the message `seq`, or no more of it."""

    seq: Integer
    emoji: str
    on: bool


class Sync(Struct, tag_field="type", tag="sync", frozen=True, kw_only=True):
    """What stands in a chat's log after a place, forward."""

    id: ClientId
    chat: Integer
    after: Integer
    limit: Annotated[int, Meta(ge=1, le=200)] = 200


class History(Struct, tag_field="type", tag="history", frozen=True, kw_only=True):
    """The messages of a chat below a place, newest first, folded."""

    id: ClientId
    chat: Integer
    before: Integer | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class Read(Struct, tag_field="type", tag="read", frozen=True, kw_only=True):
    """The user has read a chat up to and including `seq`; without an id there is no answer."""

    id: ClientId | None = None
    chat: Integer
    seq: Integer


class Typing(Struct, tag_field="type", tag="typing", frozen=True, kw_only=True):
    """The user begins or stops to write; without an id there is no answer."""

    id: ClientId | None = None
    chat: Integer
    on: bool


AnyWrite = MessageSend | MessageEdit | MessageDelete | ReactionSet
AnyCommand = Hello | Ping | TokenRefresh | AnyWrite | Sync | History | Read | Typing | PresenceWatch


class ReadyChat(Struct, omit_defaults=True, kw_only=True):
    """One chat of `ready`: where the log stands and where this connection's stream begins."""

    chat: int
    head: int
    from_: int = msgspec.field(name="from")
    read: int
    unread: int
    mentions: int = 0
    reset: bool = False


class Ready(Struct, tag_field="type", tag="ready", kw_only=True):
    """The answer to `hello`."""

    id: str
    connection: str
    user: int
    at: str
    epoch: str
    token_expires_at: str
    limits: dict[str, int]
    chats: list[ReadyChat]


class CaughtUp(Struct, tag_field="type", tag="caught_up"):
    """Every chat has reached the head told in `ready`."""


class ChatJoined(Struct, tag_field="type", tag="chat.joined", kw_only=True):
    """A stream opened after `ready`."""

    chat: int
    head: int
    from_: int = msgspec.field(name="from")


class PresenceState(Struct, frozen=True, kw_only=True):
    """Whether a user is there; `last_seen_at` is RFC 3339, null while online and where it is not known."""

    user: int
    online: bool
    last_seen_at: str | None


class Presence(PresenceState, tag_field="type", tag="presence", frozen=True, kw_only=True):
    """The signal of somebody watched who came or went."""


class ReadTold(Struct, tag_field="type", tag="read", kw_only=True):
    """The signal of a member who has read a chat up to and including `seq`."""

    chat: int
    user: int
    seq: int


class TypingTold(Struct, tag_field="type", tag="typing", kw_only=True):
    """The signal of a member who begins or stops to write."""

    chat: int
    user: int
    on: bool


class AppSignal(Struct, kw_only=True):
    """A signal of the host application, which names it and adds fields of its own."""

    type: AppName


class Ack(Struct, tag_field="type", tag="ack", omit_defaults=True, kw_only=True):
    """The good answer to a command."""

    id: str
    chat: int | None = None
    # A factory, so that it is sent although it is the default.
    status: int = msgspec.field(default_factory=lambda: 200)
    seq: int | None = None
    at: str | None = None
    duplicate: bool = False
    noop: bool = False
    expires_at: str | None = None
    events: list[EncodedEvent] | None = None
    messages: list[EncodedEntry] | None = None
    head: int | None = None
    more: bool | None = None
    states: list[PresenceState] | None = None


class Error(Struct, tag_field="type", tag="error", kw_only=True):
    """The bad answer to a command; `id` is null where none could be read, `retry_after` is in seconds."""

    id: str | None
    chat: int | UnsetType = UNSET
    status: int
    code: ErrorCode
    detail: str
    retry: bool
    field: str | UnsetType = UNSET
    retry_after: float | UnsetType = UNSET


class Bye(Struct, tag_field="type", tag="bye", omit_defaults=True, kw_only=True):
    """Why the server ends the connection; the close frame follows."""

    code: CloseCode
    reason: str
    retry_after: float | None = None


AnyAnswer = Ready | Ack | Error
AnySignal = ReadTold | TypingTold | Presence | AppSignal


class Event(Struct, kw_only=True):
    """One numbered fact of a chat, and what the delivery path must know of it.

    `id` and `content_hash` are those of the write that made it, None where it had none or where the content is forgotten;
    `body` holds the kind's own fields.
    """

    chat: int
    seq: int
    at: str
    kind: str
    sender: int
    id: str | None
    content_hash: str | None
    body: dict[str, Any]
