"""What operators see of real servers: metrics of several processes as one, and logs that say who and when, never what."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest

from tests.end_to_end.claims import until
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.services

SECRETS = ("kumquat", "tangerine\n2026 ERROR", "grapefruit")


async def test_each_process_answers_for_all_that_share_a_folder_and_live(start_server, enrol, tmp_path):
    shared = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics")}
    first, second = await start_server(**shared), await start_server(**shared)
    [ann], [bob] = await enrol(first, "ann"), await enrol(second, "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one, two = await ann.join(), await bob.join()
    await one.expect_ack(await one.say(chat))
    await two.expect_event(chat, 1)
    async with asyncio.timeout(PATIENCE):
        while (await first.metrics())["chat_deliveries_total", "event"] < 2:
            pass  # the sender's own process may hear of it after the ack
    both = await first.metrics(), await second.metrics()
    for seen in both:
        assert seen["chat_connections",] == 2
        assert seen["chat_commands_total", "hello"] == 2
        assert seen["chat_answers_total", "ok", "message.send"] == 1
        assert seen["chat_deliveries_total", "event"] == 2
        assert seen["chat_delivery_seconds_count",] == 2
        assert 0 < seen["chat_delivery_seconds_sum",] < 10
        assert seen["chat_layer_deaf",] == 0
    await second.kill()
    left = await first.metrics()
    assert (left["chat_connections",], left["chat_commands_total", "hello"]) == (1, 2)


def lines_of(server):
    return [json.loads(line) for line in server.log().splitlines()]


async def test_a_connection_is_one_line_that_says_what_it_did(start_server, enrol):
    server = await start_server(LOG_FORMAT="json")
    [ann] = await enrol(server, "ann")
    began = time.monotonic()
    talk = await ann.join(headers={"X-Request-ID": "r-7"})
    await talk.expect_ack(await talk.send("ping"))
    await talk.put("no json")
    await talk.expect_error("bad_json")
    await ann.close()
    await until(lambda: "has ended" in server.log())
    [line] = [line for line in lines_of(server) if line["logger"] == "consumers.connection_log"]
    assert 0 < line.pop("seconds") < time.monotonic() - began
    assert line.pop("at") < "9"
    assert line == {
        "level": "INFO",
        "logger": "consumers.connection_log",
        "message": "A connection has ended.",
        "connection": talk.ready["connection"],
        "user": ann.id,
        "request_id": "r-7",
        "frames_in": 3,
        "frames_out": 4,
        "commands": 2,
        "code": 1000,
    }


@pytest.mark.parametrize("format", ["text", "json"])
async def test_logs_have_no_text_no_token_and_no_line_of_a_client(start_server, sign_up, format):
    server = await start_server(LOG_FORMAT=format, LOG_LEVEL="DEBUG")
    [ann] = await sign_up(server, "ann")
    chat = (await ann.rest.create_chat("group", [], title=SECRETS[0])).id
    talk = await ann.join()
    for text in SECRETS:
        await talk.expect_ack(await talk.say(chat, text))
    await talk.put('{"type": "message.send", "id": "kumquat')
    await talk.expect_error("bad_json")
    async with httpx.AsyncClient() as http:
        await http.get(f"{server.url}/%0A2026%20ERROR/?token=kumquat", headers={"X-Request-ID": "kumquat tangerine"})
    await ann.close()
    await server.stop()
    log = server.log()
    assert "A connection has ended." in log
    kept = (*SECRETS, "kumquat", "tangerine", ann.rest.access, ann.rest.tokens.refresh, "\n2026 ERROR")
    assert not [secret for secret in kept if secret in log]
