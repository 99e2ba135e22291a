"""The API as an OpenAPI 3.1 document: REST framework's views as drf-spectacular finds them, described by their `call`.

Bodies and answers have the schemas of the very types that they are read and written with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from http import HTTPStatus
from typing import Any

from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent

from messaging.api.calls import Call
from messaging.api.examples import EXAMPLES, Example
from messaging.errors import (
    BadFrame,
    BadJson,
    ChatError,
    FrameTooLarge,
    Internal,
    NotAMember,
    NotFound,
    RateLimited,
    TokenExpired,
    TokenInvalid,
    Unavailable,
)
from messaging.protocol.events import AnyEntry
from messaging.protocol.frames import Error, Integer, MessageSend
from messaging.protocol.schema import Document, as_components, definitions_of, union_of

_JSON = "application/json"
_HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"const": "Bearer"}}},
    429: {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds."}},
    503: {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds."}},
}
_BEARER = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
# What the path and the type of a frame say of it, the address of the call says over HTTP.
_OF_THE_FRAME = ("type", "chat")


class CallSchema(AutoSchema):
    """Describes the operations of a view by the `call` of each of its methods."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Document | None:
        """Return the operation, and leave the schemas it refers to in the registry."""
        handler = getattr(self.view, method.lower())
        call: Call = handler.call
        summary, _, more = str(handler.__doc__).strip().rstrip(".").partition("; ")
        operation: Document = {
            "operationId": call.name,
            "summary": summary,
            "tags": [type(self.view).__module__.rpartition(".")[2].replace("_", " ")],
            "parameters": _parameters(call, self.view.__class__, path),
            "responses": self._answers(call, path, registry),
        }
        if more:
            operation["description"] = f"{more[0].upper()}{more[1:]}."
        if self._is_private():
            _register(registry, "bearer", _BEARER, ResolvedComponent.SECURITY_SCHEMA)
            operation["security"] = [{"bearer": []}]
        if call.body is not None:
            operation["requestBody"] = {"required": True, "content": {_JSON: _body(call, registry)}}
        return as_components(operation)

    def _is_private(self) -> bool:
        return bool(self.view.get_permissions())

    def _answers(self, call: Call, path: str, registry: ComponentRegistry) -> Document:
        answers: Document = {}
        for status, types in call.answers.items():
            answers[str(status)] = {"description": HTTPStatus(status).phrase}
            if types:
                examples = EXAMPLES[call.name].answered.get(status, ())
                schema = union_of(_schemas(types, registry))
                answers[str(status)]["content"] = {_JSON: {"schema": schema, **_show(examples)}}
        _register_problem(registry)
        errors = [*_common_errors(call, path, is_private=self._is_private()), *call.errors]
        return answers | {str(status): _refer(status, kinds, registry) for status, kinds in _by_status(errors).items()}


@cache
def describe_api() -> Document:
    """Return the document; the API stands under `/api/`."""
    generator = SchemaGenerator(patterns=[path("api/", include("messaging.api.urls"))])  # type: ignore[no-untyped-call]
    document: Document = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    return document


def _parameters(call: Call, view: type[Any], path: str) -> list[Document]:
    placed = [
        ("path", name, Integer, f"The id of a {name}.", True) for name in ("chat", "user") if f"{{{name}}}" in path
    ]
    asked = [(each.place, each.name, each.type, each.description, False) for each in call.parameters]
    return [
        {"in": place, "name": name, "required": required, "description": description, "schema": _inline(type_)}
        for place, name, type_, description, required in (*placed, *asked)
    ]


def _inline(type_: Any) -> Document:
    ((schema,), _) = definitions_of([type_])
    return schema


def _body(call: Call, registry: ComponentRegistry) -> Document:
    if call.body is MessageSend:
        _register(registry, "NewMessage", _without(_define(MessageSend)["MessageSend"], *_OF_THE_FRAME))
        schema: Document = {"$ref": "#/$defs/NewMessage"}
    else:
        (schema,) = _schemas([call.body], registry)
    return {"schema": schema, **_show(EXAMPLES[call.name].asked)}


def _define(struct: Any) -> dict[str, Document]:
    _, definitions = definitions_of([struct])
    return definitions


def _without(schema: Document, *names: str) -> Document:
    properties = {name: field for name, field in schema["properties"].items() if name not in names}
    required = [name for name in schema["required"] if name not in names]
    return schema | {"properties": properties, "required": required}


def _schemas(types: Iterable[Any], registry: ComponentRegistry) -> list[Document]:
    """Return the schemas of types; what they refer to is registered."""
    schemas, definitions = definitions_of([*types, AnyEntry])
    for name, schema in {**definitions, "Entry": schemas.pop()}.items():
        _register(registry, name, schema)
    return schemas


def _register(registry: ComponentRegistry, name: str, schema: Document, kind: str = ResolvedComponent.SCHEMA) -> None:
    component = ResolvedComponent(  # type: ignore[no-untyped-call]
        name=name, type=kind, schema=as_components(schema), object=name
    )
    registry.register_on_missing(component)


def _register_problem(registry: ComponentRegistry) -> None:
    """Register the schema of every error answer: the object of an error frame, without what places it on a socket."""
    definitions = _define(Error)
    error = _without(definitions["Error"], "id", *_OF_THE_FRAME)
    problem = {"type": "object", "properties": {"error": error | {"title": "Problem"}}, "required": ["error"]}
    _register(registry, "ErrorCode", definitions["ErrorCode"])
    _register(registry, "Problem", problem)


def _common_errors(call: Call, path: str, *, is_private: bool) -> list[type[ChatError]]:
    errors: list[type[ChatError]] = [RateLimited, Internal, Unavailable]
    if is_private:
        errors += [TokenInvalid, TokenExpired]
    if call.body is not None:
        errors += [BadJson, FrameTooLarge]
    if call.body is not None or any(each.place == "query" for each in call.parameters):
        errors.append(BadFrame)
    if "{" in path:
        errors.append(NotFound)
    if "{chat}" in path:
        errors.append(NotAMember)
    return errors


def _by_status(errors: Iterable[type[ChatError]]) -> dict[int, list[type[ChatError]]]:
    statuses: defaultdict[int, list[type[ChatError]]] = defaultdict(list)
    for error in dict.fromkeys(errors):
        statuses[error.code.status].append(error)
    return dict(sorted(statuses.items()))


def _refer(status: int, errors: Sequence[type[ChatError]], registry: ComponentRegistry) -> Document:
    """Return a reference to the answer with one of these errors."""
    name = ".".join([str(status), *sorted(error.code.value for error in errors)])
    _register(registry, name, _refusal(status, errors), ResolvedComponent.RESPONSE)
    return {"$ref": f"#/components/responses/{name}"}


def _refusal(status: int, errors: Sequence[type[ChatError]]) -> Document:
    said = {"status": {"const": status}, "code": {"enum": sorted(error.code.value for error in errors)}}
    schema = {"allOf": [{"$ref": "#/$defs/Problem"}, {"properties": {"error": {"properties": said}}}]}
    examples = {error.code.value: {"value": {"error": error().as_body()}} for error in errors}
    answer: Document = {
        "description": HTTPStatus(status).phrase,
        "content": {_JSON: {"schema": schema, "examples": examples}},
    }
    return answer | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def _show(examples: Sequence[Example]) -> Document:
    return {"examples": {str(number): {"value": value} for number, value in enumerate(examples, 1)}} if examples else {}
