"""Signing in, and staying signed in."""

from __future__ import annotations

from django.contrib.auth import authenticate
from rest_framework.request import Request
from rest_framework.response import Response

from messaging import accounts
from messaging.access import issue_tokens
from messaging.api.answers import TokenPair
from messaging.api.bodies import Credentials, Refresh, read_body
from messaging.api.calls import call
from messaging.api.serializers import show_tokens
from messaging.api.views.base import PublicView
from messaging.errors import CredentialsInvalid, TokenExpired, TokenInvalid


class TokenView(PublicView):
    """`POST /api/token/`: tokens for a name and a password."""

    throttle_scope = "token"

    @call("login", {200: (TokenPair,)}, body=Credentials, errors=(CredentialsInvalid,))
    def post(self, request: Request) -> Response:
        """Sign in; an unknown name takes as long as a wrong password."""
        body = read_body(request, Credentials)
        user = authenticate(request._request, username=body.username, password=body.password)
        if user is None or not user.is_active:
            raise CredentialsInvalid
        return Response(show_tokens(issue_tokens(user.pk)))


class RefreshView(PublicView):
    """`POST /api/token/refresh/`: the next tokens for a refresh token."""

    @call("refresh", {200: (TokenPair,)}, body=Refresh, errors=(TokenInvalid, TokenExpired))
    def post(self, request: Request) -> Response:
        """Spend the refresh token."""
        return Response(show_tokens(accounts.refresh_tokens(read_body(request, Refresh).refresh)))
