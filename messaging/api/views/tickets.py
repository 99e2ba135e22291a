"""The ticket: the step before the WebSocket, where the person can still be told why not."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Annotated

from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.api.answers import WsTicket
from messaging.api.authentication import TicketAuthentication
from messaging.api.bodies import bad_field
from messaging.api.calls import SWITCH, Parameter, call
from messaging.api.views.base import ApiView
from messaging.conf import get_limits, get_settings
from messaging.connections.claims import Applicant
from messaging.errors import AlreadyConnected, Unavailable
from messaging.protocol.codes import PROTOCOL_NAME
from messaging.runtime import get_runtime
from messaging.tickets import leave_ticket

logger = logging.getLogger(__name__)

_DEVICE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PARAMETERS = (
    Parameter("device", Annotated[str, Meta(pattern=f"^{_DEVICE.pattern}$")], "The installation, made up once by it."),
    Parameter("take", SWITCH, "Whether to replace a connection from another device."),
)


class TicketView(ApiView):
    """`GET /api/ws-ticket/?device=<id>&take=1`: the right to one attempt at opening a socket."""

    authentication_classes = [TicketAuthentication]
    throttle_scope = "ticket"

    @call("ticket", {200: (WsTicket,)}, parameters=_PARAMETERS, errors=(AlreadyConnected,))
    def get(self, request: Request) -> Response:
        """Leave a ticket for this device, unless the user is connected from another."""
        device, take = _read_device(request), _read_take(request)
        _check_capacity()
        refuses = get_settings().connection_policy == "refuse" and not take
        applicant: Applicant = request.user  # type: ignore[assignment]  # as the authentication found it
        if refuses and applicant.connected_from not in (None, device):
            raise AlreadyConnected
        _leave(applicant, device=device, take=take)
        ticket: WsTicket = {
            "expires_in": get_limits().ticket_seconds,
            "protocol": PROTOCOL_NAME,
            "path": f"/ws/?device={device}",
            "chats": applicant.chats,
        }
        return Response(ticket)


def _read_device(request: Request) -> str:
    device = request.query_params.get("device")
    if device is None:
        return secrets.token_urlsafe(16)
    if not _DEVICE.fullmatch(device):
        raise bad_field("device")
    return device


def _read_take(request: Request) -> bool:
    take = request.query_params.get("take", "0")
    if take not in ("0", "1"):
        raise bad_field("take")
    return take == "1"


def _check_capacity() -> None:
    runtime = get_runtime()
    if runtime is not None and runtime.is_full:
        raise Unavailable("This server takes no more connections.", retry_after=get_limits().drain_retry_seconds)


def _leave(applicant: Applicant, *, device: str, take: bool) -> None:
    try:
        leave_ticket(applicant.pk, device=device, take=take, chats=applicant.chats)
    except Exception:  # whatever the cache raises
        logger.warning("The cache did not take a ticket.", exc_info=True)
        retry_after = get_limits().drain_retry_seconds
        raise Unavailable("No ticket can be had now.", retry_after=retry_after) from None
