"""What the calls answer: one type per object, which the serializers return and the schema is made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

import msgspec

from messaging.models import PresenceShown
from messaging.policy import ChatKind, Role
from messaging.protocol.events import Moment
from messaging.protocol.frames import Integer

# A message as it is now, or a change of members or title in its place: an `AnyEntry` of the protocol.
Entry = Annotated[dict[str, Any], msgspec.Meta(extra_json_schema={"$ref": "#/$defs/Entry"})]
# As the columns have them.
KindName = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [*ChatKind]})]
RoleShown = Annotated[str, msgspec.Meta(extra_json_schema={"enum": [*Role]})]
Preference = Annotated[str, msgspec.Meta(extra_json_schema={"enum": PresenceShown.values})]
Count = Annotated[int, msgspec.Meta(ge=0)]


class TokenPair(TypedDict):
    """What a sign-in answers."""

    access: str
    refresh: str


class AccessShown(TypedDict):
    """What a page is answered, whose refresh token is in a cookie: the access token and whose it is."""

    access: str
    user: Count


class WsTicket(TypedDict):
    """The right to one attempt at opening a socket: where, and for how many seconds."""

    expires_in: Count
    protocol: str
    path: str
    chats: list[Integer]


class NewUser(TypedDict):
    """Who was registered."""

    id: Integer
    username: str


class UserShown(NewUser):
    """A user, as others see it."""

    display_name: str


class Me(UserShown):
    """The user who asks, with what it prefers."""

    presence: Preference
    receipts: bool


class UserPage(TypedDict):
    """Users, by id."""

    results: list[UserShown]
    next: str | None


class MemberShown(UserShown):
    """A member of a chat; `read_seq` is null where it is not told."""

    role: RoleShown
    joined_seq: Integer
    read_seq: Integer | None


class MemberPage(TypedDict):
    """Members of a chat, by id."""

    results: list[MemberShown]
    next: str | None


class SettingsShown(TypedDict):
    """What a member has set for a chat."""

    muted_until: Moment | None
    archived: bool
    pinned_at: Moment | None
    marked_unread: bool


class ChatPosition(TypedDict):
    """A chat, and where one member stands in it."""

    id: Integer
    kind: KindName
    title: str
    head: Integer
    unread: Count
    mentions: Count
    read: Integer
    updated_at: Moment
    settings: SettingsShown


class ChatShown(ChatPosition):
    """A chat, as one member sees it; `members` are the first few."""

    member_count: Count
    members: list[UserShown]
    last_message: Entry | None


class ChatPage(TypedDict):
    """Chats, newest activity first, with totals of all chats of the user."""

    results: list[ChatShown]
    next: str | None
    unread_total: Count
    unread_chats: Count
    badge: Count


class EntryPage(TypedDict):
    """A part of a chat's history, newest first."""

    results: list[Entry]
    next: str | None


class Stored(TypedDict):
    """Where a write stands in the log; `duplicate` where this is the first answer told again."""

    seq: Integer
    at: Moment
    duplicate: NotRequired[Literal[True]]


class Noop(TypedDict):
    """There was nothing to change."""

    noop: Literal[True]


class ReadPlace(TypedDict):
    """Up to and including which event the chat is read."""

    seq: Integer


class ReportShown(TypedDict):
    """The report that was made, or the one that was there."""

    id: Integer
