"""Ports for the servers that a benchmark or a test starts."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress


def free_port() -> int:
    """Return a port that nothing listens on at the moment, below those that Linux gives to outgoing connections.

    One of theirs could be taken by anybody's connection before the server listens.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_768)  # `random` may be seeded, and then all take the same
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
