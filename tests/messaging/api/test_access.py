"""Access tokens: what is believed, and what is not."""

from __future__ import annotations

import base64
import time
from typing import Any

import jwt
import pytest
from django.conf import settings
from rest_framework_simplejwt.tokens import AccessToken

from messaging.access import issue_tokens, verify_access
from messaging.errors import TokenExpired, TokenInvalid

KEY = settings.SIMPLE_JWT["SIGNING_KEY"]


def forge(key: Any = KEY, algorithm: str = "HS256", **change: Any) -> str:
    """Return a good access token with some claims changed; None takes a claim away."""
    # Some are made when the tests are collected, long before they are run.
    now = int(time.time())
    claims = {"token_type": "access", "exp": now + 86_400, "iat": now, "jti": "j", "user_id": "3", "tv": 0} | change
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm=algorithm)


def deeply_nested() -> str:
    """Return a token whose header is parsed, before its signature is looked at, into a very deep list."""
    header = base64.urlsafe_b64encode(b'{"alg":' + b"[" * 100_000).decode().rstrip("=")
    return f"{header}.e30.c2ln"


@pytest.mark.django_db
def test_a_token_says_whose_it_is_without_a_query(django_assert_num_queries: Any) -> None:
    """User, token version and end come out of the token alone."""
    end = int(time.time()) + 60
    with django_assert_num_queries(0):
        access = verify_access(forge(user_id="7", tv=2, exp=end))
    assert (access.user, access.token_version, access.expires_at) == (7, 2, end)


def test_a_token_that_does_not_name_a_version_is_of_version_zero() -> None:
    """simplejwt's own tokens are good until the first sign-out."""
    token = AccessToken()
    token["user_id"] = "7"
    assert verify_access(str(token)).token_version == 0


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "x",
        "a.b.c",
        "ä.ö.ü",
        "\ud800",
        "\x00",
        deeply_nested(),
        forge(key="another key that is long enough for HS256"),
        forge(key=None, algorithm="none"),
        forge(algorithm="HS512"),
        forge(token_type="refresh"),
        forge(token_type=None),
        forge(jti=None),
        forge(exp=None),
        forge(user_id=None),
        forge(user_id="ada"),
        forge(user_id=[3]),
        forge(user_id="-3"),
        forge(user_id=str(2**53)),
        forge(tv="0"),
        forge(tv=True),
        forge(tv=1.0),
        forge(iat=int(time.time()) + 3600),
    ],
)
def test_a_token_that_is_not_ours_is_invalid(raw: str) -> None:
    """Another key, no signature, another kind of token and nonsense are all the same refusal."""
    with pytest.raises(TokenInvalid):
        verify_access(raw)


def test_a_token_is_good_for_the_leeway_after_its_end() -> None:
    """Clocks differ by some seconds."""
    leeway = settings.SIMPLE_JWT["LEEWAY"]
    now = int(time.time())
    assert verify_access(forge(exp=int(now - leeway / 2) + 1)).user == 3
    with pytest.raises(TokenExpired):
        verify_access(forge(exp=int(now - leeway) - 1))


@pytest.mark.django_db
def test_the_database_keeps_no_token(django_user_model: Any) -> None:
    """Who reads the tables cannot sign in with what stands there."""
    from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

    issue_tokens(django_user_model.objects.create_user("ada").pk)
    assert OutstandingToken.objects.get().token == ""
