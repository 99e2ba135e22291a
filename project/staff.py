"""Django's middleware for people with a session, at the addresses of the admin only.

A request of anybody else needs none of it. Forms of other sites are refused by the views of the admin themselves; there are
no other forms.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest


class _AtAdmin:
    """Pass on what goes elsewhere."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(settings.ADMIN_PATH):
            return super().__call__(request)  # type: ignore[misc]  # of the middleware beside it
        return self.get_response(request)


class Sessions(_AtAdmin, SessionMiddleware):
    """The session of somebody of the staff."""


class Authentication(_AtAdmin, AuthenticationMiddleware):
    """Whose session it is."""


class Messages(_AtAdmin, MessageMiddleware):
    """What the next page tells."""
