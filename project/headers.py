"""What a browser may do with our answers: nothing at all with JSON, and in the admin what its own files do.

A page with a policy of its own keeps it. Static files have none: a worker would be held to the policy of its script.
"""

from collections.abc import Awaitable, Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_OF_DATA = "default-src 'none'; frame-ancestors 'none'"
_OF_ADMIN = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


@async_only_middleware
def set_policies(get_response: GetResponse) -> GetResponse:
    """Set the policies of the admin and of data."""

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        if request.path_info.startswith(settings.ADMIN_PATH):
            response.headers["Content-Security-Policy"] = _OF_ADMIN
            # Without any referrer a browser calls the origin of a form "null", and Django takes that for a forgery.
            response.headers["Referrer-Policy"] = "same-origin"
        elif response.headers.get("Content-Type", "").startswith("application/json"):
            response.headers.setdefault("Content-Security-Policy", _OF_DATA)
        return response

    return middleware
