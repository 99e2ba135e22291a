"""How often one may call."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from prometheus_client import REGISTRY

from messaging.api.throttles import Throttle
from messaging.api.views.base import ApiView
from tests.messaging.api.conftest import Caller, Person
from tests.messaging.world import in_threads

LOGIN = {"username": "nobody", "password": "x"}


class Clock:
    """The throttle's clock, moved by hand."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return the clock of all throttles."""
    made = Clock()
    monkeypatch.setattr(Throttle, "timer", staticmethod(made))
    return made


@pytest.fixture
def rates(settings: Any, monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Callable[..., None]:
    """Return a function that sets the rates, which the tests are else without."""
    monkeypatch.setattr(ApiView, "throttle_classes", [Throttle])

    def change(**values: str) -> None:
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": values}

    return change


def log_in(address: str = "192.0.2.1") -> Caller:
    """Try to log in from an address."""
    caller = Caller(REMOTE_ADDR=address)
    caller.call("POST", "token/", LOGIN)
    return caller


def test_what_is_over_the_rate_is_refused_with_the_time_to_wait(rates: Callable[..., None], clock: Clock) -> None:
    """The period begins with the first request."""
    rates(token="2/min")
    log_in()
    clock.now += 20
    log_in()
    caller = log_in()
    assert caller.refused("POST", "token/", LOGIN) == (429, "rate_limited")
    assert caller.headers["Retry-After"] == "40"
    assert caller.body["error"]["retry_after"] == 40
    assert caller.body["error"]["retry"] is True


def test_after_the_time_told_one_may_call_again(rates: Callable[..., None]) -> None:
    """Also who kept calling meanwhile."""
    rates(token="1/s")
    answers = [log_in() for _ in range(5)]
    time.sleep(answers[-1].body["error"]["retry_after"] + 0.01)
    assert log_in().body["error"]["code"] == "credentials_invalid"


def test_racing_requests_do_not_slip_through(rates: Callable[..., None]) -> None:
    """Of twenty at the same moment as many pass as the rate says."""
    rates(token="5/min")
    codes = in_threads(20, lambda _: log_in().body["error"]["code"])
    assert codes.count("credentials_invalid") == 5


def test_each_address_has_its_own_count(rates: Callable[..., None], clock: Clock) -> None:
    """Of IPv6 each network that one customer has; what a client writes into a header is not looked at."""
    rates(token="1/min")
    for first, second, same in (
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("", "", True),
        ("not an address", "not an address", True),
    ):
        log_in(first)
        code = log_in(second).body["error"]["code"]
        assert (code == "rate_limited") == same, (first, second)
    log_in("192.0.2.9")
    caller = Caller(REMOTE_ADDR="192.0.2.9", HTTP_X_FORWARDED_FOR="198.51.100.7")
    assert caller.refused("POST", "token/", LOGIN)[0] == 429


def test_each_user_has_its_own_count(rates: Callable[..., None], ada: Person, bob: Person) -> None:
    """From whatever address."""
    rates(ticket="1/min", user="2/min")
    ada.get("ws-ticket/")
    assert ada.refused("GET", "ws-ticket/", REMOTE_ADDR="192.0.2.7") == (429, "rate_limited")
    bob.get("ws-ticket/")
    for _ in range(2):
        ada.get("users/me/")
    assert ada.refused("GET", "users/me/") == (429, "rate_limited")
    bob.get("users/me/")


@pytest.mark.parametrize(
    ("path", "scope"),
    [("token/", "token"), ("token/refresh/", "anon"), ("users/", "register"), ("users/password/", "token")],
)
def test_what_can_be_guessed_at_has_a_rate(
    rates: Callable[..., None], ada: Person, anybody: Caller, path: str, scope: str
) -> None:
    """Passwords, accounts, and the old password behind a stolen token."""
    rates(**{scope: "1/min"})
    caller = ada if path == "users/password/" else anybody
    assert caller.call("POST", path, {}) in (400, 403)
    assert caller.refused("POST", path, {}) == (429, "rate_limited")


def test_a_view_whose_scope_has_no_rate_falls_back(rates: Callable[..., None], anybody: Caller, ada: Person) -> None:
    """To that of all users, or of all who are nobody; without that there is none."""
    rates(anon="1/min", user="1/min")
    anybody.call("POST", "token/", {})
    assert anybody.refused("POST", "token/", {})[0] == 429
    ada.get("ws-ticket/")
    assert ada.refused("GET", "ws-ticket/")[0] == 429
    rates()
    ada.get("ws-ticket/")


def test_without_the_cache_nobody_is_refused(
    rates: Callable[..., None], ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted, so that somebody notices."""

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionError

    rates(user="1/min")
    before = REGISTRY.get_sample_value("chat_throttle_failures_total") or 0
    monkeypatch.setattr(cache, "count" if hasattr(cache, "count") else "get_or_set", fail)
    for _ in range(3):
        ada.get("users/me/")
    assert REGISTRY.get_sample_value("chat_throttle_failures_total") == before + 3
