"""What the REST calls answer, as values; unknown fields are ignored, as everywhere in the protocol."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Generic, TypeVar

from client.errors import TransportError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tokens:
    """The access token, and the refresh token that gets the next one."""

    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class Renewed:
    """A new access token, and a new refresh token from a server that rotates them."""

    access: str
    refresh: str | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to one attempt at opening a socket."""

    path: str
    expires_in: float
    protocol: str
    chats: list[int]


@dataclass(frozen=True, slots=True)
class User:
    """A person one can write to, or oneself."""

    id: int
    username: str
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat as the list of chats shows it; a server may tell more than the first five."""

    id: int
    kind: str
    title: str
    head: int
    unread: int
    mentions: int = 0
    read: int = 0
    members: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """A write that is stored: its place in the chat; `duplicate` when this is a first answer told again."""

    seq: int
    at: str
    duplicate: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A part of a list; `next` is the address of the part after it."""

    results: list[T]
    next: str | None = None
    unread_total: int | None = None


def pick(cls: type[T], data: Any) -> T:
    """Make a value from those fields of `data` that it has; raise TransportError where it needs more."""
    try:
        names = {each.name for each in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: data[name] for name in names if name in data})
    except TypeError as error:
        # A captive portal, for one, answers every call with 200 and something of its own.
        raise TransportError(f"the answer is no {cls.__name__}") from error
