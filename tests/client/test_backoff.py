"""When to try again: the hundreds digit, Retry-After, and full jitter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.backoff import Backoff, Waits
from client.errors import (
    AccountDisabled,
    AlreadyConnected,
    ClientError,
    End,
    HandshakeRefused,
    Replaced,
    RestError,
    SignInRefused,
    Stopped,
    TransportError,
)

WAITS = Waits(base=1.0, cap=8.0, steady=10.0)


def backoff(random: float = 1.0) -> Backoff:
    """Make one whose dice always show the same."""
    return Backoff(WAITS, lambda: random)


def test_waits_double_up_to_the_cap() -> None:
    row = backoff()
    assert [row.next() for _ in range(5)] == [1.0, 2.0, 4.0, 8.0, 8.0]
    row.reset()
    assert row.next() == 1.0


@given(failures=st.integers(0, 5000), random=st.floats(0, 1, exclude_max=True))
def test_a_wait_is_spread_from_nothing_to_the_bound(failures: int, random: float) -> None:
    assert 0 <= backoff(random).pause(failures) <= WAITS.cap
    assert backoff(random).pause(failures) == pytest.approx(backoff().pause(failures) * random)


@given(asked=st.floats(0, 3600), random=st.floats(0, 1, exclude_max=True))
def test_no_wait_is_shorter_than_the_server_asked_for(asked: float, random: float) -> None:
    assert asked <= backoff(random).told(asked) <= asked * 1.5 + WAITS.base


@pytest.mark.parametrize("code", [4100, 4101, 4177])
def test_41xx_comes_back_after_what_the_bye_said(code: int) -> None:
    step = backoff(0.0).after_close(End(code, retry_after=1.7), lived=0.0)
    assert (step.wait, step.renew, step.stop) == (1.7, False, None)


def test_41xx_without_a_word_does_not_become_a_loop() -> None:
    row = backoff()
    assert [row.after_close(End(4100), lived=0.0).wait for _ in range(3)] == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("code", [4200, 4201, 4202, 4203, 4299, 1000, 1001, 1006, 1011, 1012, 3000, 4000, 4500, None])
def test_42xx_and_anything_else_backs_off(code: int | None) -> None:
    row = backoff()
    steps = [row.after_close(End(code), lived=0.0) for _ in range(3)]
    assert [step.wait for step in steps] == [1.0, 2.0, 4.0]
    assert not any(step.renew or step.stop for step in steps)


def test_42xx_waits_longer_where_the_bye_asks_for_it() -> None:
    assert backoff(0.0).after_close(End(4201, retry_after=30.0), lived=0.0).wait == 30.0


@pytest.mark.parametrize("code", [4300, 4301, 4302, 4399])
def test_43xx_gets_a_fresh_token_at_once_after_a_good_connection(code: int) -> None:
    step = backoff().after_close(End(code), lived=600.0)
    assert (step.wait, step.renew, step.stop) == (0.0, True, None)


def test_43xx_after_a_short_connection_does_not_become_a_loop() -> None:
    row = backoff()
    assert [row.after_close(End(4300), lived=0.1).wait for _ in range(2)] == [1.0, 2.0]


@pytest.mark.parametrize(("code", "cause"), [(4403, AccountDisabled), (4409, Replaced), (4444, Stopped)])
def test_44xx_stops(code: int, cause: type[Stopped]) -> None:
    assert type(backoff().after_close(End(code), lived=600.0).stop) is cause


@pytest.mark.parametrize(("lived", "wait"), [(None, 8.0), (9.9, 8.0), (10.0, 1.0)])
def test_only_a_steady_connection_ends_the_row_of_failures(lived: float | None, wait: float) -> None:
    row = backoff()
    row.failures = 9
    assert row.after_close(End(1006), lived=lived).wait == wait


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (RestError(429, "rate_limited", retry_after=5.0), 5.0),
        (RestError(503, "unavailable", retry_after=7.0), 7.0),
    ],
)
def test_429_and_503_wait_as_told(error: ClientError, wait: float) -> None:
    assert backoff(0.0).after_error(error).wait == wait


@pytest.mark.parametrize(
    "error",
    [
        RestError(401, "token_invalid"),
        RestError(500, "internal"),
        RestError(502, "http_502"),
        RestError(503, "unavailable"),
        TransportError("no answer"),
        HandshakeRefused(403),
    ],
)
def test_any_other_failed_attempt_backs_off(error: ClientError) -> None:
    row = backoff()
    assert [row.after_error(error).wait for _ in range(3)] == [1.0, 2.0, 4.0]


def test_409_stops_and_so_does_a_refused_sign_in() -> None:
    assert type(backoff().after_error(RestError(409, "already_connected")).stop) is AlreadyConnected
    assert type(backoff().after_error(SignInRefused("credentials_invalid")).stop) is SignInRefused
