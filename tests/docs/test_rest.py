"""docs/rest.md has every call that the API answers, and its examples fit."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import URLPattern, resolve

from messaging.api.urls import urlpatterns
from messaging.conf import Limits
from messaging.folded import QUOTE_CHARS
from messaging.protocol.codes import ErrorCode
from messaging.selectors import MEMBERS_SHOWN
from tests.docs.markdown import Document

REST = Document("docs/rest.md")
CALLS = [tuple(heading.strip("`").split()) for heading in REST.headings if "/api/" in heading]
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def calls_of(pattern: URLPattern) -> set[tuple[str, str]]:
    """Return the calls that a pattern answers, with its parameters as the documents write them."""
    view = getattr(pattern.callback, "cls", None)
    path = "/api/" + re.sub(r"<number:user>", "3", re.sub(r"<number:chat>", "7", str(pattern.pattern)))
    return {(method, path) for method in METHODS if hasattr(view, method.lower())}


def test_every_call_of_the_api_is_described_once():
    answered = set().union(*map(calls_of, urlpatterns))
    assert len(CALLS) == len(set(CALLS))
    assert set(CALLS) == answered


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_described_call_is_answered_by_a_view_with_that_method(method, path):
    view: Any = resolve(path).func
    assert hasattr(view.cls, method.lower())


@pytest.mark.django_db
def test_addresses_beside_the_api_are_answered(client):
    for row in REST.rows("Beside the API"):
        method, path = row[0].strip("`").split()
        assert (method, client.get(path).status_code) == ("GET", 200)


def test_examples_of_errors_have_the_status_of_their_code():
    errors = [example["error"] for example in REST.examples("Errors")]
    assert errors
    for error in errors:
        code = ErrorCode(error["code"])
        assert (error["status"], error["retry"]) == (code.status, code.retry)


def test_every_example_parses():
    assert all(isinstance(example, dict) for example in REST.examples())


def test_error_codes_that_are_named_exist_with_their_status():
    for status, code in re.findall(r"\b(4\d\d|5\d\d) `(\w+)`", REST.prose):
        assert ErrorCode(code).status == int(status), code


def test_numbers_in_the_prose_are_the_defaults():
    limits, text = Limits(), " ".join(REST.text.split())
    assert f"{limits.page_size} without it, {limits.page_size_most} at most" in text
    assert f"Used again within {limits.refresh_grace_seconds:g} seconds" in text
    assert f"names the first {MEMBERS_SHOWN}" in text
    assert f"the first {QUOTE_CHARS} characters" in text
    assert f'"expires_in": {limits.ticket_seconds}' in text
