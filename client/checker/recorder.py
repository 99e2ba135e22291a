"""Writes down what one client sees: the tap of its sockets and the transport of its REST calls.

No header is written down, no token and no password: a history may be shown to anybody.
"""

from __future__ import annotations

import json
from typing import Any

import httpx

from client.checker.history import History
from client.frames import Frame

# Their bodies are made of passwords and tokens.
_SECRET_PATHS = ("/api/token/", "/api/users/")
_SECRET_FIELDS = frozenset({"token", "password", "access", "refresh"})


class Recorder:
    """Records one client; one that is restarted goes on with the same. Clients at the same time need one each."""

    def __init__(self, history: History, user: int, *, server: str | None = None) -> None:
        """Take the `server` that the sockets lead to, where that is known; it may be set anew between two sockets."""
        self.history = history
        self.user = user
        self.server = server
        # The number of the socket opened last.
        self.connection = 0

    def tap(self, kind: str, frame: Frame) -> None:
        """Take what a socket tells: the `tap` of Options and of Connection.open."""
        if kind == "opened":
            self.connection = self.history.next_connection(self.user)
            frame = frame | ({"server": self.server} if self.server else {})
        self.history.add(kind, user=self.user, connection=self.connection, frame=_public(frame))

    def stalled(self) -> None:
        """Say that the client stops reading."""
        self.history.add("stalled", user=self.user)

    def reading(self) -> None:
        """Say that the client reads again."""
        self.history.add("reading", user=self.user)

    def transport(self, inner: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncBaseTransport:
        """Return a transport for the `httpx.AsyncClient` of the client; `inner` carries the calls."""
        return _Transport(self, inner or httpx.AsyncHTTPTransport())


class _Transport(httpx.AsyncBaseTransport):
    def __init__(self, recorder: Recorder, inner: httpx.AsyncBaseTransport) -> None:
        self._history = recorder.history
        self._user = recorder.user
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = self._history.next_call()
        path = request.url.raw_path.decode()
        secret = request.url.path.startswith(_SECRET_PATHS)
        asked = {"method": request.method, "path": path, "json": None if secret else _json(await request.aread())}
        self._add("asked", call, asked)
        try:
            response = await self._inner.handle_async_request(request)
            body = await response.aread()
        except BaseException:  # a cancelled call has no answer either
            self._add("failed", call, {})
            raise
        self._add("answered", call, {"status": response.status_code, "body": None if secret else _json(body)})
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _add(self, kind: str, call: int, frame: Frame) -> None:
        self._history.add(kind, user=self._user, frame={"call": call, **frame})


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _public(frame: Frame) -> Frame:
    return {name: "…" if name in _SECRET_FIELDS else value for name, value in frame.items()}
