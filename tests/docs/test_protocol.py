"""docs/protocol.md has every frame, code and limit of the protocol, and its examples are frames."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from consumers.handlers import HANDLERS, LIMITS_TOLD
from messaging.conf import Limits
from messaging.log.prepare import _PREPARE
from messaging.protocol.codec import Codec
from messaging.protocol.codes import CloseCode, ErrorCode, remedy_for
from messaging.protocol.frames import Ack, AnyCommand, Bye, CaughtUp, ChatJoined, Ready
from messaging.protocol.kinds import TRAITS, Kind
from tests.docs.markdown import Document, codes
from tests.protocol.vector import FILES, ClientVector, GoodFrame, server_frames

PROTOCOL = Document("docs/protocol.md")
COMMANDS = {command.__struct_config__.tag: command for command in AnyCommand.__args__}
SERVER_FRAMES = {struct.__struct_config__.tag: struct for struct in (Ready, CaughtUp, ChatJoined, Ack, Bye)}
ERROR_FIELDS = {"type", "id", "status", "code", "detail", "retry"}


def decode(text: str) -> Any:
    """Decode a frame as a server with the default limits does."""
    return Codec(frame_bytes=Limits().frame_bytes, text_chars=Limits().text_chars).decode(text)


def examples_of(*types: str, section: str | None = None) -> list[Any]:
    """Return all examples of these types, or those of a section, which there must be of each."""
    found = [example for example in PROTOCOL.examples(section) if example["type"] in types]
    assert {example["type"] for example in found} == set(types)
    return found


def test_every_command_has_a_section_and_no_other_claims_to_be_one():
    titled = {heading.strip("`") for heading in PROTOCOL.headings if heading.startswith("`")}
    assert titled == COMMANDS.keys() | SERVER_FRAMES.keys() | {"error"}
    assert COMMANDS.keys() == {command.__struct_config__.tag for command in HANDLERS}


def test_every_example_is_a_frame_of_a_vector():
    vectors = [vector for vectors in FILES.values() for vector in vectors if isinstance(vector, ClientVector)]
    frames = [vector.frame for vector in vectors] + server_frames()
    for example in PROTOCOL.examples():
        assert example in frames


def test_every_type_of_a_vector_is_described():
    described = set(codes(PROTOCOL.prose)) | {"app.tea_ready", "app.order_shipped"}
    asked = {vector.expect.type for vectors in FILES.values() for vector in vectors if isinstance(vector, GoodFrame)}
    assert asked | {frame["type"] for frame in server_frames()} <= described
    assert "`app.…`" in PROTOCOL.section("Signals")


def test_every_command_that_is_described_has_an_example():
    assert {example["type"] for example in PROTOCOL.examples("Commands")} == COMMANDS.keys()


@pytest.mark.parametrize("type_", COMMANDS)
def test_examples_of_a_command_are_decoded(type_):
    for example in examples_of(type_, section="Commands"):
        assert isinstance(decode(json.dumps(example)), COMMANDS[type_])


@pytest.mark.parametrize("type_", SERVER_FRAMES)
def test_examples_of_a_server_frame_are_what_the_server_encodes(type_):
    for example in examples_of(type_):
        frame = msgspec.json.decode(json.dumps(example), type=SERVER_FRAMES[type_])
        assert json.loads(msgspec.json.encode(frame)) == example


def test_examples_of_errors_have_the_status_of_their_code():
    for example in examples_of("error"):
        code = ErrorCode(example["code"])
        assert (example["status"], example["retry"]) == (code.status, code.retry)
        assert example.keys() - {"chat", "field", "retry_after"} == ERROR_FIELDS


def test_every_kind_of_event_is_listed_with_its_fields():
    rows = PROTOCOL.rows("Events")
    assert {codes(kind)[0]: tuple(codes(fields)) for kind, fields, _ in rows} == {
        kind.value: traits.fields for kind, traits in TRAITS.items()
    }
    made = {codes(kind)[0] for kind, _, in_this_version in rows if in_this_version.startswith("yes")}
    assert made == {kind.value for kind in _PREPARE}


def test_examples_of_events_have_the_fields_of_their_kind():
    for example in examples_of(*(kind.value for kind in _PREPARE), section="Events"):
        own = [name for name in example if name not in {"type", "chat", "seq", "at", "sender", "id"}]
        assert set(own) <= set(TRAITS[Kind(example["type"])].fields)
        assert {"type", "chat", "seq", "at", "sender"} <= example.keys()


def test_every_error_code_is_listed_with_its_status():
    rows = [(codes(code)[0], int(status), retry) for code, status, retry, _ in PROTOCOL.rows("Errors")]
    assert rows == [(code.value, code.status, "yes" if code.retry else "no") for code in ErrorCode]


def test_every_close_code_is_listed_with_what_to_do():
    ranges, listed = PROTOCOL.tables("Close codes")
    assert [range_[0][:2] for range_ in ranges] == ["41", "42", "43", "44"]
    assert [(int(code), codes(reason)[0], do) for code, reason, do, _ in listed] == [
        (code.value, code.reason, remedy_for(code).name.lower().replace("_", " ")) for code in CloseCode
    ]


def test_limits_that_ready_tells_are_listed_with_their_defaults():
    limits = Limits()
    told = {name: str(getattr(limits, name)) for name in LIMITS_TOLD} | {"burst": str(limits.commands_burst)}
    assert {codes(name)[0]: default for name, default, _ in PROTOCOL.tables("Limits")[0]} == told
    assert {name: str(value) for name, value in examples_of("ready")[0]["limits"].items()} == told


def test_signals_are_those_that_are_told():
    rows = [(codes(signal)[0], codes(fields), note) for signal, fields, note in PROTOCOL.tables("Signals")[0]]
    told = {signal: fields for signal, fields, note in rows if note.startswith("yes")}
    shown = [example for example in PROTOCOL.examples("Signals") if example["type"] in told]
    assert {example["type"] for example in shown} == told.keys()
    assert all(list(example) == ["type", *told[example["type"]]] for example in shown)


def test_numbers_in_the_prose_are_the_defaults():
    limits, text = Limits(), " ".join(PROTOCOL.text.split())
    assert f"within {limits.ticket_seconds} seconds" in text
    assert f"`hello`, within {limits.hello_seconds:g} seconds" in text
    assert f"1–{limits.text_chars} characters after trimming" in text
    assert f"more than {limits.resume_events_per_chat} events" in text
    assert f"the {limits.resume_events:,} events" in text
    assert f"no answer for {limits.answer_seconds:g} seconds" in text
    assert f"carries at most {limits.answer_bytes // 1024} KiB of events or messages" in text
    assert f"within {limits.read_seconds:g} second of the last" in text
    assert f"at most once in {limits.typing_seconds:g} seconds" in text
    assert f"more than {limits.signal_members} members tells neither" in text
    assert f"at most {limits.mentions_per_message} in one text" in text
    assert f"message takes {limits.reactions_per_message} different ones" in text
    assert f"within {limits.presence_grace_seconds:g} seconds was never away" in text
    assert f"did not come back for {limits.presence_grace_seconds:g} seconds" in text
    assert f"too much unread for {limits.slow_seconds:g} seconds" in text


@pytest.mark.parametrize(("command", "most"), [("sync", 200), ("history", 100)])
def test_limits_of_a_page_are_those_of_the_command(command, most):
    default = COMMANDS[command].__struct_defaults__[-1]
    text = " ".join(PROTOCOL.section(f"`{command}`").split())
    assert f"`limit` is 1–{most}, and {default} without it" in text
    decode(json.dumps({"type": command, "id": "x", "chat": 1, "after": 0, "limit": most}))
