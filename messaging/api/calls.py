"""What the schema says of a call beside its code: a decorator for the methods of views, and the parameters of the query.

The errors that every call has in common are not named; `errors` are those of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from messaging.errors import ChatError
from messaging.protocol.frames import Integer

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of the query, or a header."""

    name: str
    type: Any
    description: str
    place: Literal["query", "header"] = "query"


@dataclass(frozen=True, slots=True)
class Call:
    """One operation; `answers` has by status the types of the body, none for an empty one."""

    name: str
    answers: Mapping[int, tuple[Any, ...]]
    body: Any = None
    errors: tuple[type[ChatError], ...] = ()
    parameters: tuple[Parameter, ...] = ()


def call(
    name: str,
    answers: Mapping[int, tuple[Any, ...]],
    *,
    body: Any = None,
    errors: tuple[type[ChatError], ...] = (),
    parameters: tuple[Parameter, ...] = (),
) -> Callable[[F], F]:
    """Say what a view's method takes and answers."""

    def describe(method: F) -> F:
        method.call = Call(name, answers, body, errors, parameters)  # type: ignore[attr-defined]
        return method

    return describe


LIMIT = Parameter("limit", Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)], "How many entries the page may have.")
AFTER_ID = Parameter("after", Integer, "The server's own, in the address of the next page.")
AFTER_SEQ = Parameter("after", Integer, "Only the oldest entries above this seq.")
BEFORE_SEQ = Parameter("before", Integer, "Only entries below this seq.")
PAGE = Parameter(
    "X-Requested-With", str, "Sent by a page, with any value: its refresh token is in a cookie.", place="header"
)
SWITCH = Literal["0", "1"]
