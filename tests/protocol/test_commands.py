"""Every frame of a client in the vectors is to the server's decoder, and to its socket, what the vector says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from messaging.conf import Limits
from messaging.protocol.codec import Codec, RefusedFrame
from messaging.protocol.codes import ErrorCode
from messaging.protocol.frames import AnyCommand
from tests.consumers.conftest import limits, world  # noqa: F401 - the same people and connections
from tests.protocol.vector import FILES, BadFrame, GoodFrame, each, join

codec = Codec(frame_bytes=Limits().frame_bytes, text_chars=Limits().text_chars)
COMMANDS = {command.__struct_config__.tag: command for command in AnyCommand.__args__}
# A flood of bad frames is told apart from a test of each.
PATIENT = {"bad_frames_per_minute": 1_000, "commands_per_second": 1_000, "commands_burst": 1_000}


def fields_of(command: AnyCommand) -> dict[str, Any]:
    """Return a command's fields as vectors write them."""
    fields = msgspec.to_builtins(command, str_keys=True)
    return {name: value for name, value in fields.items() if name != "type" and value is not None and value != []}


@each(GoodFrame)
def test_a_good_frame_is_its_command(vector):
    command = codec.decode(vector.text)
    expected = vector.expect.fields
    if "text" in expected:
        expected = expected | {"text": join(expected["text"])}
    assert type(command) is COMMANDS[vector.expect.type]
    assert fields_of(command) == expected


@each(BadFrame)
def test_a_bad_frame_is_refused_with_what_could_be_read(vector):
    with pytest.raises(RefusedFrame) as refused:
        codec.decode(vector.text)
    error = refused.value.error
    assert (error.code, error.field) == (vector.expect.code, vector.expect.field)
    assert (refused.value.id, refused.value.chat) == (vector.expect.id, vector.expect.chat)


def test_every_command_has_vectors_of_both_kinds():
    for type_ in COMMANDS:
        assert {type(vector) for vector in FILES[type_]} == {GoodFrame, BadFrame}
        assert {vector.expect.type for vector in FILES[type_] if isinstance(vector, GoodFrame)} == {type_}


def test_what_the_decoder_refuses_has_a_vector_for_each_code():
    refused = {vector.expect.code for vectors in FILES.values() for vector in vectors if isinstance(vector, BadFrame)}
    assert refused == {"bad_json", "bad_frame", "unknown_type", "frame_too_large"}


@pytest.mark.django_db(transaction=True)
async def test_every_bad_frame_is_answered_over_a_socket_and_the_next_good_one_works(world, limits):  # noqa: F811
    limits(**PATIENT)
    talk = await world.join(await world.user("ann"))
    for vectors in FILES.values():
        for vector in (vector for vector in vectors if isinstance(vector, BadFrame)):
            await talk.put(vector.text)
            answer = await talk.expect_error(vector.expect.code, retry=False)
            told = {name: answer.get(name) for name in ("id", "chat", "field")}
            assert told == {name: getattr(vector.expect, name) for name in told}, vector.name
            assert answer["status"] == ErrorCode(vector.expect.code).status
    await talk.expect_ack(await talk.send("ping"))
