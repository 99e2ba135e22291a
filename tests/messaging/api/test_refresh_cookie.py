"""The refresh token of a page: no script reads it, one address takes it, and a form of another site cannot use it."""

from __future__ import annotations

from http.cookies import Morsel
from typing import Any

import pytest

from messaging.access import verify_access
from tests.messaging.api.conftest import PASSWORD, Caller, Person

NAME = "onesocket_refresh"
SCRIPT: dict[str, Any] = {"HTTP_X_REQUESTED_WITH": "onesocket"}


class Browser(Caller):
    """A caller who keeps cookies, and whose scripts send the header."""

    def cookie(self) -> Morsel[str]:
        """Return the cookie as it was set last."""
        return self.client.cookies[NAME]

    def ask(self, method: str, path: str, body: Any = None, **headers: Any) -> int:
        """Call as the page's script does."""
        return self.call(method, path, body, **SCRIPT, **headers)

    def log_in(self, **headers: Any) -> Any:
        """Log in as ada."""
        assert self.ask("POST", "token/", {"username": "ada", "password": PASSWORD}, **headers) == 200
        return self.body


@pytest.fixture
def browser(ada: Person) -> Browser:
    """Return a browser in which nobody is logged in."""
    return Browser()


def test_a_page_logs_in_and_never_sees_its_refresh_token(browser: Browser, ada: Person) -> None:
    """It is in the cookie alone, for the one address; the answer says who it is."""
    answer = browser.log_in()
    assert answer == {"access": answer["access"], "user": ada.id}
    cookie = browser.cookie()
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/api/token/refresh/", "Strict", True)
    assert cookie["max-age"] == 14 * 24 * 60 * 60


def test_without_the_header_no_cookie_is_set(browser: Browser, ada: Person) -> None:
    """An app is answered as ever."""
    browser.post("token/", {"username": "ada", "password": PASSWORD}, status=200)
    browser.post("token/refresh/", {"refresh": browser.body["refresh"]}, status=200)
    assert browser.body.keys() == {"access", "refresh"}
    assert NAME not in browser.client.cookies


def test_the_cookie_is_spent_and_rotated(browser: Browser, ada: Person) -> None:
    """Each refresh gives an access token, and the next refresh token in the cookie, on the same path."""
    browser.log_in()
    first = browser.cookie().value
    assert browser.ask("POST", "token/refresh/", {}) == 200
    assert browser.body.keys() == {"access", "user"}
    assert verify_access(browser.body["access"]).user == ada.id
    assert browser.cookie().value != first
    assert browser.cookie()["path"] == "/api/token/refresh/"
    assert browser.ask("POST", "token/refresh/") == 200


def test_a_spent_cookie_gets_the_same_successor(browser: Browser) -> None:
    """Two tabs that refresh at the same time stay together."""
    browser.log_in()
    spent = browser.cookie().value
    browser.ask("POST", "token/refresh/", {})
    successor = browser.cookie().value
    browser.client.cookies[NAME] = spent
    assert browser.ask("POST", "token/refresh/", {}) == 200
    assert browser.cookie().value == successor


def test_without_the_header_the_cookie_counts_for_nothing(browser: Browser) -> None:
    """A form of another site can send the cookie at most, if a browser is very old."""
    browser.log_in()
    assert browser.refused_field("POST", "token/refresh/", {}) == "refresh"
    assert browser.refused("DELETE", "token/refresh/") == (403, "forbidden")
    assert browser.ask("POST", "token/refresh/", {}) == 200


def test_the_cookie_counts_at_no_other_address(browser: Browser) -> None:
    """It is no access token, whatever the header says."""
    browser.log_in()
    assert browser.refused("GET", "users/me/", **SCRIPT) == (401, "token_invalid")
    assert browser.refused("POST", "users/logout/", {}, **SCRIPT)[0] == 401


def test_a_token_in_the_body_goes_before_the_cookie(browser: Browser, bob: Person) -> None:
    """And is answered in the body, also to a page."""
    browser.log_in()
    assert browser.ask("POST", "token/refresh/", {"refresh": bob.tokens.refresh}) == 200
    assert verify_access(browser.body["access"]).user == bob.id
    assert "refresh" in browser.body


@pytest.mark.parametrize("value", ["", "x", "a.b.c"])
def test_a_cookie_that_is_no_good_is_refused(browser: Browser, value: str) -> None:
    """As a token in the body is."""
    browser.client.cookies[NAME] = value
    assert browser.refused("POST", "token/refresh/", {}, **SCRIPT) == (401, "token_invalid")
    assert browser.ask("DELETE", "token/refresh/") == 204


def test_logging_out_of_a_page_makes_the_token_void_and_takes_the_cookie(browser: Browser, ada: Person) -> None:
    """Other sign-ins stay, and so do the minutes of the access token."""
    browser.log_in()
    token = browser.cookie().value
    assert browser.ask("DELETE", "token/refresh/") == 204
    assert (browser.cookie().value, browser.cookie()["max-age"]) == ("", 0)
    assert browser.cookie()["path"] == "/api/token/refresh/"
    assert browser.refused("POST", "token/refresh/", {"refresh": token}) == (401, "token_invalid")
    Caller().post("token/refresh/", {"refresh": ada.tokens.refresh}, status=200)


@pytest.mark.parametrize("body", [{"all": True}, None])
def test_logging_out_by_the_other_call_takes_the_cookie_too(ada: Person, body: Any) -> None:
    """On the path on which it was set."""
    ada.post("users/logout/", body or {"refresh": ada.tokens.refresh}, status=204)
    cookie = ada.client.cookies[NAME]
    assert (cookie.value, cookie["path"]) == ("", "/api/token/refresh/")


@pytest.mark.parametrize(
    ("chosen", "headers", "secure"),
    [
        (None, {"SERVER_NAME": "chat.example"}, True),
        (None, {"SERVER_NAME": "127.0.0.1"}, False),
        (None, {"HTTP_HOST": "localhost:8000"}, False),
        (None, {"HTTP_HOST": "[::1]:8000"}, False),
        (None, {"HTTP_HOST": "localhost", "wsgi.url_scheme": "https"}, True),
        (True, {"HTTP_HOST": "localhost"}, True),
        (False, {"SERVER_NAME": "chat.example"}, False),
    ],
)
def test_the_cookie_goes_over_tls_only_but_for_localhost(
    browser: Browser, settings: Any, onesocket: Any, chosen: bool | None, headers: dict[str, Any], secure: bool
) -> None:
    """Also where a proxy does not say that it ended TLS; a setting decides otherwise."""
    settings.ALLOWED_HOSTS = ["*"]
    onesocket(REFRESH_COOKIE_SECURE=chosen)
    browser.log_in(**headers)
    assert bool(browser.cookie()["secure"]) is secure


def test_a_server_under_development_needs_no_tls(browser: Browser, settings: Any) -> None:
    """By whatever name it is called."""
    settings.DEBUG = True
    browser.log_in()
    assert not browser.cookie()["secure"]
