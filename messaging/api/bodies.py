"""What the calls take: one struct per body, with the same types as the frames of the socket, so the same rules hold.

Nothing is coerced: a number in quotes is not a number. Unknown fields are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import IO, Annotated, Any, Literal, NoReturn, TypeVar

import msgspec
from msgspec import UNSET, UnsetType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from messaging.chat_settings import ChatSettings
from messaging.conf import get_limits
from messaging.errors import BadFrame, BadJson, FrameTooLarge
from messaging.models import Account
from messaging.oversight import REASON_CHARS
from messaging.protocol.codec import clean_text
from messaging.protocol.frames import ClientId, Integer

T = TypeVar("T", bound=msgspec.Struct)

# Text that is not shown as it is, and so not trimmed: without C0 controls, DEL and lone surrogates.
Text = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]*\Z")]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
RoleName = Literal["owner", "admin", "member"]

_FIELD = re.compile(r"`\$\.(\w+)|field `(\w+)`")


class Credentials(msgspec.Struct):
    """Who signs in, or registers."""

    username: Text
    password: Text


class Refresh(msgspec.Struct):
    """The refresh token to be spent."""

    refresh: Text


class SignOut(msgspec.Struct):
    """One refresh token, or `all`."""

    refresh: Text | None = None
    all: bool = False


class NewPassword(msgspec.Struct):
    """The password now and from now on."""

    old: Text
    new: Text


class Profile(msgspec.Struct):
    """What a user may change of what others see of it, one field or several."""

    display_name: str | UnsetType = UNSET
    presence: Literal["chats", "nobody"] | UnsetType = UNSET
    receipts: bool | UnsetType = UNSET


class NewChat(msgspec.Struct):
    """A chat to be made, or found by its pair or by the creator's `id`."""

    kind: Literal["private", "group"]
    members: list[Integer]
    title: str = ""
    id: ClientId | None = None


class ChatChange(msgspec.Struct):
    """What may be changed of a chat."""

    title: str


class ChatSettingsChange(ChatSettings, frozen=True, kw_only=True):
    """What a member may set for a chat."""

    muted_until: Moment | UnsetType | None = UNSET


class NewMember(msgspec.Struct):
    """Who is added to a group."""

    user: Integer
    role: RoleName = "member"


class MemberChange(msgspec.Struct):
    """What may be changed of a membership."""

    role: RoleName


class ReadMark(msgspec.Struct):
    """Up to and including which event the chat was read."""

    seq: Integer


class NewReport(msgspec.Struct):
    """Which message is to be looked at, and why."""

    chat: Integer
    seq: Integer
    reason: str


# At its first use msgspec finds out what a struct is made of, and two threads that do so at once crash the process (0.22).
for _kind in [each for each in globals().values() if isinstance(each, type) and issubclass(each, msgspec.Struct)]:
    msgspec.json.Decoder(_kind)


class BodyParser(BaseParser):
    """JSON as it is on the socket: no larger, and bad JSON is `bad_json`."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the body; raises FrameTooLarge, BadJson."""
        most = get_limits().frame_bytes
        data = stream.read(most + 1)
        if len(data) > most:
            raise FrameTooLarge(f"A body may have {most} bytes.")
        try:
            return json.loads(data.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise BadJson from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def read_body(request: Request, kind: type[T]) -> T:
    """Return the request's body as a `kind`; raises BadFrame with the field that does not fit."""
    try:
        return msgspec.convert(request.data, kind)
    except msgspec.ValidationError as error:
        found = _FIELD.search(str(error))
        raise bad_field(found and (found[1] or found[2])) from None


def bad_field(field: str | None) -> BadFrame:
    """Return the refusal of a field."""
    return BadFrame(f"The field {field!r} is missing or not valid." if field else None, field=field)


def clean_title(title: str) -> str:
    """Return a chat's title as it is stored; it may be empty. Raises BadFrame."""
    return _clean(title, field="title", most=get_limits().title_chars)


def clean_display_name(name: str) -> str:
    """Return a display name as it is stored; it may be empty. Raises BadFrame."""
    most = Account._meta.get_field("display_name").max_length
    return _clean(name, field="display_name", most=most or 0)


def clean_reason(reason: str) -> str:
    """Return the reason of a report as it is stored, which says something; raises BadFrame."""
    cleaned = clean_text(reason, most=REASON_CHARS)
    if cleaned is None:
        raise bad_field("reason")
    return cleaned


def _clean(text: str, *, field: str, most: int) -> str:
    if not text.strip(" \t\r\n"):
        return ""
    cleaned = clean_text(text, most=most)
    if cleaned is None:
        raise bad_field(field)
    return cleaned
