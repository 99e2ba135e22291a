"""Tickets: the right to one attempt at opening a socket, a cache key from the REST call to the handshake (protocol §1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """Take the user's ticket for `device`; None where there is none, it is another device's, or another socket was first.

    Of many at the same moment exactly one gets True from `delete`: it has the ticket.
    """
    found = cache.get(_key(user))
    if found is None or found["device"] != device or not cache.delete(_key(user)):
        return None
    return Ticket(device, found["take"], tuple(found["chats"]))


def _key(user: int) -> str:
    return f"ws_checker_{user}"
