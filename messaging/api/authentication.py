"""Bearer access tokens for REST: read statelessly, then one query for the user, who must be active and of that version."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from messaging.access import Access, find_user, verify_access
from messaging.connections.claims import find_applicant


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access>`; sets `request.user` and, as `request.auth`, what the token says."""

    def authenticate(self, request: Request) -> tuple[Any, Access] | None:
        """Return the user; None without a bearer token. Raises TokenExpired, TokenInvalid."""
        scheme, _, raw = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        access = verify_access(raw.strip())
        return self.find(access), access

    def find(self, access: Access) -> Any:
        """Return the user of a token; raises TokenInvalid."""
        return find_user(access)

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme, which makes a missing token a 401."""
        return "Bearer"


class TicketAuthentication(TokenAuthentication):
    """The same for a ticket: with the user comes all that it depends on, in the same query."""

    def find(self, access: Access) -> Any:
        """Return the applicant of a token; raises TokenInvalid."""
        return find_applicant(access.user, token_version=access.token_version)
