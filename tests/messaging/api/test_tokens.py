"""Signing in, staying signed in and signing out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from messaging.access import verify_access
from tests.messaging.api.conftest import PASSWORD, Caller, Person
from tests.messaging.world import in_threads


def refresh(caller: Caller, token: str) -> Any:
    """Spend a refresh token that is good."""
    return caller.post("token/refresh/", {"refresh": token}, status=200)


def refused(caller: Caller, token: str) -> str:
    """Spend a refresh token that is not; return the code."""
    status, code = caller.refused("POST", "token/refresh/", {"refresh": token})
    assert status == 401
    return code


def age(seconds: float) -> None:
    """Let all rotations be so much longer ago."""
    for spent in BlacklistedToken.objects.all():
        BlacklistedToken.objects.filter(pk=spent.pk).update(
            blacklisted_at=spent.blacklisted_at - timedelta(seconds=seconds)
        )


def test_a_name_and_its_password_get_tokens(anybody: Caller, ada: Person) -> None:
    """The access token is the user's, and the answer is kept by no cache."""
    answer = anybody.post("token/", {"username": "ada", "password": PASSWORD}, status=200)
    assert verify_access(answer["access"]).user == ada.id
    assert answer.keys() == {"access", "refresh"}
    assert anybody.headers["Cache-Control"] == "no-store"


def test_a_name_gets_tokens_however_its_letters_were_typed(anybody: Caller, ada: Person) -> None:
    """The full-width letters of a Japanese keyboard are stored as plain ones."""
    anybody.post("token/", {"username": "ａｄａ", "password": PASSWORD}, status=200)


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_name_and_a_wrong_password_are_the_same_refusal(
    anybody: Caller, ada: Person, name: str, password: str
) -> None:
    """Nobody learns who has an account."""
    body = {"username": name, "password": password}
    assert anybody.refused("POST", "token/", body) == (401, "credentials_invalid")


def test_an_inactive_user_gets_no_token(anybody: Caller, ada: Person) -> None:
    """Neither for the password nor for the refresh token, and the access token is void."""
    ada.user.is_active = False
    ada.user.save()
    assert anybody.refused("POST", "token/", {"username": "ada", "password": PASSWORD})[0] == 401
    assert refused(anybody, ada.tokens.refresh) == "token_invalid"
    assert ada.refused("GET", "users/me/") == (401, "token_invalid")


@pytest.mark.parametrize("name", [None, 5, ["ada"], "ada\x00", "\ud800", {}])
@pytest.mark.django_db
def test_a_name_that_is_no_text_is_a_bad_frame(anybody: Caller, name: object) -> None:
    """Nothing is coerced, and nothing reaches the database that it would choke on."""
    assert anybody.refused_field("POST", "token/", {"username": name, "password": "x"}) == "username"
    assert anybody.refused_field("POST", "token/", {"username": "ada", "password": name}) == "password"
    assert anybody.refused_field("POST", "token/refresh/", {"refresh": name}) == "refresh"


def test_a_refresh_token_is_rotated(anybody: Caller, ada: Person) -> None:
    """Each refresh gives an access token and the next refresh token."""
    first = refresh(anybody, ada.tokens.refresh)
    second = refresh(anybody, first["refresh"])
    assert len({ada.tokens.refresh, first["refresh"], second["refresh"]}) == 3
    assert verify_access(second["access"]).user == ada.id


def test_a_refresh_token_used_again_soon_gets_the_very_same_successor(anybody: Caller, ada: Person) -> None:
    """An answer that was lost on a train is told once more, with an access token of its own."""
    first = refresh(anybody, ada.tokens.refresh)
    again = refresh(anybody, ada.tokens.refresh)
    assert again["refresh"] == first["refresh"]
    assert again["access"] != first["access"]
    assert refresh(anybody, first["refresh"])["refresh"] != first["refresh"]
    assert refresh(anybody, ada.tokens.refresh)["refresh"] == first["refresh"]


def test_refreshes_at_the_same_moment_get_the_same_successor(anybody: Caller, ada: Person) -> None:
    """Two tabs cannot both win: there is one successor, and it is good."""
    successors = set(in_threads(8, lambda _: refresh(Caller(), ada.tokens.refresh)["refresh"]))
    assert len(successors) == 1
    assert OutstandingToken.objects.count() == 2
    refresh(anybody, successors.pop())


def test_a_refresh_token_used_again_late_signs_its_user_out(anybody: Caller, ada: Person) -> None:
    """Somebody has a copy: every token of the user is void, and its owner signs in again."""
    first = refresh(anybody, ada.tokens.refresh)
    age(settings.ONESOCKET["LIMITS"]["refresh_grace_seconds"] + 1)
    assert refused(anybody, ada.tokens.refresh) == "token_invalid"
    assert refused(anybody, first["refresh"]) == "token_invalid"
    assert ada.refused("GET", "users/me/") == (401, "token_invalid")
    anybody.post("token/", {"username": "ada", "password": PASSWORD}, status=200)


