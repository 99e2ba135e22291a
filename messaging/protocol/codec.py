"""From text to commands and from frames to text: every rule that a frame can break is checked here, and only here.

A good frame is decoded in one pass; only a bad one is looked at again, to say what is wrong with it and to find the `id`
its answer must carry.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import msgspec
from emoji import is_emoji
from msgspec import UNSET, Raw, Struct, UnsetType

from messaging.errors import BadFrame, BadJson, ChatError, FrameTooLarge, UnknownType
from messaging.protocol.frames import (
    MAX_INTEGER,
    AnyCommand,
    AnyWrite,
    ClientId,
    Error,
    Event,
    Hello,
    Integer,
    MessageEdit,
    MessageSend,
    ReactionSet,
)
from messaging.protocol.kinds import Kind

# C0 controls but tab and LF, DEL, lone surrogates (protocol §2).
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_CLIENT_ID = re.compile(r"[!-~]{1,64}")
_FIELD_IN_PATH = re.compile(r"`\$\.(\w+)")
_MISSING_FIELD = re.compile(r"required field `(\w+)`")

T = TypeVar("T")
Texted = TypeVar("Texted", bound=MessageSend | MessageEdit)

_COMMAND_TYPES = {command.__struct_config__.tag for command in AnyCommand.__args__}

encode = msgspec.json.Encoder().encode


class RefusedFrame(Exception):
    """A frame that is answered with `error`; `id` and `chat` are those that could be read."""

    def __init__(
        self, error: ChatError, *, id: str | None = None, chat: int | None = None, is_hello: bool = False
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.id = id
        self.chat = chat
        # An answer to it, even this one, gives the client its time for hello anew.
        self.is_hello = is_hello


# Knows all commands, so that it is made once and not for each connection.
_decode = msgspec.json.Decoder(AnyCommand).decode


class _Address(Struct):
    """What is told of a frame that was refused; all else in it is passed over without being made into objects."""

    type: Raw | UnsetType = UNSET
    id: Raw | UnsetType = UNSET
    chat: Raw | UnsetType = UNSET


_decode_address = msgspec.json.Decoder(_Address).decode
_decode_type = msgspec.json.Decoder(str).decode
_decode_id = msgspec.json.Decoder(ClientId).decode
_decode_chat = msgspec.json.Decoder(Integer).decode
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError)


class Codec:
    """Decodes the commands of one server; `frame_bytes` and `text_chars` are its limits."""

    def __init__(self, *, frame_bytes: int, text_chars: int) -> None:
        self._frame_bytes = frame_bytes
        self._text_chars = text_chars

    def decode(self, text: str) -> AnyCommand:
        """Return the command in `text`; raises RefusedFrame."""
        # A code point takes four bytes at most: only long frames are measured exactly.
        if len(text) * 4 > self._frame_bytes and len(text.encode(errors="replace")) > self._frame_bytes:
            raise RefusedFrame(FrameTooLarge(f"A frame may have {self._frame_bytes} bytes."))
        try:
            command = _decode(text)
        except _UNREADABLE as error:
            _explain(text, error)
        return self._checked(command)

    def convert_message(self, body: dict[str, Any]) -> MessageSend:
        """Return the `message.send` that a REST body asks for; raises BadFrame."""
        try:
            command = msgspec.convert(body, MessageSend)
        except msgspec.ValidationError as error:
            raise _bad_field(_field_of(error)) from None
        try:
            return self._checked_text(command)
        except RefusedFrame as refused:
            raise refused.error from None

    def _checked(self, command: AnyCommand) -> AnyCommand:
        if isinstance(command, MessageSend | MessageEdit):
            return self._checked_text(command)
        if isinstance(command, ReactionSet) and not is_emoji(command.emoji):
            raise RefusedFrame(_bad_field("emoji"), id=command.id, chat=command.chat)
        if isinstance(command, Hello) and (command.resume is UNSET) != (command.epoch is UNSET):
            missing = "epoch" if command.epoch is UNSET else "resume"
            raise RefusedFrame(_bad_field(missing), id=command.id, is_hello=True)
        return command

    def _checked_text(self, command: Texted) -> Texted:
        text = clean_text(command.text, most=self._text_chars)
        if text is None:
            raise RefusedFrame(_bad_field("text"), id=command.id, chat=command.chat)
        return command if text == command.text else msgspec.structs.replace(command, text=text)


def clean_text(text: str, *, most: int) -> str | None:
    """Return `text` with CR LF as LF and trimmed, or None where it holds what text may not hold."""
    text = text.replace("\r\n", "\n")
    if _FORBIDDEN.search(text):
        return None
    text = text.strip()
    return text if 1 <= len(text) <= most else None


def hash_content(command: AnyWrite) -> str:
    """Return the fingerprint of what a write says, by which a repeat of its id is told from a conflict.

    Fields at their defaults do not count, so that a field added later leaves the hash of older content alone.
    """
    content = msgspec.to_builtins(command)
    del content["id"], content["chat"]
    return hashlib.blake2b(msgspec.json.encode(content, order="sorted"), digest_size=16).hexdigest()


def encode_error(error: ChatError, *, id: str | None, chat: int | None) -> bytes:
    """Return the error frame that answers a command."""
    return encode(Error(id=id, chat=UNSET if chat is None else chat, **error.as_body()))


def encode_event(event: Event) -> bytes:
    """Return the event's frame, as every receiver but its own sender gets it."""
    frame = {"type": event.kind, "chat": event.chat, "seq": event.seq, "at": event.at, "sender": event.sender}
    return encode(frame | event.body)


