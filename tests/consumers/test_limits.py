"""The bounds of one connection: how fast it may ask, how often it may be wrong, and how long it may wait or be waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import cast

import pytest

from consumers.chat import ChatConsumer
from consumers.limits import Allowance, TokenBucket
from messaging.conf import Limits, get_settings
from messaging.database import get_pool
from messaging.protocol.codes import ErrorCode
from messaging.runtime import ensure_runtime
from tests.consumers.conftest import forge_access

MINUTE = 60.0


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate():
    bucket = TokenBucket(rate=20, burst=40, now=0.0)
    assert [bucket.take(0.0) for _ in range(41)] == [True] * 40 + [False]
    assert bucket.wait() == pytest.approx(0.05)
    assert [bucket.take(1.0) for _ in range(21)] == [True] * 20 + [False]
    assert [bucket.take(MINUTE) for _ in range(41)] == [True] * 40 + [False]


def test_frames_are_read_up_to_four_times_what_commands_are_carried_out():
    allowance = Allowance(Limits(), now=0.0)
    assert [allowance.reads(0.0) for _ in range(161)] == [True] * 160 + [False]
    assert [allowance.commands(0.0) for _ in range(41)] == [True] * 40 + [False]
    assert [allowance.reads(1.0) for _ in range(81)] == [True] * 80 + [False]


def test_the_hundredth_bad_frame_within_a_minute_is_one_too_many():
    allowance = Allowance(Limits(), now=0.0)
    assert all(allowance.forgives(ErrorCode.BAD_JSON, 0.0) for _ in range(99))
    assert allowance.forgives(ErrorCode.BAD_FRAME, MINUTE + 0.1)
    assert all(allowance.forgives(ErrorCode.HELLO_EXPECTED, MINUTE + 0.1) for _ in range(98))
    assert not allowance.forgives(ErrorCode.FRAME_TOO_LARGE, 2 * MINUTE)


@pytest.mark.parametrize(
    "code", [ErrorCode.UNKNOWN_TYPE, *(code for code in ErrorCode if code.status != 400)], ids=lambda code: code.value
)
def test_no_other_error_counts(code):
    allowance = Allowance(Limits(), now=0.0)
    assert all(allowance.forgives(code, 0.0) for _ in range(200))


@pytest.mark.django_db(transaction=True)
async def test_a_token_is_refreshed_whatever_the_rate_and_an_older_one_shortens_nothing(world, limits):
    limits(commands_per_second=1, commands_burst=1)
    ann = await world.user("ann")
    talk = await world.join(ann)
    await talk.expect_error("rate_limited", id=await talk.send("ping"))
    soon = forge_access(ann, exp=int(time.time()) + 60)
    ack = await talk.expect_ack(await talk.send("token.refresh", token=soon))
    assert ack["expires_at"] == talk.ready["token_expires_at"]
    far = await talk.expect_ack(await talk.send("token.refresh", token=forge_access(ann)))
    assert far["expires_at"] == "2100-01-01T00:00:00.000000Z"


@pytest.mark.django_db(transaction=True)
async def test_an_error_to_hello_gives_the_time_for_it_anew_and_no_other_error_does(world):
    talk = await world.connect(await world.user("ann"))
    (consumer,) = cast(Iterable[ChatConsumer], ensure_runtime().connections)
    first = consumer.deadlines._timers["hello"]
    await talk.expect_error("hello_expected", id=await talk.send("ping"))
    assert consumer.deadlines._timers["hello"] is first
    await talk.expect_error("bad_frame", id=await talk.send("hello", resume={}), field="epoch")
    assert consumer.deadlines._timers["hello"].when() > first.when()


@pytest.mark.django_db(transaction=True)
async def test_one_unanswered_write_too_many_is_refused_and_may_be_sent_again(world, limits):
    limits(writes_in_flight=2)
    ann = await world.user("ann")
    chat = await world.group(ann)
    talk = await world.join(ann)
    hangs = threading.Event()
    ensure_runtime().writer._lane.submit(hangs.wait)  # as a commit that takes its time
    try:
        ids = [await talk.say(chat, f"{n}") for n in range(3)]
        error = await talk.expect_error("rate_limited", id=ids[2], chat=chat, retry=True)
    finally:
        hangs.set()
    assert error["retry_after"] > 0
    for seq, id in enumerate(ids[:2], 1):
        await talk.expect_ack(id, seq=seq)
    await talk.expect_ack(await talk.say(chat, "2", id=ids[2]), seq=3)


@pytest.mark.django_db(transaction=True)
async def test_a_marker_without_an_answer_in_time_ends_the_connection(world, limits):
    limits(answer_seconds=0.2)
    ann = await world.user("ann")
    chat = await world.group(ann)
    talk = await world.join(ann)
    hangs = threading.Event()
    for _ in range(get_settings().database_threads):
        get_pool().submit(hangs.wait)  # as a database that takes the statement and says nothing
    try:
        await talk.put(f'{{"type":"read","chat":{chat},"seq":0}}')
        await talk.send("read", chat=chat, seq=0)
        await talk.expect_close(4201)
    finally:
        hangs.set()
