"""What a server refuses after it has understood it, over the socket, each with the frame that the vectors show."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.db import OperationalError

from consumers import handlers
from messaging import services
from tests.consumers.conftest import forge_access, limits, world  # noqa: F401 - the same people and connections
from tests.protocol.vector import FILES, ServerVector

pytestmark = pytest.mark.django_db(transaction=True)

SHOWN = {
    step.frame["code"]: step.frame
    for vector in FILES["error"]
    if isinstance(vector, ServerVector)
    for step in vector.steps
    if step.frame["id"] is not None
}


async def expect_refusal(talk: Any, code: str, id: str, **fields: Any) -> None:
    """Expect an error that says no more and no less than the vector of its code."""
    error = await talk.expect_error(code, id=id, **fields)
    same = ("status", "detail", "retry")
    assert error.keys() == SHOWN[code].keys()
    assert [error[name] for name in same] == [SHOWN[code][name] for name in same]


@pytest.fixture
async def alone(world):  # noqa: F811
    """Return somebody who is connected, and a chat."""
    ann = await world.user("ann")
    chat = await world.group(ann)
    return await world.join(ann), chat


async def test_a_type_that_nobody_knows_is_unknown_type(alone):
    talk, chat = alone
    await expect_refusal(talk, "unknown_type", await talk.send("tea.pour", chat=chat), chat=chat)


async def test_a_reply_to_what_is_no_message_is_message_not_found(alone):
    talk, chat = alone
    await expect_refusal(talk, "message_not_found", await talk.say(chat, reply_to=9), chat=chat)


async def test_an_edit_of_what_somebody_else_wrote_is_forbidden(world, alone):  # noqa: F811
    talk, chat = alone
    bob = await world.user("bob")
    await world.call(services.add_member, actor=talk.user, chat=chat, user=bob)
    await world.say(bob, chat, "hi")
    for seq in (1, 2):
        await talk.expect_event(chat, seq, "member.added" if seq == 1 else "message.created")
    id = await talk.send("message.edit", chat=chat, seq=2, text="ho")
    await expect_refusal(talk, "forbidden", id, chat=chat)


async def test_one_emoji_too_many_is_limit_reached(world, alone):  # noqa: F811
    talk, chat = alone
    await talk.expect_ack(await talk.say(chat))
    for n in range(20):
        id = await talk.send("reaction.set", chat=chat, seq=1, emoji=chr(ord("🍇") + n), on=True)
        await talk.expect_ack(id, seq=n + 2)
    id = await talk.send("reaction.set", chat=chat, seq=1, emoji="👍", on=True)
    await expect_refusal(talk, "limit_reached", id, chat=chat)


async def test_a_chat_one_is_not_in_is_not_a_member(alone):
    talk, chat = alone
    await expect_refusal(talk, "not_a_member", await talk.say(chat + 1), chat=chat + 1)


async def test_an_id_with_other_content_is_id_conflict(alone):
    talk, chat = alone
    await talk.expect_ack(await talk.say(chat, "one", id="a"))
    await expect_refusal(talk, "id_conflict", await talk.say(chat, "two", id="a"), chat=chat)


async def test_a_token_that_has_ended_is_token_expired(alone):
    talk, _ = alone
    token = forge_access(talk.user, exp=int(time.time()) - 60)
    await expect_refusal(talk, "token_expired", await talk.send("token.refresh", token=token))


async def test_what_is_no_token_is_token_invalid(alone):
    talk, _ = alone
    await expect_refusal(talk, "token_invalid", await talk.send("token.refresh", token="x"))


async def test_a_command_before_hello_is_hello_expected(world):  # noqa: F811
    talk = await world.connect(await world.user("ann"))
    await expect_refusal(talk, "hello_expected", await talk.send("ping"))


async def test_a_command_over_the_rate_is_rate_limited(world, limits):  # noqa: F811
    limits(commands_per_second=1, commands_burst=2)
    ann = await world.user("ann")
    chat = await world.group(ann)
    talk = await world.join(ann)
    await talk.expect_ack(await talk.send("typing", chat=chat, on=False))
    await expect_refusal(talk, "rate_limited", await talk.send("typing", chat=chat, on=False), chat=chat)


@pytest.mark.parametrize(("fault", "code"), [(OperationalError("gone"), "unavailable"), (KeyError("us"), "internal")])
async def test_a_store_that_is_away_is_unavailable_and_our_own_fault_is_internal(alone, monkeypatch, fault, code):
    def fail(*_args: Any) -> None:
        raise fault

    talk, chat = alone
    monkeypatch.setattr(handlers, "read_as_member", fail)
    await expect_refusal(talk, code, await talk.send("sync", chat=chat, after=0), chat=chat)
