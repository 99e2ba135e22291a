"""Answers held against the OpenAPI document: each is one that its operation is said to give."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from messaging.api.schema import describe_api

Document = dict[str, Any]


def find_operation(method: str, address: str) -> Document | None:
    """Return the operation that a call is of, None where there is none."""
    address = address.removeprefix("http://testserver").partition("?")[0]
    for template, operations in describe_api()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[0-9]{1,64}", template), address):
            found: Document | None = operations.get(method.lower())
            return found
    return None


def resolve(part: Document) -> Document:
    """Return a part of the document, or what it refers to."""
    while "$ref" in part:
        kind, name = part["$ref"].split("/")[-2:]
        part = describe_api()["components"][kind][name]
    return part


def expect_described(method: str, address: str, status: int, body: Any) -> None:
    """Fail where an answer is not one that the document knows of this call."""
    operation = find_operation(method, address)
    if operation is None:
        return
    name = operation["operationId"]
    assert str(status) in operation["responses"], f"{name} is not said to answer {status} {body}"
    content = resolve(operation["responses"][str(status)]).get("content")
    assert (content is None) == (body is None), name
    if content is not None:
        _validator(name, status).validate(body)


@cache
def _validator(name: str, status: int) -> Draft202012Validator:
    paths = describe_api()["paths"]
    (operation,) = (each for path in paths.values() for each in path.values() if each["operationId"] == name)
    return validator_of(resolve(operation["responses"][str(status)])["content"]["application/json"]["schema"])


def validator_of(schema: Document) -> Draft202012Validator:
    """Return what holds values against a schema of the document."""
    whole = {**schema, "components": describe_api()["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())
