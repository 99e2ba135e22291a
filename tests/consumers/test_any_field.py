"""Whatever stands in a field of a command, there is one answer to it, with its id, and never that we did not foresee it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messaging.protocol.frames import MAX_INTEGER, AnyCommand

pytestmark = pytest.mark.django_db(transaction=True)

MUCH = {"bad_frames_per_minute": 100_000, "commands_per_second": 100_000, "commands_burst": 100_000}
COMMANDS = {command.__struct_config__.tag: command.__struct_fields__ for command in AnyCommand.__args__}
# What a field holds while another one is tried.
USUAL: dict[str, Any] = {
    **{"seq": 1, "text": "hi", "after": 0, "limit": 5, "before": 3, "reply_to": 1, "on": True, "emoji": "👍"},
    **{"token": "x", "users": [1], "attachments": []},
}
VALUES: list[Any] = [
    *(None, True, False, -1, 0, 1, 2**31, MAX_INTEGER, MAX_INTEGER + 1, 2**63, 2**64, 1.0, 1.5, 1e308),
    *("", " ", "x", "1e5", "a\0b", "\ud800", "\u2028", "👍", "👍" * 30, "é" * 5_000, "a" * 65),
    *("a.b.c", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiJ9.W10.x", "." * 2_000),
    *([], [[]], [None], [True], ["1"], [MAX_INTEGER], list(range(200)), list(range(201))),
    *({}, {"": 1}, {"x": 1}, {"-1": 1}, {"1": -1}, {"01": 1, "1": 2}, {"\ud800": 1}, {f"{2**63}": 1}),
]


@pytest.mark.parametrize("type", COMMANDS)
async def test_whatever_stands_in_a_field_there_is_one_answer(world, limits, type):
    limits(**MUCH)
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    talk = await world.join(ann)
    await talk.expect_ack(await talk.say(chat), seq=1)
    usual = {field: value for field, value in (USUAL | {"chat": chat}).items() if field in COMMANDS[type]}
    tried = [usual | {field: value} for field in (*COMMANDS[type], "type") if field != "id" for value in VALUES]
    for number, fields in enumerate(tried):
        await talk.put(json.dumps({"type": type, "id": f"n{number}", **fields}))
        answer = await talk.take()
        assert (answer["type"] in ("ack", "error"), answer["id"]) == (True, f"n{number}"), fields
        assert answer.get("code") not in ("internal", "unavailable"), (fields, answer)


@pytest.mark.parametrize("field", ["epoch", "resume"])
async def test_whatever_a_first_hello_resumes_there_is_one_answer(world, limits, field):
    limits(**MUCH)
    ann = await world.user("ann")
    chat = await world.group(ann)
    talk = await world.connect(ann)
    for number, value in enumerate(VALUES):
        await talk.put(
            json.dumps({"type": "hello", "id": f"n{number}", "epoch": "e", "resume": {chat: 1}, field: value})
        )
        while (answer := await talk.take())["type"] == "caught_up":
            pass
        assert (answer["type"] in ("ready", "error"), answer["id"]) == (True, f"n{number}"), value
        assert answer.get("code") in (None, "bad_frame"), (value, answer)
        if answer["type"] == "ready":
            await talk.leave()
            talk = await world.connect(ann)
