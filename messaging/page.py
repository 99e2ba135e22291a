"""The demo page: one document whose script speaks the protocol. It knows no user until somebody logs in."""

from __future__ import annotations

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from messaging.conf import get_settings
from messaging.demo import list_logins

# `connect-src 'self'` covers the WebSocket of the same origin too (CSP level 3).
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        # No text ever becomes markup or script: the browser sees to it that none can.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

_SHEETS = ("base", "controls", "login", "frame", "chats", "chat", "messages", "tools", "composer", "dialogs", "wire")
_STATIC = Path(__file__).parent / "static"


def _list_modules() -> list[str]:
    """Return what the page imports, at any depth: all of it is in these places, and nothing else is."""
    root = _STATIC / "messaging"
    found = [root / "chat-client.js", *root.glob("chat-client/*.js"), *root.glob("page/*.js")]
    return sorted(path.relative_to(_STATIC).as_posix() for path in found)


# Told to the browser in advance, which else learns of a module only when the one that imports it has come.
_MODULES = _list_modules()


# Nothing of the request and no secret is in it, so that its length tells nothing.
@gzip_page
@require_safe
def show_page(request: HttpRequest) -> HttpResponse:
    """Show the page, with the demo's logins where there are any."""
    context = {
        "demo_users": list_logins() if get_settings().demo_logins else [],
        "open_registration": get_settings().open_registration,
        "sheets": [f"messaging/css/{name}.css" for name in _SHEETS],
        "modules": _MODULES,
    }
    page = render(request, "messaging/page.html", context)
    page["Content-Security-Policy"] = _POLICY
    return page
