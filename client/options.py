"""Every wait and bound of a client in one place."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from client.backoff import Waits
from client.connection import Tap


@dataclass(frozen=True, slots=True)
class Options:
    """Bounds of one client; the defaults are those of a phone."""

    waits: Waits = field(default_factory=Waits)
    random: Callable[[], float] = random.random
    # From hello to ready, and from a write to its answer. The server answers within 30 s or ends the connection (§2);
    # so do we, a little later.
    ready_seconds: float = 35.0
    answer_seconds: float = 35.0
    # Finds a network that is gone without a word within 40 s, as the server does.
    ping_seconds: float | None = 20.0
    # Messages read after a chat was forgotten: a screenful and a bit; 0 leaves reading to the application.
    history_page: int = 50
    # How far the application may lag behind before the socket is no longer read; 0 for one that reads no events at all.
    feed_limit: int = 10_000
    # Send the token the way browsers have to.
    browser: bool = False
    # Hears of everything that goes over the sockets of this client (`Connection.open`).
    tap: Tap | None = None
