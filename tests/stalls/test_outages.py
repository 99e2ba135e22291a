"""A database that is away, a server that is paused, clocks that are wrong: nobody is freed by it, and nothing is doubled."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from client import RestError
from messaging.database import fetch, run_in_thread
from messaging.models import Event
from tests.end_to_end.claims import FAST, expect_beats, expect_claimed, expect_freed, holder_of, until
from tests.server import Server, SocketTalk, database_url
from tests.servers import StartServer
from tests.vocabulary import Frame

pytestmark = pytest.mark.services

SILENCE = float(FAST["NODE_SILENCE_SECONDS"])


async def _answers(talk: SocketTalk, ids: list[str]) -> dict[str, Frame]:
    """Take the one answer to each of these commands: its ack, or that it may be sent again."""
    answers: dict[str, Frame] = {}
    async with asyncio.timeout(30):
        while len(answers) < len(ids):
            frame = await talk.take()
            assert frame["id"] in ids, frame
            if frame["type"] == "message.created":
                continue  # written by an attempt whose answer was that it may be sent again
            assert frame["type"] == "ack" or (frame["code"], frame["retry"]) == ("unavailable", True), frame
            assert answers.setdefault(frame["id"], frame) is frame
    return answers


async def _settle(talk: SocketTalk, chat: int, ids: list[str]) -> None:
    """Take the answers to messages, and send those without an ack again, in order, until all have one."""
    open = ids
    while open:
        answers = await _answers(talk, open)
        open = [id for id in open if answers[id]["type"] == "error"]
        await asyncio.sleep(max((answers[id]["retry_after"] for id in open), default=0))
        for id in open:
            await talk.say(chat, id, id=id)


async def _expect_each_once(talk: SocketTalk, chat: int, ids: list[str]) -> None:
    """Expect that each message is one event, and that it arrives once."""
    assert sorted(await run_in_thread(lambda: [event.text for event in Event.objects.all()])) == sorted(ids)
    heard = [await talk.expect_event(chat, seq) for seq in range(1, len(ids) + 1)]
    assert sorted(event["text"] for event in heard) == sorted(ids)


@pytest.mark.parametrize("fault", ["cut", "stall"])
async def test_a_database_away_for_long_ends_no_socket_frees_nobody_and_doubles_nothing(
    database_proxy, start_server, enrol, fault
):
    away = {**FAST, "DATABASE_URL": database_url(database_proxy)}
    first, second = await start_server(**away), await start_server(**away)
    [ann], [bob] = await enrol(first, "ann"), await enrol(second, "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one, two = await ann.join(), await bob.join()
    getattr(database_proxy, fault)()
    ids = [await _say_later(one, chat, f"m{n}", 3 * SILENCE / 10) for n in range(10)]
    database_proxy.heal()
    await _settle(one, chat, ids)
    await _expect_each_once(two, chat, ids)
    await expect_beats(2)
    for person, talk in ((ann, one), (bob, two)):
        await talk.expect_ack(await talk.send("ping"))
        await expect_claimed(person, talk.ready["connection"])
    assert "Swept" not in first.log() + second.log()


async def test_a_database_that_hangs_is_not_waited_for_for_ever(database_proxy, start_server, enrol):
    server = await start_server(DATABASE_URL=database_url(database_proxy), STATEMENT_TIMEOUT_MS="500")
    [ann] = await enrol(server, "ann")
    await ann.rest.me()
    database_proxy.stall()
    with pytest.raises(RestError, match="unavailable"):
        await ann.rest.me()
    database_proxy.heal()
    await ann.rest.me()


async def test_connections_that_hang_in_the_pool_hold_up_no_answer(database_proxy, start_server, enrol):
    server = await start_server(DATABASE_URL=database_url(database_proxy), STATEMENT_TIMEOUT_MS="500")
    [ann] = await enrol(server, "ann")
    chat = (await ann.rest.create_chat("group", [])).id
    talk = await ann.join()
    await asyncio.gather(*(ann.rest.me() for _ in range(20)))
    database_proxy.stall()
    await talk.say(chat, "hi", id="hi")
    async with asyncio.timeout(3):  # one connection is waited for, for a second
        await talk.expect_error("unavailable", id="hi", retry=True)
    database_proxy.heal()
    await _settle(talk, chat, [await talk.say(chat, "hi", id="hi")])


async def _say_later(talk: SocketTalk, chat: int, id: str, seconds: float) -> str:
    await asyncio.sleep(seconds)  # the length of the outage
    return await talk.say(chat, id, id=id)


async def test_a_write_that_was_committed_and_not_heard_of_is_one_event_and_arrives(
    database_proxy, start_server, enrol
):
    server = await start_server(**FAST, DATABASE_URL=database_url(database_proxy))
    ann, bob = await enrol(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one, two = await ann.join(), await bob.join()
    database_proxy.delay(0.1)
    await one.say(chat, "once", id="once")
    await until(Event.objects.exists)
    database_proxy.cut()
    await one.expect_error("unavailable", id="once", retry=True)
    database_proxy.heal()
    await one.expect_event(chat, 1, id="once")
    await two.expect_event(chat, 1, text="once")
    await one.say(chat, "once", id="once")
    await _settle(one, chat, ["once"])
    await two.expect_nothing()
    assert await run_in_thread(Event.objects.count) == 1


async def test_a_server_cut_off_alone_is_swept_and_claims_again_for_those_it_still_holds(
    database_proxy, start_server, enrol
):
    alone, other = await start_server(**FAST, DATABASE_URL=database_url(database_proxy)), await start_server(**FAST)
    [ann] = await enrol(alone, "ann")
    talk = await ann.join()
    database_proxy.cut()
    await expect_freed(ann.at(other))
    database_proxy.heal()
    await until(lambda: holder_of(ann) == talk.ready["connection"])
    await talk.expect_ack(await talk.send("ping"))


async def test_a_server_paused_past_its_sweep_keeps_those_who_went_nowhere_else(start_server, enrol):
    paused, other = await start_server(**FAST), await start_server(**FAST)
    ann, bob = await enrol(paused, "ann", "bob")
    old, kept = await ann.join(), await bob.join()
    paused.pause()
    there = ann.at(other)
    await expect_freed(there)
    talk = await there.join(device="tablet")
    paused.resume()
    await old.expect_close(4409)
    await until(lambda: holder_of(bob) == kept.ready["connection"])
    await kept.expect_ack(await kept.send("ping"))
    await expect_claimed(there, talk.ready["connection"])


_SKEW = """
import time

