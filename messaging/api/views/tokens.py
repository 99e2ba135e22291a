"""Signing in, and staying signed in."""

from __future__ import annotations

from contextlib import suppress

from django.contrib.auth import authenticate, get_user_model
from rest_framework.request import Request
from rest_framework.response import Response

from messaging import accounts
from messaging.access import issue_tokens, revoke
from messaging.api.answers import AccessShown, TokenPair
from messaging.api.bodies import Credentials, Refresh, read_body
from messaging.api.calls import PAGE, call
from messaging.api.refresh_cookie import clear_cookie, is_wanted, read_cookie, set_cookie
from messaging.api.serializers import show_access, show_tokens
from messaging.api.throttles import network_of
from messaging.api.views.base import PublicView
from messaging.errors import CredentialsInvalid, Forbidden, TokenExpired, TokenInvalid
from messaging.logins import Try


class TokenView(PublicView):
    """`POST /api/token/`: tokens for a name and a password."""

    throttle_scope = "token"

    @call("login", {200: (TokenPair, AccessShown)}, body=Credentials, errors=(CredentialsInvalid,), parameters=(PAGE,))
    def post(self, request: Request) -> Response:
        """Sign in; an unknown name takes as long as a wrong password."""
        body = read_body(request, Credentials)
        attempt = Try(body.username, network_of(request))
        attempt.begin()
        # As it was stored at registration: a keyboard has several ways to write a letter.
        name = get_user_model().normalize_username(body.username)
        user = authenticate(request._request, username=name, password=body.password)
        if user is None or not user.is_active:
            raise CredentialsInvalid
        attempt.succeed()
        tokens = issue_tokens(user.pk)
        if is_wanted(request):
            return set_cookie(Response(show_access(tokens)), request, tokens.refresh, to="refresh/")
        return Response(show_tokens(tokens))


class RefreshView(PublicView):
    """`/api/token/refresh/`: the refresh token of the body or of the cookie."""

    @call(
        "refresh",
        {200: (TokenPair, AccessShown)},
        body=Refresh,
        errors=(TokenInvalid, TokenExpired),
        parameters=(PAGE,),
    )
    def post(self, request: Request) -> Response:
        """Spend the refresh token and answer as it came; one in the body goes first."""
        if not is_wanted(request) or (isinstance(request.data, dict) and "refresh" in request.data):
            return Response(show_tokens(accounts.refresh_tokens(read_body(request, Refresh).refresh)))
        tokens = accounts.refresh_tokens(read_cookie(request))
        return set_cookie(Response(show_access(tokens)), request, tokens.refresh, to="")

    @call("logout_page", {204: ()}, errors=(Forbidden,), parameters=(PAGE,))
    def delete(self, request: Request) -> Response:
        """Make the refresh token of the cookie void, and take the cookie back."""
        if not is_wanted(request):
            raise Forbidden("The header X-Requested-With is missing.")
        # One that is good for nothing has nothing to make void.
        with suppress(TokenInvalid):
            revoke(read_cookie(request))
        return clear_cookie(Response(status=204), request, to="")
