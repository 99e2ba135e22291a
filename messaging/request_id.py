"""The id under which a request is found in the logs of everything that it passed: `X-Request-ID`, in and out."""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar

# A client may send anything, and what it sends stands in the logs.
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# The id of the HTTP request that is worked on; empty elsewhere.
current_request: ContextVar[str] = ContextVar("current_request", default="")


def choose_request_id(given: str | None) -> str:
    """Return the id that came with a request, where it is one, or a fresh one."""
    return given if given is not None and _ID.fullmatch(given) else uuid.uuid4().hex