_time = time.time
time.time = lambda: _time() + {seconds}
"""


async def _start_skewed(start_server: StartServer, folder: Path, seconds: int) -> Server:
    (folder / "sitecustomize.py").write_text(_SKEW.format(seconds=seconds))
    # The deadline of a token is the one thing that a server reads off its own clock.
    return await start_server(**FAST, PYTHONPATH=str(folder), TOKEN_CLOSE_SECONDS="7200")


async def test_a_server_whose_clock_is_ahead_sweeps_nobody_and_is_swept_when_it_dies(tmp_path, start_server, enrol):
    right, ahead = await start_server(**FAST), await _start_skewed(start_server, tmp_path, 3600)
    [ann], [bob] = await enrol(right, "ann"), await enrol(ahead, "bob")
    one, two = await ann.join(), await bob.join()
    await asyncio.sleep(SILENCE + 0.5)  # nothing is to come
    await expect_claimed(ann, one.ready["connection"])
    await expect_claimed(bob, two.ready["connection"])
    await ahead.kill()
    await expect_freed(bob.at(right))


async def test_a_server_whose_clock_is_behind_is_not_swept_and_sweeps_the_dead(tmp_path, start_server, enrol):
    right, behind = await start_server(**FAST), await _start_skewed(start_server, tmp_path, -3600)
    [ann], [bob] = await enrol(right, "ann"), await enrol(behind, "bob")
    one, two = await ann.join(), await bob.join()
    await asyncio.sleep(SILENCE + 0.5)  # nothing is to come
    await expect_claimed(ann, one.ready["connection"])
    await expect_claimed(bob, two.ready["connection"])
    await right.kill()
    await expect_freed(ann.at(behind))


async def test_a_database_that_cuts_every_connection_in_a_storm_of_writes_doubles_nothing(start_server, enrol):
    much = {
        "COMMANDS_PER_SECOND": "1000",
        "COMMANDS_BURST": "1000",
        "WRITES_IN_FLIGHT": "200",
        "WRITES_PER_COMMIT": "5",
    }
    server = await start_server(**FAST, **much, DATABASE_URL=f"{database_url()}?application_name=server")
    ann, bob = await enrol(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one, two = await ann.join(), await bob.join()
    ids = [await one.say(chat, f"m{n}", id=f"m{n}") for n in range(200)]
    await two.expect_event(chat, 1)
    await _cut_every_connection("server")
    await _settle(one, chat, ids)
    assert await run_in_thread(Event.objects.count) == len(ids)
    for seq in range(2, len(ids) + 1):
        await two.expect_event(chat, seq)


async def _cut_every_connection(name: str) -> None:
    sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = %s"
    assert (await run_in_thread(fetch, sql, [name]))[0][0] > 0
