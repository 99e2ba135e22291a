"""Passwords that are guessed: slower and slower, and never a lock on the owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache

from messaging.api.throttles import _hash_network
from messaging.errors import RateLimited
from messaging.logins import Try
from tests.messaging.api.conftest import PASSWORD, Caller, Person
from tests.messaging.world import in_threads

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"
SIGNED_IN, WRONG, WAIT = 200, 401, 429


@pytest.fixture(autouse=True)
def _waits(onesocket: Callable[..., None], transactional_db: None) -> None:
    """Hold up tries, which the tests are else without."""
    onesocket(LOGIN_WAITS=True)


def log_in(password: str, *, name: str = "ada", at: str = HOME) -> int:
    """Try a password from an address; return the status."""
    return Caller(REMOTE_ADDR=at).call("POST", "token/", {"username": name, "password": password})


def guess(times: int, **where: str) -> list[int]:
    """Try wrong passwords."""
    return [log_in("wrong", **where) for _ in range(times)]


def guess_from_everywhere(name: str = "ada") -> None:
    """Try until what all networks have free at the account is used up, each a few times."""
    for network in range(20):
        log_in("wrong", name=name, at=f"203.0.113.{network}")
    assert log_in("wrong", name=name, at="203.0.113.100") == WRONG  # the one of the first wait


def test_after_some_guesses_even_the_right_password_waits(ada: Person) -> None:
    assert guess(6) == [WRONG] * 6
    assert log_in(PASSWORD) == WAIT
    assert log_in(PASSWORD, at=ELSEWHERE) == SIGNED_IN


def test_the_waits_double_and_have_a_bound() -> None:
    told = []
    attempt = Try("ada", "there")
    for _ in range(20):
        attempt = Try("ada", "there")
        try:
            attempt.begin()
        except RateLimited as refused:
            told.append(refused.retry_after or 0)
            # The wait is over.
            cache.delete(f"{attempt._pair.key}.gate")
    assert [round(wait) for wait in told[:4]] == [1, 2, 4, 8]
    assert max(told) <= attempt._pair.most


def test_what_is_refused_does_not_make_the_wait_longer(ada: Person) -> None:
    guess(6)
    caller = Caller(REMOTE_ADDR=HOME)
    for _ in range(10):
        assert caller.refused("POST", "token/", {"username": "ada", "password": "x"}) == (429, "rate_limited")
        assert caller.body["error"]["retry_after"] <= 1


def test_racing_guesses_do_not_slip_through(ada: Person) -> None:
    answers = in_threads(20, lambda n: log_in(f"wrong {n}"))
    assert answers.count(WRONG) == 6
    assert answers.count(WAIT) == 14


def test_a_known_network_gets_in_whatever_is_tried_from_elsewhere(ada: Person) -> None:
    assert log_in(PASSWORD) == SIGNED_IN
    guess_from_everywhere()
    assert log_in(PASSWORD, at=ELSEWHERE) == WAIT
    assert log_in(PASSWORD) == SIGNED_IN


def test_many_networks_together_wait_at_one_account(ada: Person) -> None:
    guess_from_everywhere()
    assert {log_in("wrong", at=f"203.0.113.{network}") for network in range(110, 120)} == {WAIT}


def test_one_network_waits_at_many_accounts(ada: Person, bob: Person) -> None:
    assert {log_in("wrong", name=f"user{n}") for n in range(31)} == {WRONG}
    assert log_in(PASSWORD, name="bob") == WAIT
    assert log_in(PASSWORD, name="bob", at=ELSEWHERE) == SIGNED_IN


def test_those_of_one_network_sign_in_one_after_another_whatever_was_tried_there(ada: Person, bob: Person) -> None:
    for n in range(31):
        log_in("wrong", name=f"user{n}")
    cache.delete(f"{Try('ada', _hash_network(HOME))._network.key}.gate")  # the wait is over
    assert [log_in(PASSWORD, name=name) for name in ("ada", "bob")] == [SIGNED_IN] * 2
    assert log_in("wrong", name="one more") == WRONG
    assert log_in("wrong", name="and one") == WAIT


def test_a_known_network_does_not_wait_for_guesses_at_others(ada: Person) -> None:
    log_in(PASSWORD)
    for n in range(40):
        log_in("wrong", name=f"user{n}")
    assert log_in(PASSWORD) == SIGNED_IN


def test_signing_in_forgets_what_was_mistyped(ada: Person) -> None:
    for _ in range(3):
        assert guess(4) == [WRONG] * 4
        assert log_in(PASSWORD) == SIGNED_IN


def test_an_unknown_name_waits_like_a_known_one(ada: Person) -> None:
    known, unknown = guess(9), guess(9, name="nobody", at=ELSEWHERE)
    assert known == unknown == [WRONG] * 6 + [WAIT] * 3


def test_capitals_make_no_other_account(ada: Person) -> None:
    assert [log_in("wrong", name=name) for name in ("ada", "ADA", "Ada", "aDa", "adA", "ADa", "aDA")][-1] == WAIT


def test_the_old_password_is_guessed_no_faster(ada: Person) -> None:
    statuses = [ada.call("POST", "users/password/", {"old": "wrong", "new": "a much longer way"}) for _ in range(7)]
    assert statuses == [WRONG] * 6 + [WAIT]


def test_without_the_cache_nobody_waits(ada: Person, settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.messaging.api.test_logins.Away"}}
    assert guess(9) == [WRONG] * 9
    assert log_in(PASSWORD) == SIGNED_IN


class Away:
    """A cache that does not answer."""

    def __init__(self, *_args: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        if name == "close":
            return lambda **_options: None
        raise ConnectionError


class CountingHasher(MD5PasswordHasher):
    """Counts what takes the time of a login."""

    calls: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str) -> str:
        self.calls.append(password)
        return super().encode(password, salt)


@pytest.mark.parametrize("name", ["ada", "nobody", "gone"])
def test_a_refused_login_costs_one_hash_whoever_it_is(
    name: str, person: Callable[[str], Person], settings: Any
) -> None:
    """The hash is what takes time: without it for a name that is nobody's, a stopwatch would tell names."""
    settings.PASSWORD_HASHERS = ["tests.messaging.api.test_logins.CountingHasher"]
    person("ada")
    gone = person("gone").user
    gone.is_active = False
    gone.save()
    CountingHasher.calls.clear()
    assert log_in(PASSWORD if name == "gone" else "wrong", name=name) == WRONG
    assert len(CountingHasher.calls) == 1