def test_an_old_copy_signs_a_user_out_only_once(anybody: Caller, ada: Person) -> None:
    """After the sign-out the copy is void like every other token, and cannot do it again."""
    refresh(anybody, ada.tokens.refresh)
    age(3600)
    assert refused(anybody, ada.tokens.refresh) == "token_invalid"
    new = anybody.post("token/", {"username": "ada", "password": PASSWORD}, status=200)
    assert refused(anybody, ada.tokens.refresh) == "token_invalid"
    refresh(anybody, new["refresh"])


def test_an_expired_refresh_token_is_told_from_an_invalid_one(anybody: Caller, ada: Person) -> None:
    """Both are final, but only one is nobody's fault."""
    token = RefreshToken(ada.tokens.refresh)  # type: ignore[arg-type]  # its annotation is wrong
    token.set_exp(from_time=timezone.now() - timedelta(days=100), lifetime=timedelta(days=1))
    assert refused(anybody, str(token)) == "token_expired"
    assert refused(anybody, ada.tokens.refresh + "x") == "token_invalid"
    assert refused(anybody, ada.tokens.access) == "token_invalid"


def test_a_refresh_token_is_no_access_token(ada: Person) -> None:
    """It lives long, so it opens nothing but the next."""
    stranger = Caller(HTTP_AUTHORIZATION=f"Bearer {ada.tokens.refresh}")
    assert stranger.refused("GET", "users/me/") == (401, "token_invalid")


def test_logging_out_makes_one_refresh_token_void(anybody: Caller, ada: Person) -> None:
    """The other devices stay signed in, and this one's access token lives out its minutes."""
    other = anybody.post("token/", {"username": "ada", "password": PASSWORD}, status=200)
    for _ in range(2):
        ada.post("users/logout/", {"refresh": ada.tokens.refresh}, status=204)
    assert refused(anybody, ada.tokens.refresh) == "token_invalid"
    refresh(anybody, other["refresh"])
    ada.get("users/me/")


def test_logging_out_with_a_spent_token_ends_what_became_of_it(anybody: Caller, ada: Person) -> None:
    """The answer with the successor may be the one that was lost; nothing of that sign-in is good any more."""
    first = refresh(anybody, ada.tokens.refresh)
    second = refresh(anybody, first["refresh"])
    ada.post("users/logout/", {"refresh": ada.tokens.refresh}, status=204)
    for token in (second["refresh"], first["refresh"], ada.tokens.refresh):
        assert refused(anybody, token) == "token_invalid"
    ada.get("users/me/")


def test_logging_out_everywhere_makes_every_token_void(anybody: Caller, ada: Person) -> None:
    """Access tokens too."""
    ada.post("users/logout/", {"all": True}, status=204)
    assert ada.refused("GET", "users/me/") == (401, "token_invalid")
    assert refused(anybody, ada.tokens.refresh) == "token_invalid"


def test_logging_out_needs_a_refresh_token_of_ones_own(ada: Person, bob: Person) -> None:
    """Nobody ends the sign-in of somebody else."""
    for refresh_token in (bob.tokens.refresh, ada.tokens.access, "x", "", None, 5):
        assert ada.refused_field("POST", "users/logout/", {"refresh": refresh_token}) == "refresh"
    assert ada.refused_field("POST", "users/logout/", {}) == "refresh"
    assert ada.refused_field("POST", "users/logout/", {"all": "yes"}) == "all"
    refresh(Caller(), bob.tokens.refresh)


def test_a_new_password_signs_out_everywhere(anybody: Caller, ada: Person) -> None:
    """The old password and every token are void; the new password is good."""
    ada.post("users/password/", {"old": PASSWORD, "new": "a much longer way"}, status=204)
    assert ada.refused("GET", "users/me/") == (401, "token_invalid")
    assert refused(anybody, ada.tokens.refresh) == "token_invalid"
    assert anybody.refused("POST", "token/", {"username": "ada", "password": PASSWORD})[0] == 401
    anybody.post("token/", {"username": "ada", "password": "a much longer way"}, status=200)


def test_a_new_password_needs_the_old_one_and_must_be_good(ada: Person) -> None:
    """A wrong old password is not a wrong token: nobody is to renew it because of that."""
    body = {"old": "wrong", "new": "a much longer way"}
    assert ada.refused("POST", "users/password/", body) == (401, "credentials_invalid")
    assert ada.refused_field("POST", "users/password/", {"old": PASSWORD, "new": "password"}) == "new"
    assert ada.refused_field("POST", "users/password/", {"old": PASSWORD}) == "new"


def test_a_token_of_a_deleted_user_is_void(
    anybody: Caller, person: Callable[[str], Person], django_assert_num_queries: Any
) -> None:
    """And whether a token is still good costs one query."""
    gone = person("gone")
    with django_assert_num_queries(1):
        gone.get("users/me/")
    gone.user.delete()
    assert gone.refused("GET", "users/me/") == (401, "token_invalid")
    assert refused(anybody, gone.tokens.refresh) == "token_invalid"
