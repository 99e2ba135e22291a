"""Tickets: the right to one attempt at opening a socket, a cache key from the REST call to the handshake (protocol §1).

A cache may have `take(key, member, value)`, which does in one trip what is otherwise a look and a deletion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from messaging.conf import get_limits


@dataclass(frozen=True, slots=True)
class Ticket:
    """From which device the socket is opened, and whether it takes the place of another device's connection.

    `chats` are those that the REST call listed: where to listen first. Which they are is read when the socket is open.
    """

    device: str
    take: bool
    chats: tuple[int, ...] = ()


def leave_ticket(user: int, *, device: str, take: bool, chats: Sequence[int] = ()) -> None:
    """Leave the user's one ticket, in place of an earlier one."""
    cache.set(_key(user), {"device": device, "take": take, "chats": list(chats)}, get_limits().ticket_seconds)


def take_ticket(user: int, device: str) -> Ticket | None:
    """Take the user's ticket for `device`; None where there is none, it is another device's, or another socket was first."""
    found = _take(_key(user), device)
    return None if found is None else Ticket(device, found["take"], tuple(found["chats"]))


def _take(key: str, device: str) -> dict[str, Any] | None:
    if hasattr(cache, "take"):
        taken: dict[str, Any] | None = cache.take(key, "device", device)
        return taken
    found: dict[str, Any] | None = cache.get(key)
    # Of many at the same moment exactly one gets True from `delete`: it has the ticket.
    return found if found is not None and found["device"] == device and cache.delete(key) else None


def _key(user: int) -> str:
    return f"ws_checker_{user}"
