"""The API described for programs, and a page on which people try it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from messaging.api.schema import describe_api

# Its pictures are in its style sheet.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


@require_safe
def show_schema(_request: HttpRequest) -> JsonResponse:
    """Answer the OpenAPI document."""
    return JsonResponse(describe_api(), json_dumps_params={"ensure_ascii": False})


@require_safe
def show_docs(request: HttpRequest) -> HttpResponse:
    """Show the page, whose script reads the document; everything on it comes from this server."""
    page = render(request, "messaging/api.html")
    page["Content-Security-Policy"] = _POLICY
    return page
