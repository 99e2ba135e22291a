"""What reaches a process from outside and means it ill: layer messages of no shape, and lines that want to be a log's own."""

from __future__ import annotations

import logging

import pytest
from channels.layers import get_channel_layer

from messaging.fanout import group_for_chat, group_for_user

pytestmark = pytest.mark.django_db(transaction=True)

FORGED_LINE = "2026-11-22 12:00:00 CRITICAL root: forged"
POISON = [
    {"type": "chat.events"},
    {"type": "chat.events", "chat": "x", "first": None, "epoch": 7, "frames": 3, "keys": [[]]},
    {"type": "chat.signal"},
    {"type": "user.joined"},
    {"type": "receive", "text": "x"},
    {"type": "disconnect"},
    {},
]


@pytest.mark.parametrize("message", POISON, ids=str)
async def test_a_poisoned_layer_message_ends_no_connection(world, message):
    ada = await world.user("ada")
    chat = await world.group(ada)
    talk = await world.join(ada)
    for group in (group_for_chat(chat), group_for_user(ada)):
        await get_channel_layer().send_groups([(group, dict(message))])
    id = await talk.say(chat, "still here")
    await talk.expect_ack(id)


async def test_what_a_client_sends_writes_no_line_of_a_log(world, caplog):
    caplog.set_level(logging.DEBUG)
    ada = await world.user("ada")
    chat = await world.group(ada)
    talk = await world.join(ada)
    for text in (
        f'{{"type": "x\\n{FORGED_LINE}"}}',
        f"x\n{FORGED_LINE}",
        f'{{"type": "read", "chat": "\\n{FORGED_LINE}"}}',
    ):
        await talk.put(text)
        await talk.expect("error")
    id = await talk.say(chat, f"hi\n{FORGED_LINE}")
    await talk.expect_ack(id)
    assert FORGED_LINE not in caplog.text
