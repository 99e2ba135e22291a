"""Signing in, and staying signed in."""

from __future__ import annotations

from django.contrib.auth import authenticate
from rest_framework.request import Request
from rest_framework.response import Response

from messaging import accounts
from messaging.access import issue_tokens
from messaging.api.bodies import Credentials, Refresh, read_body
from messaging.api.serializers import show_tokens
from messaging.api.throttles import network_of
from messaging.api.views.base import PublicView
from messaging.errors import CredentialsInvalid
from messaging.logins import Try


class TokenView(PublicView):
    """`POST /api/token/`: tokens for a name and a password."""

    throttle_scope = "token"

    def post(self, request: Request) -> Response:
        """Sign in; an unknown name takes as long as a wrong password."""
        body = read_body(request, Credentials)
        attempt = Try(body.username, network_of(request))
        attempt.begin()
        user = authenticate(request._request, username=body.username, password=body.password)
        if user is None or not user.is_active:
            raise CredentialsInvalid
        attempt.succeed()
        return Response(show_tokens(issue_tokens(user.pk)))


class RefreshView(PublicView):
    """`POST /api/token/refresh/`: the next tokens for a refresh token."""

    def post(self, request: Request) -> Response:
        """Spend the refresh token."""
        return Response(show_tokens(accounts.refresh_tokens(read_body(request, Refresh).refresh)))
