"""The OpenAPI document: valid, whole, the same as docs/rest.md, and at its address."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from messaging.api.schema import describe_api
from messaging.protocol.codes import ErrorCode
from tests.docs.markdown import Document, codes
from tests.messaging.api.described import resolve, validator_of

REST = Document("docs/rest.md")
API = describe_api()
OPERATIONS = {
    (method.upper(), path): operation
    for path, operations in API["paths"].items()
    for method, operation in operations.items()
}
EACH = pytest.mark.parametrize(
    ("call", "operation"), [pytest.param(*item, id=item[1]["operationId"]) for item in OPERATIONS.items()]
)
# What any call can be answered (docs/rest.md).
COMMON = {"token_invalid", "token_expired", "rate_limited", "internal", "unavailable", "bad_json", "frame_too_large"}


def address_of(call: tuple[str, str]) -> str:
    """Return a call as the headings of docs/rest.md name it."""
    method, path = call
    return f"`{method} {path.replace('{chat}', '7').replace('{user}', '3')}`"


def codes_of(operation: Any) -> set[str]:
    """Return every code that an operation is said to answer."""
    refusals = [answer for status, answer in operation["responses"].items() if int(status) >= 400]
    schemas = [resolve(refusal)["content"]["application/json"]["schema"]["allOf"][1] for refusal in refusals]
    return {code for schema in schemas for code in schema["properties"]["error"]["properties"]["code"]["enum"]}


def examples_in(content: Any) -> list[Any]:
    """Return the examples of a body or an answer, each of which fits its schema."""
    media = content["application/json"]
    values = [example["value"] for example in media.get("examples", {}).values()]
    for value in values:
        validator_of(media["schema"]).validate(value)
    return values


def test_the_document_is_openapi():
    schemas = resources.files("drf_spectacular.validation")
    schema = json.loads(schemas.joinpath("openapi_3_1_schema.json").read_text())
    Draft202012Validator(schema).validate(API)
    assert API["openapi"].startswith("3.1")


def test_every_call_is_an_operation_of_its_own():
    headings = {heading for heading in REST.headings if "/api/" in heading}
    assert {address_of(call) for call in OPERATIONS} == headings
    assert len({operation["operationId"] for operation in OPERATIONS.values()}) == len(OPERATIONS)


@EACH
def test_an_operation_has_the_errors_that_are_documented(call, operation):
    section = REST.section(address_of(call))
    known = {code.value for code in ErrorCode}
    # A list is of what follows elsewhere.
    prose = re.sub(r"(?s)```.*?```|(?m:^\* [^\n]*\n(?:  [^\n]*\n)*)", "", section)
    documented = {code for code in codes(prose) if code in known}
    said = codes_of(operation)
    assert documented <= said
    # What is wrong with a body or an address is said once for all calls.
    general = {"bad_frame": "requestBody" in operation, "not_found": "{" in call[1]}
    assert said - documented <= COMMON | {code for code, is_general in general.items() if is_general}


@EACH
def test_an_operation_has_examples_that_fit_and_are_documented(call, operation):
    documented = REST.examples()
    asked = examples_in(operation["requestBody"]["content"]) if "requestBody" in operation else []
    answers = {int(status): resolve(answer) for status, answer in operation["responses"].items()}
    answered = {status: examples_in(answer["content"]) for status, answer in answers.items() if "content" in answer}
    good = [value for status, values in answered.items() if status < 300 for value in values]
    assert all(value in documented for value in [*asked, *good])
    assert ("requestBody" in operation) == bool(asked)
    assert all(answered.values())


@EACH
def test_an_operation_is_open_only_where_one_has_no_token_yet(call, operation):
    assert ("security" not in operation) == (
        operation["operationId"] in {"login", "refresh", "logout_page", "register"}
    )


def test_the_document_is_at_its_address(client):
    answer = client.get("/api/schema/")
    assert answer.json() == API
    assert answer["Content-Type"] == "application/json"
    assert client.post("/api/schema/").status_code == 405


def test_the_page_takes_everything_from_this_server_and_no_script_of_its_own(client):
    answer = client.get("/api/docs/")
    page, policy = answer.content.decode(), answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(source.startswith(("/static/", "../schema/", "data:,")) for source in sources)
    assert not re.search(r"<style|style=|<script>|onclick", page)
