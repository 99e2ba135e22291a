"""The schemas of the frames are those of this version, are valid, and tell the frames of the vectors from others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from jsonschema import Draft202012Validator, FormatChecker
from msgspec import UNSET

from messaging.management.commands.protocol_schema import list_documents
from messaging.protocol.kinds import Kind
from messaging.protocol.schema import describe_frames, describe_socket
from tests.docs.markdown import ROOT
from tests.protocol.vector import FILES, BadFrame, Frame, GoodFrame, each, join, server_frames

FOLDER = ROOT / "docs/schema"
SCHEMA = describe_frames()
SOCKET = describe_socket()
# No schema knows which characters are one emoji, and how much of a text is left when it is trimmed.
BEYOND = {"emoji", "text"}
# To JSON Schema 1.0 is an integer.
SAME_NUMBER = "a chat with a fraction"
# Of a host application, or of a later version.
OF_OTHERS = {"poll.opened"}


def validator(name: str) -> Draft202012Validator:
    """Return what tells frames of a definition from others."""
    schema = {**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{name}"}]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


COMMAND, SERVER_FRAME = validator("Command"), validator("ServerFrame")


def refs(value: Any) -> Iterator[str]:
    """Yield what a document refers to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    for each_ in value if isinstance(value, list) else ():
        yield from refs(each_)


def look_up(document: Any, ref: str) -> Any:
    """Return what stands at a reference."""
    for name in ref.removeprefix("#/").split("/"):
        document = document[name]
    return document


def as_frame(vector: GoodFrame | BadFrame) -> Any:
    """Return the frame of a vector, UNSET where its text is no JSON that has a form in UTF-8."""
    try:
        # A number of any length is JSON, and Python refuses to read it.
        frame = json.loads(vector.text, parse_constant=lambda _name: UNSET, parse_int=read_integer)
        json.dumps(frame, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        return UNSET
    if isinstance(frame, dict) and isinstance(frame.get("text"), list):
        frame["text"] = join(frame["text"])
    return frame


def read_integer(digits: str) -> float:
    """Return a number that a schema can compare."""
    return int(digits) if len(digits) < 20 else float(digits[:20])


def bad_frames() -> list[BadFrame]:
    """Return every vector of a bad frame."""
    return [vector for vectors in FILES.values() for vector in vectors if isinstance(vector, BadFrame)]


def can_be_told(vector: BadFrame) -> bool:
    """Tell whether a schema can refuse it: it is a frame, and what is wrong with it is in its shape."""
    shaped = vector.expect.code not in ("bad_json", "frame_too_large") and as_frame(vector) is not UNSET
    return shaped and vector.expect.field not in BEYOND and vector.name != SAME_NUMBER


@pytest.mark.parametrize("name", sorted(list_documents()))
def test_the_file_is_what_the_types_say_today(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == list_documents()[name], "run manage.py protocol_schema"


def test_the_command_writes_each_file(tmp_path, capsys):
    call_command("protocol_schema", tmp_path / "new")
    assert {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "new").iterdir()} == list_documents()


def test_the_frames_have_a_valid_schema_without_dead_references():
    Draft202012Validator.check_schema(SCHEMA)
    assert {ref.removeprefix("#/$defs/") for ref in refs(SCHEMA)} <= SCHEMA["$defs"].keys()


def test_patterns_are_those_of_every_language():
    patterns = re.findall(r'"pattern": "(.*)"', json.dumps(SCHEMA, indent=1))
    assert patterns
    assert not [pattern for pattern in patterns if re.search(r"\\[AZzud]", pattern.replace("\\\\", "\\"))]


@each(GoodFrame)
def test_a_good_frame_of_a_client_is_valid(vector):
    COMMAND.validate(as_frame(vector))


@pytest.mark.parametrize(
    "vector", [vector for vector in bad_frames() if can_be_told(vector)], ids=lambda vector: vector.name
)
def test_a_bad_frame_of_a_client_is_not_valid(vector):
    assert not COMMAND.is_valid(as_frame(vector))


def test_what_no_schema_can_tell_is_little():
    untold = [vector for vector in bad_frames() if not can_be_told(vector)]
    assert {vector.expect.field for vector in untold if vector.expect.code == "bad_frame"} <= BEYOND | {
        "x",
        "chat",
        None,
    }
    assert len(untold) < len(bad_frames()) / 3


def test_a_text_or_an_emoji_of_another_type_is_not_valid():
    for frame in ({"type": "message.send", "text": 7}, {"type": "reaction.set", "emoji": None, "seq": 1, "on": True}):
        assert COMMAND.is_valid(frame | {"id": "a", "chat": 1, "text": "x", "emoji": "🍵"})
        assert not COMMAND.is_valid({"id": "a", "chat": 1} | frame)


@pytest.mark.parametrize(
    "frame", [frame for frame in server_frames() if frame["type"] not in OF_OTHERS], ids=lambda frame: frame["type"]
)
def test_a_frame_of_a_server_is_valid_and_none_is_without_what_it_needs(frame):
    SERVER_FRAME.validate(frame)
    for name in required_of(frame):
        assert not SERVER_FRAME.is_valid({other: value for other, value in frame.items() if other != name}), name
        assert not SERVER_FRAME.is_valid(frame | {name: [frame[name]]}), name


def required_of(frame: Frame) -> list[str]:
    """Return the fields that a frame must have."""
    for definition in SCHEMA["$defs"]["ServerFrame"]["anyOf"]:
        schema = look_up(SCHEMA, definition["$ref"])
        if schema["properties"]["type"].get("const") == frame["type"]:
            return list(schema["required"])
    return ["type"]


def test_every_kind_of_event_is_an_event():
    kinds = [
        look_up(SCHEMA, each_["$ref"])["properties"]["type"]["const"] for each_ in SCHEMA["$defs"]["Event"]["anyOf"]
    ]
    assert sorted(kinds) == sorted(Kind)


def test_asyncapi_has_every_part_and_no_dead_reference():
    assert SOCKET["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= SOCKET["info"].keys()
    for ref in refs(SOCKET):
        look_up(SOCKET, ref)
    names = {name for part in SOCKET["components"].values() for name in part}
    assert all(re.fullmatch(r"[\w.-]+", name) for name in names)


def test_asyncapi_exchanges_messages_of_its_channel_only():
    channel = {f"#/channels/socket/messages/{name}" for name in SOCKET["channels"]["socket"]["messages"]}
    exchanged = set()
    for operation in SOCKET["operations"].values():
        assert operation["action"] in ("send", "receive")
        assert ("reply" in operation) == (operation["action"] == "receive")
        for part in (operation, operation.get("reply", operation)):
            assert part["channel"] == {"$ref": "#/channels/socket"}
            exchanged |= {message["$ref"] for message in part["messages"]}
    assert exchanged == channel


def test_asyncapi_has_an_operation_for_every_command():
    received = {name for name, operation in SOCKET["operations"].items() if operation["action"] == "receive"}
    assert received == {
        vector.expect.type for vectors in FILES.values() for vector in vectors if isinstance(vector, GoodFrame)
    }


def test_asyncapi_has_payloads_that_are_valid_schemas_of_the_same_frames():
    schemas = SOCKET["components"]["schemas"]
    assert schemas.keys() == SCHEMA["$defs"].keys()
    for message in SOCKET["components"]["messages"].values():
        Draft202012Validator.check_schema(look_up(SOCKET, message["payload"]["$ref"]))
