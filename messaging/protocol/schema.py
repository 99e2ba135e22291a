"""The frames as documents for other languages, generated from their types: JSON Schema 2020-12 and AsyncAPI 3.

What no type says stands in neither: what a text and an emoji may be, and the limits that a server tells in `ready`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, get_args

import msgspec

from messaging.protocol.codes import PROTOCOL_NAME
from messaging.protocol.events import AnyEntry, AnyEvent
from messaging.protocol.frames import (
    Ack,
    AnyAnswer,
    AnyCommand,
    AnySignal,
    Bye,
    CaughtUp,
    ChatJoined,
    Error,
    Hello,
    Ready,
)

Document = dict[str, Any]

_COMMANDS = get_args(AnyCommand)
_EVENTS = get_args(AnyEvent)
_SIGNALS = get_args(AnySignal)
_SERVER_FRAMES = (*get_args(AnyAnswer), CaughtUp, ChatJoined, Bye, *_EVENTS, *_SIGNALS)
# Fields of a command that come together or not at all, which no type of a single field says.
_TOGETHER = {Hello: ("resume", "epoch")}
_SURROGATES = r"\ud800-\udfff"


def describe_frames() -> Document:
    """Return the JSON Schema of a frame; `Command`, `ServerFrame`, `Event` and `Entry` are among its definitions."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:onesocket:{PROTOCOL_NAME}",
        "title": PROTOCOL_NAME,
        "description": "One frame of the protocol, in either direction.",
        "anyOf": [_ref("Command"), _ref("ServerFrame")],
        "$defs": _definitions(),
    }


def describe_socket() -> Document:
    """Return the AsyncAPI document of the server: it receives commands, and sends everything else."""
    document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Onesocket",
            "version": PROTOCOL_NAME,
            "description": "One WebSocket per user that carries every chat. docs/protocol.md says what the frames mean.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "demo": {
                "host": "127.0.0.1:8000",
                "protocol": "ws",
                "description": "What `make run` serves.",
                "security": [{"$ref": "#/components/securitySchemes/bearer"}],
            }
        },
        "channels": {"socket": _channel()},
        "operations": _operations(),
        "components": {
            "messages": {_name(frame): _message(frame) for frame in (*_COMMANDS, *_SERVER_FRAMES)},
            "schemas": _definitions(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }
    return as_components(document)


def render(document: Document) -> str:
    """Return a document as it stands in its file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def definitions_of(types: Iterable[Any]) -> tuple[list[Document], dict[str, Document]]:
    """Return the schemas of types, and the definitions that they refer to, in words that every validator knows."""
    schemas, definitions = msgspec.json.schema_components(types, ref_template="#/$defs/{name}")
    return [_walk(each, _make_portable) for each in schemas], _walk(definitions, _make_portable)


def as_components(document: Document) -> Document:
    """Return a document whose references lead to where OpenAPI and AsyncAPI keep schemas."""

    def redirect(schema: Document) -> Document:
        target = schema.get("$ref")
        if isinstance(target, str):
            schema["$ref"] = target.replace("#/$defs/", "#/components/schemas/")
        return schema

    redirected: Document = _walk(document, redirect)
    return redirected


def union_of(schemas: list[Document]) -> Document:
    """Return the schema of what is one of several."""
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def only_present(schema: Document) -> Document:
    """Return the schema of an object that leaves out what is null: the fields that are told are never null."""
    properties = {name: _without_null(field) for name, field in schema.get("properties", {}).items()}
    return schema | {"properties": properties} if properties else schema


def _definitions() -> dict[str, Document]:
    _, asked = definitions_of(_COMMANDS)
    _, told = definitions_of([*_SERVER_FRAMES, AnyEntry])
    for command, fields in _TOGETHER.items():
        one, other = fields
        asked[_name(command)]["dependentRequired"] = {one: [other], other: [one]}
    told[_name(Ack)] = only_present(told[_name(Ack)])
    told[_name(Ack)]["required"].append("status")
    told[_name(Bye)] = only_present(told[_name(Bye)])
    unions = {
        "Command": _COMMANDS,
        "Event": _EVENTS,
        "Entry": get_args(AnyEntry),
        "ServerFrame": _SERVER_FRAMES,
    }
    named = {name: {"title": name, "anyOf": [_ref(_name(each)) for each in union]} for name, union in unions.items()}
    return dict(sorted({**asked, **told, **named}.items()))


def _channel() -> Document:
    return {
        "address": "/ws/",
        "title": "The socket",
        "description": "Opened with a ticket of GET /api/ws-ticket/, whose answer has the path; subprotocol chat.v1.",
        "messages": {
            _name(frame): {"$ref": f"#/components/messages/{_name(frame)}"} for frame in (*_COMMANDS, *_SERVER_FRAMES)
        },
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {"device": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"}},
                    "required": ["device"],
                },
                "bindingVersion": "0.1.0",
            }
        },
    }


def _operations() -> Document:
    received = {
        _tag(command): _operation("receive", [command])
        | {"reply": _exchange([Ready if command is Hello else Ack, Error])}
        for command in _COMMANDS
    }
    sent = {
        "begin": _operation("send", [CaughtUp, ChatJoined]),
        "events": _operation("send", _EVENTS),
        "signals": _operation("send", _SIGNALS),
        "end": _operation("send", [Bye]),
    }
    return received | sent


def _operation(action: str, frames: Iterable[Any]) -> Document:
    return {"action": action} | _exchange(frames)


def _exchange(frames: Iterable[Any]) -> Document:
    messages = [{"$ref": f"#/channels/socket/messages/{_name(frame)}"} for frame in frames]
    return {"channel": {"$ref": "#/channels/socket"}, "messages": messages}


def _message(frame: Any) -> Document:
    return {"name": _tag(frame), "title": _name(frame), "summary": frame.__doc__, "payload": _ref(_name(frame))}


def _name(frame: Any) -> str:
    return str(frame.__name__)


def _tag(frame: Any) -> str:
    return str(frame.__struct_config__.tag or "app.…")


def _ref(name: str) -> Document:
    return {"$ref": f"#/$defs/{name}"}


def _without_null(field: Document) -> Document:
    if field.get("default", "") is not None:
        return field
    (present,) = (each for each in field["anyOf"] if each != {"type": "null"})
    return dict(present)


def _make_portable(schema: Document) -> Document:
    """Say the same without what only Python, or only OpenAPI, has."""
    schema.pop("discriminator", None)
    if isinstance(schema.get("pattern"), str):
        schema["pattern"] = schema["pattern"].replace(r"\Z", "$").replace(_SURROGATES, "")
    if len(schema.get("enum", ())) == 1:
        (schema["const"],) = schema.pop("enum")
    return schema


def _walk(value: Any, change: Callable[[Document], Document]) -> Any:
    """Return a copy of a document whose every object has been changed, from the inside out."""
    if isinstance(value, list):
        return [_walk(each, change) for each in value]
    if isinstance(value, dict):
        return change({name: _walk(each, change) for name, each in value.items()})
    return value
