"""Pages of other origins at our API: only where CORS_ALLOWED_ORIGINS names them, and never with cookies.

A page that is let in brings its token in a header. The refresh cookie stays with pages of our own origin.
"""

from collections.abc import Awaitable, Callable

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.decorators import async_only_middleware

GetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Max-Age": "600",
}


@async_only_middleware
def allow_origins(get_response: GetResponse) -> GetResponse:
    """Let the scripts of the origins that are named read what the API answers; without any there is nothing to do."""
    if not settings.CORS_ALLOWED_ORIGINS:
        raise MiddlewareNotUsed

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith("/api/"):
            return await get_response(request)
        origin = request.headers.get("Origin", "")
        is_allowed = origin in settings.CORS_ALLOWED_ORIGINS
        is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if is_allowed and is_preflight:
            response: HttpResponseBase = HttpResponse(status=204, headers=_PREFLIGHT)
        else:
            response = await get_response(request)
        if is_allowed:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = "Retry-After"
        # Also where it is not allowed: a cache must not give this answer to a page that is.
        patch_vary_headers(response, ["Origin"])
        return response

    return middleware
