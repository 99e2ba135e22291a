"""The log of one connection: every line says which it is of, and the last one what it did. Never what was said."""

from __future__ import annotations

import logging
import time
from typing import Any

logger = logging.getLogger(__name__)

# RFC 6455 §7.4.1: there was no close frame.
_ABNORMAL = 1006


class ConnectionLog(logging.LoggerAdapter[logging.Logger]):
    """Logs for the connection of `user`, and counts what it does; `code` is that of its close frame."""

    extra: dict[str, Any]

    def __init__(self, *, user: int, request_id: str | None) -> None:
        super().__init__(logger, {"user": user, "request_id": request_id})
        self._since = time.monotonic()
        self.frames_in = 0
        self.commands = 0
        self.code = _ABNORMAL

    def begin(self, connection: str) -> None:
        """Name the connection in every line from now on."""
        self.extra["connection"] = connection

    def tell_end(self, *, frames_out: int) -> None:
        """Write the one line of a connection that has ended."""
        did = {
            "seconds": round(time.monotonic() - self._since, 3),
            "frames_in": self.frames_in,
            "frames_out": frames_out,
            "commands": self.commands,
            "code": self.code,
        }
        self.logger.info("A connection has ended.", extra=self.extra | did)
