"""Who an access token speaks for, and the refresh tokens behind it: all use of simplejwt is in this file.

An access token is read statelessly; the claim and `find_user` ask the database whether it is still good, by the user's
token version (`tv`). A refresh token is good for one use. Its successor is derived from it, so that two refreshes at
the same time, or one whose answer was lost, get the very same; the database keeps no token, only ids and moments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.models import TokenUser
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token
from rest_framework_simplejwt.utils import datetime_from_epoch

from messaging.conf import get_limits
from messaging.errors import TokenExpired, TokenInvalid
from messaging.models import Account
from messaging.protocol.frames import MAX_INTEGER

_VERSION_CLAIM = "tv"


@dataclass(frozen=True, slots=True)
class Access:
    """What a good access token says; `expires_at` is in seconds since the epoch."""

    user: int
    token_version: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a sign-in and each refresh answer."""

    access: str
    refresh: str


class TokenReused(TokenInvalid):
    """A refresh token that was spent long ago: somebody has a copy of it."""

    def __init__(self, user: int) -> None:
        super().__init__()
        self.user = user


class _RefreshToken(RefreshToken):
    """A refresh token whose use is looked up here, under a lock, and not while it is decoded."""

    def check_blacklist(self) -> None:
        """Leave it to `rotate`."""


def verify_access(raw: str) -> Access:
    """Return what an access token says, without a query; raises TokenExpired, TokenInvalid."""
    return _read(AccessToken, raw)[1]


def find_user(access: Access) -> Any:
    """Return the active user of this token version, its account loaded with it; raises TokenInvalid."""
    user = get_user_model().objects.select_related("account").filter(pk=access.user, is_active=True).first()
    account = getattr(user, "account", None)
    if user is None or (account.token_version if account else 0) != access.token_version:
        raise TokenInvalid
    return user


def issue_tokens(user: int) -> Tokens:
    """Return the first tokens of a new sign-in."""
    token = _RefreshToken()
    token[api_settings.USER_ID_CLAIM] = str(user)
    token[_VERSION_CLAIM] = Account.objects.filter(pk=user).values_list("token_version", flat=True).first() or 0
    _remember(token, user)
    return Tokens(str(token.access_token), str(token))


def rotate(raw: str) -> Tokens:
    """Return the tokens after a refresh token; raises TokenExpired, TokenInvalid, TokenReused.

    Used again within the grace it gets the same successor: an answer was lost.
    """
    token, access = _read(_RefreshToken, raw)
    find_user(access)
    with transaction.atomic():
        successor = _spend(token, access.user)
    return Tokens(str(successor.access_token), str(successor))


def refresh_lifetime() -> timedelta:
    """Return how long a refresh token is good."""
    lifetime: timedelta = api_settings.REFRESH_TOKEN_LIFETIME
    return lifetime


def revoke(raw: str, *, user: int | None = None) -> None:
    """Make one refresh token void, or what became of it by rotation; raises TokenInvalid, also where not of `user`.

    One that is void already, by its age or an earlier call, is left as it is.
    """
    try:
        token, access = _read(_RefreshToken, raw)
    except TokenExpired:
        return
    if user not in (None, access.user):
        raise TokenInvalid
    with transaction.atomic():
        last = _find_last(token)
        if last is not None:
            BlacklistedToken.objects.create(token_id=last)


def _read(kind: type[Token], raw: str) -> tuple[Any, Access]:
    try:
        token = kind(raw)  # type: ignore[arg-type]  # its annotation is wrong
        version = token.get(_VERSION_CLAIM, 0)
        access = Access(int(TokenUser(token).id), version, int(token["exp"]))
    except ExpiredTokenError:
        raise TokenExpired from None
    # The header of a token is parsed before its signature is checked: deep nesting and lone surrogates come through.
    except (TokenError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise TokenInvalid from None
    if type(version) is not int or not 0 <= access.user <= MAX_INTEGER:
        raise TokenInvalid
    return token, access


def _spend(token: RefreshToken, user: int) -> RefreshToken:
    """Return the successor of `token`; raises TokenInvalid, TokenReused."""
    row, spent_at = _lock(token)
    if row is None:
        raise TokenInvalid
    if spent_at is None:
        spent_at = BlacklistedToken.objects.create(token_id=row).blacklisted_at
        successor = _derive_successor(token, spent_at)
        _remember(successor, user)
        return successor
    successor = _derive_successor(token, spent_at)
    if _lock(successor)[0] is None:  # signed out by its owner, not rotated
        raise TokenInvalid
    if timezone.now() - spent_at > timedelta(seconds=get_limits().refresh_grace_seconds):
        raise TokenReused(user)
    if _find_last(successor) is None:
        raise TokenInvalid
    return successor


def _find_last(token: RefreshToken) -> int | None:
    """Follow the rotations of `token` to the one that is good now; None where that was revoked."""
    row, spent_at = _lock(token)
    while row is not None and spent_at is not None:
        token = _derive_successor(token, spent_at)
        row, spent_at = _lock(token)
    return row


def _lock(token: RefreshToken) -> tuple[int | None, datetime | None]:
    """Lock the row of `token`; return its key and when it was spent. Chains are locked from old to new."""
    rows = OutstandingToken.objects.select_for_update().filter(jti=token[api_settings.JTI_CLAIM])
    row = rows.values_list("pk", flat=True).first()
    if row is None:
        return None, None
    # A statement of its own: joined to the one that waited for the lock it would show the state before the wait.
    return row, BlacklistedToken.objects.filter(token=row).values_list("blacklisted_at", flat=True).first()


def _derive_successor(token: RefreshToken, spent_at: datetime) -> RefreshToken:
    successor = _RefreshToken()
    key = salted_hmac("messaging.access", token[api_settings.JTI_CLAIM], api_settings.SIGNING_KEY, algorithm="sha256")
    successor[api_settings.JTI_CLAIM] = key.hexdigest()[:32]
    successor.set_iat(at_time=spent_at)
    successor.set_exp(from_time=spent_at)
    for claim in (api_settings.USER_ID_CLAIM, _VERSION_CLAIM):
        successor[claim] = token.get(claim, 0)
    return successor


def _remember(token: RefreshToken, user: int) -> None:
    OutstandingToken.objects.create(
        user_id=user,
        jti=token[api_settings.JTI_CLAIM],
        created_at=datetime_from_epoch(token["iat"]),
        expires_at=datetime_from_epoch(token["exp"]),
    )
