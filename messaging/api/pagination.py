"""Pages by key: a page begins after the last row of the one before, so that no page costs more than the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from rest_framework.request import Request

from messaging.api.bodies import bad_field
from messaging.conf import get_limits
from messaging.protocol.frames import MAX_INTEGER

T = TypeVar("T")

_INTEGER = re.compile(r"[0-9]{1,16}")


def read_integer(request: Request, name: str) -> int | None:
    """Return an integer of the query, None where it is not there; raises BadFrame."""
    text = request.query_params.get(name)
    return None if text is None else parse_integer(text, field=name)


def parse_integer(text: str, *, field: str) -> int:
    """Return the integer that stands in the query as `text`; raises BadFrame."""
    if not _INTEGER.fullmatch(text) or int(text) > MAX_INTEGER:
        raise bad_field(field)
    return int(text)


def read_limit(request: Request) -> int:
    """Return how many rows the page may have; raises BadFrame."""
    limits = get_limits()
    limit = read_integer(request, "limit")
    if limit == 0:
        raise bad_field("limit")
    return min(limit or limits.page_size, limits.page_size_most)


def paginate(
    request: Request, rows: Sequence[T], *, show: Callable[[Sequence[T]], list[Any]], after: Callable[[T], object]
) -> dict[str, Any]:
    """Return the answer of a list whose `rows` were asked for with one more than the page may have.

    `after` names a row in the query parameter of the same name, for the page that begins after it.
    """
    limit = read_limit(request)
    page = rows[:limit]
    following = link(request, after=after(page[-1])) if len(rows) > limit else None
    return {"results": show(page), "next": following}


def link(request: Request, **parameters: object) -> str:
    """Return this request's address with other query parameters."""
    query = request.query_params.copy()
    for name, value in parameters.items():
        query[name] = str(value)
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