def encode_event_for(user: int, event: Event) -> bytes:
    """Return the event's frame as `user` gets it: an own one carries its `id`."""
    frame = encode_event(event)
    return add_id(frame, event.id) if event.sender == user and event.id is not None else frame


def add_id(frame: bytes, id: str) -> bytes:
    """Return an event's frame with the `id` that its own sender is told."""
    return b'%b,"id":%b}' % (frame[:-1], encode(id))


def subject_of(event: Event) -> tuple[int, int]:
    """Return (user who was added, user who was removed) by `event`; 0 is nobody."""
    if event.kind == Kind.MEMBER_ADDED:
        return event.body["user"], 0
    if event.kind == Kind.MEMBER_REMOVED:
        return 0, event.body["user"]
    return 0, 0


def _explain(text: str, error: Exception) -> NoReturn:
    """Raise the RefusedFrame that says what is wrong with a frame that could not be decoded."""
    address = _read(text, _decode_address) if isinstance(error, msgspec.ValidationError) else None
    if address is None:
        _explain_slowly(text, error)
    type_ = _read(address.type, _decode_type)
    is_known = type_ is None or type_ in _COMMAND_TYPES
    refusal = _bad_field(_field_of(error)) if is_known else UnknownType()
    id, chat = _read(address.id, _decode_id), _read(address.chat, _decode_chat)
    raise RefusedFrame(refusal, id=id, chat=chat, is_hello=type_ == "hello")


def _read(part: Raw | UnsetType | str, decode: Callable[[Any], T]) -> T | None:
    try:
        return None if part is UNSET else decode(part)
    except _UNREADABLE:
        return None


def _explain_slowly(text: str, error: Exception) -> NoReturn:
    """Do the same with what is no JSON, no object or not text; all of it is counted, so that nobody sends much of it."""
    frame = _parse_anything(text)
    if not isinstance(frame, dict):
        raise RefusedFrame(BadFrame("A frame is one JSON object."))
    id, chat = frame.get("id"), frame.get("chat")
    readable_id = id if isinstance(id, str) and _CLIENT_ID.fullmatch(id) else None
    readable_chat = chat if type(chat) is int and 0 <= chat <= MAX_INTEGER else None
    refusal = _bad_field(_field_of(error) or _field_with_surrogate(frame))
    raise RefusedFrame(refusal, id=readable_id, chat=readable_chat, is_hello=frame.get("type") == "hello")


def _parse_anything(text: str) -> Any:
    # The standard library's parser takes lone surrogates, which are JSON but not text.
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_int=_parse_integer)
    except (ValueError, RecursionError):
        raise RefusedFrame(BadJson()) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _parse_integer(digits: str) -> int | None:
    # JSON all the same, but Python refuses to read more than 4,300 digits.
    return int(digits) if len(digits) < 20 else None


def _field_of(error: Exception) -> str | None:
    if not isinstance(error, msgspec.ValidationError):
        return None
    found = _FIELD_IN_PATH.search(str(error)) or _MISSING_FIELD.search(str(error))
    return found[1] if found else None


def _field_with_surrogate(frame: dict[str, Any]) -> str | None:
    found = (name for name, value in frame.items() if isinstance(value, str) and _FORBIDDEN.search(value))
    name = next(found, "")
    # A name with one of its own cannot be told.
    return None if _FORBIDDEN.search(name) else name or None


def _bad_field(field: str | None) -> BadFrame:
    return BadFrame(f"The field {field!r} is missing or not valid." if field else None, field=field)
