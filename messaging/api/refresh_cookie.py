"""The refresh token of a page: in a cookie that no script can read, sent to one address, and heeded with a header only.

The header says that a script of our own origin asks: a form cannot send it, and a script of another origin only after a
preflight request, to which nobody says yes. Apps have no need of any of this: they keep the token and send it in the body.
"""

from __future__ import annotations

from urllib.parse import urljoin

from django.conf import settings
from django.http.request import split_domain_port
from rest_framework.request import Request
from rest_framework.response import Response

from messaging.access import refresh_lifetime
from messaging.conf import get_settings

_NAME = "onesocket_refresh"
_HEADER = "X-Requested-With"
# By these names a computer calls itself; there TLS is seldom, and nobody listens on the way.
_OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")


def is_wanted(request: Request) -> bool:
    """Tell whether the caller is a page, which wants the cookie."""
    return bool(request.headers.get(_HEADER))


def read_cookie(request: Request) -> str:
    """Return the refresh token that came in the cookie, empty without one."""
    return str(request.COOKIES.get(_NAME, ""))


def set_cookie(response: Response, request: Request, token: str, *, to: str) -> Response:
    """Give the page its refresh token; `to` is the address of the refresh, seen from that of the request."""
    response.set_cookie(
        _NAME,
        token,
        max_age=refresh_lifetime(),
        path=urljoin(request.path, to),
        secure=_is_secure(request),
        httponly=True,
        samesite="Strict",
    )
    return response


def clear_cookie(response: Response, request: Request, *, to: str) -> Response:
    """Take the cookie back; `to` is as for setting it."""
    response.delete_cookie(_NAME, path=urljoin(request.path, to), samesite="Strict")
    return response


def _is_secure(request: Request) -> bool:
    wanted = get_settings().refresh_cookie_secure
    if wanted is not None:
        return wanted
    # A proxy that ends TLS may not tell us so: then it is safe to say that only TLS will do.
    name, _ = split_domain_port(request.get_host())
    return request.is_secure() or not (settings.DEBUG or name in _OWN_NAMES)
