"""Calls by the thousand, made up from the OpenAPI document: good ones, and ones that are wrong in one way each.

A test makes a few of each operation; with EXAMPLES=500 in the environment it makes as many as that.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import msgspec
import requests
import schemathesis
from django.test import Client
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from messaging import accounts, services
from messaging.access import issue_tokens
from messaging.api.bodies import Text
from messaging.api.schema import describe_api
from messaging.protocol.frames import MAX_INTEGER

EXAMPLES = int(os.environ.get("EXAMPLES", "25"))
BASE = "http://testserver"
PASSWORD = "a long way to Tipperary"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
]


def load_schema() -> Any:
    """Return the document as schemathesis has it."""
    schema = schemathesis.openapi.from_dict(deepcopy(describe_api()))
    schema.config.base_url = BASE
    schema.config.generation.update(with_security_parameters=False)
    return schema


class Target:
    """The API with some people and chats in it, and a count of what it answered."""

    def __init__(self) -> None:
        names = ("ann", "bob", "cleo", "dan")
        ann, bob, cleo, dan = [accounts.register_user(username=name, password=PASSWORD).pk for name in names]
        self.me = ann
        group, _ = services.create_chat(creator=ann, kind="group", members=[bob, cleo], title="Fuzz")
        pair, _ = services.create_chat(creator=ann, kind="private", members=[cleo])
        services.send_message(sender=cleo, chat=pair, id="first", text="hello")
        said = services.send_message(sender=cleo, chat=group, id="first", text="hello @ann")
        self.known = {
            "chat": [group, pair],
            "user": [bob, cleo, dan, ann],
            "username": ["ann", "eve"],
            **{name: [said.seq] for name in ("reply_to", "seq")},
            **{name: [PASSWORD] for name in ("password", "old", "new")},
            "reason": ["This is not tea."],
        }
        self.answers: Counter[int] = Counter()

    def call(self, case: Case, *, at: dict[str, int]) -> Response:
        """Make a call, with a good token and in the places of `at` where the case lets them be; return the answer."""
        tokens = issue_tokens(self.me)
        known: dict[str, Any] = {name: self.known[name][number] for name, number in at.items()}
        if known:
            known["refresh"] = tokens.refresh
        case.path_parameters, case.body = _at(case.path_parameters, known), _at(case.body, known)
        request = requests.Request(**case.as_transport_kwargs(base_url=BASE)).prepare()
        sent = {name: str(value) for name, value in request.headers.items() if name.lower() != "content-type"}
        answer = Client(raise_request_exception=False).generic(
            str(request.method),
            str(request.url).removeprefix(BASE),
            _bytes(request.body),
            content_type=str(request.headers.get("Content-Type", "application/json")),
            headers=sent | {"Authorization": f"Bearer {tokens.access}"},
        )
        self.answers[answer.status_code] += 1
        headers = {name.lower(): [value] for name, value in answer.items()}
        return Response(answer.status_code, headers, answer.content, request, 0.0, verify=False)

    def as_text(self) -> str:
        """Return the counts."""
        return json.dumps({"calls": self.answers.total(), **{str(k): v for k, v in sorted(self.answers.items())}})


def _at(fields: Any, known: Mapping[str, Any]) -> Any:
    """Return fields of a call with values that are known; what is wrong on purpose stays wrong."""
    if not isinstance(fields, dict):
        return fields
    return fields | {name: value for name, value in known.items() if _is_good(fields.get(name), like=value)}


def _is_good(value: Any, *, like: Any) -> bool:
    if isinstance(like, int):
        return type(value) in (int, str) and str(value).isdecimal() and int(value) <= MAX_INTEGER
    try:
        msgspec.convert(value, Text)
    except msgspec.ValidationError:
        return False
    return True


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else body or b""
