"""From exceptions to answers: whatever goes wrong over HTTP is `{"error": …}` with a code of the protocol.

What we did not foresee is `internal`: the traceback goes to the log, the client learns nothing of it.
"""

from __future__ import annotations

import logging
import math
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response

from messaging import metrics
from messaging.conf import get_limits
from messaging.database import STORE_AWAY, drop_dead_connections
from messaging.errors import (
    BadFrame,
    BadJson,
    ChatError,
    Forbidden,
    Internal,
    MethodNotAllowed,
    NotFound,
    RateLimited,
    TokenInvalid,
    Unavailable,
)

logger = logging.getLogger(__name__)

# The first that fits: a class stands before those it derives from.
_REFUSALS: tuple[tuple[type[Exception], type[ChatError]], ...] = (
    (exceptions.NotAuthenticated, TokenInvalid),
    (exceptions.AuthenticationFailed, TokenInvalid),
    (exceptions.PermissionDenied, Forbidden),
    (PermissionDenied, Forbidden),
    (exceptions.NotFound, NotFound),
    (Http404, NotFound),
    (exceptions.MethodNotAllowed, MethodNotAllowed),
    (exceptions.ParseError, BadJson),
    (exceptions.UnsupportedMediaType, BadJson),
    (exceptions.NotAcceptable, BadFrame),
    (SuspiciousOperation, BadFrame),
)


def handle_exception(error: Exception, _context: dict[str, Any]) -> Response:
    """Answer an exception of a view, as REST framework's EXCEPTION_HANDLER."""
    refusal = _as_chat_error(error)
    return Response(_as_body(refusal), status=refusal.code.status, headers=_headers(refusal))


@csrf_exempt
def page_not_found(_request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer an address that nothing stands at, as Django's `handler404` and as a view."""
    return _answer(NotFound())


def server_error(_request: HttpRequest) -> JsonResponse:
    """Answer what went wrong outside of the API's views, as Django's `handler500`."""
    return _answer(Internal())


def given_up() -> JsonResponse:
    """Answer a request that the server gives up, because it ends."""
    return _answer(
        Unavailable(
            "This server ends before the outcome is known; ask again.", retry_after=get_limits().drain_retry_seconds
        )
    )


def bad_request(_request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """Answer a request that Django itself refused, as Django's `handler400`."""
    return _answer(BadFrame("This request is not valid."))


def _answer(refusal: ChatError) -> JsonResponse:
    return JsonResponse(_as_body(refusal), status=refusal.code.status, headers=_headers(refusal))


def _as_body(refusal: ChatError) -> dict[str, Any]:
    metrics.HTTP_ERRORS.labels(refusal.code.value).inc()
    return {"error": refusal.as_body()}


def _headers(refusal: ChatError) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if refusal.code.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after)))
    return headers


def _as_chat_error(error: Exception) -> ChatError:
    if isinstance(error, ChatError):
        return error
    if isinstance(error, STORE_AWAY):
        drop_dead_connections(error)
        logger.warning("The store did not answer a request.", exc_info=error)
        return Unavailable(retry_after=get_limits().drain_retry_seconds)
    if isinstance(error, exceptions.Throttled):
        return RateLimited("Too many requests; wait a little.", retry_after=getattr(error, "wait", None))
    if isinstance(error, exceptions.ValidationError):
        detail = error.detail
        return BadFrame(field=next(iter(detail), None) if isinstance(detail, dict) else None)
    for kind, refusal in _REFUSALS:
        if isinstance(error, kind):
            return refusal()
    logger.error("A request failed.", exc_info=error)
    return Internal()
