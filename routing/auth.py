"""The handshake before the consumer: not draining, Origin, access token, ticket, in that order (protocol §1).

Whatever is wrong, the answer is the same refusal: a handshake says nothing of what it was. The token is read statelessly;
the database is asked once, by the claim that the consumer takes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

from messaging import metrics
from messaging.access import Access, verify_access
from messaging.conf import get_settings
from messaging.errors import ChatError
from messaging.protocol.codes import PROTOCOL_NAME
from messaging.request_id import choose_request_id
from messaging.runtime import Seat, ensure_runtime
from messaging.tickets import Ticket, take_ticket

logger = logging.getLogger(__name__)

BEARER = "bearer."

_threads = ThreadPoolExecutor(4, thread_name_prefix="cache")

Scope = dict[str, Any]
Application = Callable[..., Awaitable[None]]


class RefusedHandshakeError(Exception):
    """The handshake is not let in; the word is for the metric and the log."""


class Handshake:
    """ASGI middleware: lets in who may claim; adds `access`, `ticket`, `subprotocol`, `seat`, `request_id` to the scope."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Check the handshake, then hand over to the consumer."""
        runtime = ensure_runtime()
        full = runtime.is_full
        request_id = choose_request_id(next(iter(_headers(scope, b"x-request-id")), None))
        with Seat(runtime) as seat:
            try:
                if full:
                    raise RefusedHandshakeError("draining" if runtime.draining else "full")
                admitted = await self._admit(scope)
            except RefusedHandshakeError as refused:
                metrics.HANDSHAKES.labels(str(refused)).inc()
                logger.info("Handshake refused: %s", refused, extra={"request_id": request_id})
                await send({"type": "websocket.close"})
                return
            await self._application(scope | admitted | {"seat": seat, "request_id": request_id}, receive, send)

    async def _admit(self, scope: Scope) -> Scope:
        _check_origin(scope)
        access, subprotocol = _read_token(scope)
        ticket = await _take_ticket(scope, access)
        return {"access": access, "ticket": ticket, "subprotocol": subprotocol}


def _headers(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _check_origin(scope: Scope) -> None:
    # A browser always sends one, so a page of another site cannot open a socket here; an app sends none.
    for origin in _headers(scope, b"origin"):
        if origin not in get_settings().ws_allowed_origins:
            raise RefusedHandshakeError("origin")


def _read_token(scope: Scope) -> tuple[Access, str | None]:
    """Return the access and the subprotocol to select; the token comes in exactly one place, never in the URL."""
    in_header = [value[7:] for value in _headers(scope, b"authorization") if value[:7].lower() == "bearer "]
    offered = scope.get("subprotocols", [])
    in_subprotocol = [value[len(BEARER) :] for value in offered if value.startswith(BEARER)]
    if in_subprotocol and PROTOCOL_NAME not in offered:
        raise RefusedHandshakeError("subprotocol")
    tokens = in_header + in_subprotocol
    if len(tokens) != 1 or _query(scope).keys() - {"device"}:
        raise RefusedHandshakeError("token")
    try:
        return verify_access(tokens[0]), PROTOCOL_NAME if PROTOCOL_NAME in offered else None
    except ChatError as error:
        raise RefusedHandshakeError(error.code.value) from None


async def _take_ticket(scope: Scope, access: Access) -> Ticket:
    devices = _query(scope).get("device", [])
    if len(devices) != 1:
        raise RefusedHandshakeError("device")
    try:
        # Threads of their own: a cache that hangs must not hold up the database's.
        ticket = await asyncio.get_running_loop().run_in_executor(_threads, take_ticket, access.user, devices[0])
    except Exception:
        logger.warning("The cache did not answer a handshake.", exc_info=True)
        raise RefusedHandshakeError("cache") from None
    if ticket is None:
        raise RefusedHandshakeError("ticket")
    return ticket


def _query(scope: Scope) -> dict[str, list[str]]:
    return parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
