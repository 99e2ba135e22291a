"""A connection to PostgreSQL that waits for no answer for ever.

TCP tells of a host that is gone, and the server itself ends a statement that is slow. Neither tells of a server that hangs,
or of a proxy before it that does, while its kernel takes whatever it is sent.
"""

from __future__ import annotations

from typing import Any

from psycopg import Connection, OperationalError
from psycopg.abc import RV, PQGen
from psycopg.errors import _WaitTimeout


def bounded(seconds: float) -> type[Connection[Any]]:
    """Return the class of connections that wait so long for an answer, and are then closed: OperationalError."""

    class BoundedConnection(Connection[Any]):
        def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
            try:
                return super().wait(gen, interval, seconds if timeout is None else timeout)
            except _WaitTimeout as error:
                # The answer may come yet, to be taken for that of another statement; and a rollback would wait as long.
                self.pgconn.finish()
                raise OperationalError(f"no answer within {seconds:g} seconds") from error

    return BoundedConnection
