"""Errors: one shape and one set of codes, whatever went wrong, and nothing internal in them."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest
from django.test import Client
from rest_framework import exceptions

from messaging import reading
from messaging.api.errors import bad_request, handle_exception, page_not_found, server_error
from tests.messaging.api.conftest import Caller, Person


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"username": NaN}',
        b'{"username": Infinity}',
        b"[" * 60_000,
        b'{"username":' + b"9" * 10_000 + b"}",
        b"username=ada",
    ],
)
def test_a_body_that_is_not_json_is_bad_json(anybody: Caller, raw: bytes) -> None:
    """An empty one lacks its fields."""
    expected = (400, "bad_json") if raw else (400, "bad_frame")
    assert anybody.refused("POST", "token/", raw=raw) == expected


@pytest.mark.parametrize("body", [[], "x", 5, None, True])
def test_a_body_that_is_no_object_is_a_bad_frame(anybody: Caller, body: object) -> None:
    """On every call alike."""
    for path in ("token/", "token/refresh/"):
        assert anybody.refused("POST", path, raw=b"null" if body is None else None, body=body) == (400, "bad_frame")


def test_a_body_has_a_bound(anybody: Caller, settings: Any) -> None:
    """That of a frame."""
    bound = settings.ONESOCKET["LIMITS"]["frame_bytes"]
    assert anybody.refused("POST", "token/", raw=b" " * (bound - 2) + b"{}") == (400, "bad_frame")
    assert anybody.refused("POST", "token/", raw=b" " * (bound - 1) + b"{}") == (400, "frame_too_large")


def test_a_form_is_not_json(anybody: Caller) -> None:
    """Nothing but JSON is read."""
    response = Client().post("/api/token/", {"username": "ada", "password": "x"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_json"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "x", ""])
def test_the_answer_is_json_whatever_was_asked_for(anybody: Caller, accept: str) -> None:
    """Errors too."""
    assert anybody.refused("POST", "token/", {}, HTTP_ACCEPT=accept) == (400, "bad_frame")
    assert anybody.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "path", ["", "x/", "token", "chats", "chats/x/", "chats/-1/", "chats/1", "chats/1/x/", "chats/\u0663/", "users/1/"]
)
@pytest.mark.parametrize("debug", [False, True])
def test_an_address_that_nothing_stands_at_is_not_found(anybody: Caller, settings: Any, path: str, debug: bool) -> None:
    """For every method, token or not."""
    settings.DEBUG = debug
    for method in ("GET", "POST", "DELETE"):
        assert anybody.refused(method, path) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "token/"), ("PUT", "token/"), ("POST", "ws-ticket/"), ("OPTIONS", "chats/")]
)
def test_a_method_that_an_address_does_not_take_is_refused(ada: Person, method: str, path: str) -> None:
    """And those it takes are told."""
    assert ada.refused(method, path) == (405, "method_not_allowed")
    assert ada.headers["Allow"] in ("POST", "GET, HEAD", "GET, POST, HEAD")


def test_what_we_did_not_foresee_is_logged_and_not_told(
    ada: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client learns that it may try again."""

    def fail(*_args: Any) -> None:
        raise RuntimeError("the secret recipe")

    monkeypatch.setattr(reading, "read_totals", fail)
    assert ada.refused("GET", "chats/") == (500, "internal")
    assert "recipe" not in str(ada.body)
    assert ada.body["error"]["retry"] is True
    assert "the secret recipe" in caplog.text


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_store_that_is_away_is_unavailable(
    ada: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: type[Exception]
) -> None:
    """With the time to wait, and nothing of what the store said."""

    def fail(*_args: Any) -> None:
        raise error("connection to host db.internal failed")

    monkeypatch.setattr(reading, "read_totals", fail)
    assert ada.refused("GET", "chats/") == (503, "unavailable")
    assert int(ada.headers["Retry-After"]) >= 1
    assert ada.body["error"]["retry_after"] > 0
    assert "db.internal" not in str(ada.body)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (exceptions.NotAuthenticated(), 401, "token_invalid"),
        (exceptions.AuthenticationFailed(), 401, "token_invalid"),
        (exceptions.PermissionDenied(), 403, "forbidden"),
        (PermissionDenied(), 403, "forbidden"),
        (exceptions.NotFound(), 404, "not_found"),
        (Http404(), 404, "not_found"),
        (exceptions.MethodNotAllowed("GET"), 405, "method_not_allowed"),
        (exceptions.ParseError(), 400, "bad_json"),
        (exceptions.UnsupportedMediaType("text/plain"), 400, "bad_json"),
        (exceptions.NotAcceptable(), 400, "bad_frame"),
        (exceptions.Throttled(wait=2.5), 429, "rate_limited"),
        (exceptions.Throttled(), 429, "rate_limited"),
        (SuspiciousOperation(), 400, "bad_frame"),
        (exceptions.ValidationError({"text": ["secret"]}), 400, "bad_frame"),
        (exceptions.ValidationError("secret"), 400, "bad_frame"),
        (exceptions.APIException("secret"), 500, "internal"),
        (ValueError("secret"), 500, "internal"),
    ],
)
def test_every_error_of_the_frameworks_has_a_code(error: Exception, status: int, code: str) -> None:
    """Also where a host application raises it in a view of its own."""
    response = handle_exception(error, {})
    assert response.status_code == response.data["error"]["status"] == status
    assert response.data["error"]["code"] == code
    assert "secret" not in str(response.data)
    assert ("Retry-After" in response.headers) == ("retry_after" in response.data["error"])


def test_a_bad_request_says_which_field(caplog: pytest.LogCaptureFixture) -> None:
    """And is nobody's alarm."""
    with caplog.at_level(logging.WARNING):
        response = handle_exception(exceptions.ValidationError({"text": ["x"]}), {})
    assert response.data["error"]["field"] == "text"
    assert not caplog.records


def test_django_answers_in_the_same_shape() -> None:
    """What never reached a view of ours."""
    request = HttpRequest()
    answers = [page_not_found(request, Http404()), server_error(request), bad_request(request, ValueError())]
    assert [answer.status_code for answer in answers] == [404, 500, 400]
    assert all(b'"error": {"status"' in answer.content for answer in answers)
