"""Paging, catching up, read markers and typing over the socket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import pytest

from consumers.chat import ChatConsumer
from messaging import services
from messaging.models import Membership
from messaging.runtime import ensure_runtime

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
async def pair(world):
    """Return two connected people and the chat they share, with messages 1 to 5 of the second."""
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    await world.say(bob, chat, "1", "2", "3", "4", "5")
    return await world.join(ann), await world.join(bob), chat


async def test_sync_answers_with_the_events_after_a_place(pair):
    one, _, chat = pair
    ack = await one.expect_ack(await one.send("sync", chat=chat, after=1, limit=2), chat=chat, head=5, more=True)
    assert [(event["type"], event["seq"], event["text"]) for event in ack["events"]] == [
        ("message.created", 2, "2"),
        ("message.created", 3, "3"),
    ]
    ack = await one.expect_ack(await one.send("sync", chat=chat, after=3), head=5, more=False)
    assert [event["seq"] for event in ack["events"]] == [4, 5]


async def test_sync_at_the_head_is_empty(pair):
    one, _, chat = pair
    ack = await one.expect_ack(await one.send("sync", chat=chat, after=5), head=5, more=False)
    assert ack["events"] == []


async def test_sync_tells_ones_own_ids_and_nobody_elses(pair):
    one, two, chat = pair
    for talk, ids in ((one, [None, None]), (two, ["rest-1", "rest-2"])):
        ack = await talk.expect_ack(await talk.send("sync", chat=chat, after=0, limit=2))
        assert [event.get("id") for event in ack["events"]] == ids


async def test_history_answers_newest_first(pair):
    one, _, chat = pair
    ack = await one.expect_ack(await one.send("history", chat=chat, limit=2), more=True)
    assert [message["text"] for message in ack["messages"]] == ["5", "4"]
    ack = await one.expect_ack(await one.send("history", chat=chat, before=3), more=False)
    assert [message["text"] for message in ack["messages"]] == ["2", "1"]


async def test_an_answer_carries_no_more_bytes_than_the_limit_says(pair, limits):
    one, _, chat = pair
    limits(answer_bytes=200)
    ack = await one.expect_ack(await one.send("sync", chat=chat, after=0), more=True)
    assert [event["seq"] for event in ack["events"]] == [1]
    ack = await one.expect_ack(await one.send("history", chat=chat), more=True)
    assert [message["seq"] for message in ack["messages"]] == [5]


@pytest.mark.parametrize(
    ("type", "fields"), [("sync", {"after": 0}), ("history", {}), ("read", {"seq": 1}), ("typing", {"on": True})]
)
async def test_a_stranger_gets_nothing(world, pair, type, fields):
    _, _, chat = pair
    cid = await world.join(await world.user("cid"))
    id = await cid.send(type, chat=chat, **fields)
    await cid.expect_error("not_a_member", id=id, chat=chat)


@pytest.mark.parametrize(
    ("type", "fields", "field"),
    [
        ("sync", {"after": 0, "limit": 201}, "limit"),
        ("sync", {}, "after"),
        ("history", {"limit": 101}, "limit"),
        ("history", {"limit": 0}, "limit"),
        ("read", {}, "seq"),
        ("typing", {"on": 1}, "on"),
    ],
)
async def test_a_bad_field_is_named(pair, type, fields, field):
    one, _, chat = pair
    id = await one.send(type, chat=chat, **fields)
    await one.expect_error("bad_frame", id=id, field=field)


async def test_since_join_hides_what_was_before(world, settings):
    settings.ONESOCKET = settings.ONESOCKET | {"HISTORY_FOR_NEWCOMERS": "since_join"}
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann)
    await world.say(ann, chat, "before")
    await world.call(services.add_member, actor=ann, chat=chat, user=bob)
    talk = await world.join(bob)
    ack = await talk.expect_ack(await talk.send("sync", chat=chat, after=0))
    assert [event["seq"] for event in ack["events"]] == [2]
    ack = await talk.expect_ack(await talk.send("history", chat=chat), more=False)
    assert [message["type"] for message in ack["messages"]] == ["member.added"]


async def test_reading_is_stored_and_told_to_the_others(world, pair):
    one, two, chat = pair
    await one.expect_ack(await one.send("read", chat=chat, seq=3), chat=chat)
    await two.expect("read", chat=chat, user=one.user, seq=3)
    marker = await world.call(Membership.objects.get, user=one.user)
    assert (marker.read_seq, marker.read_count) == (3, 3)
    await one.expect_nothing()


async def test_a_marker_does_not_move_back_and_not_beyond_the_head(world, pair):
    one, two, chat = pair
    await one.expect_ack(await one.send("read", chat=chat, seq=99))
    await two.expect("read", seq=5)
    await one.expect_ack(await one.send("read", chat=chat, seq=1))
    await two.expect_nothing()
    assert (await world.call(Membership.objects.get, user=one.user)).read_seq == 5


async def test_many_markers_of_a_moment_become_one(pair):
    one, two, chat = pair
    for seq in (1, 2, 3, 4):
        await one.put(f'{{"type":"read","chat":{chat},"seq":{seq}}}')
    told = await two.expect("read")
    if told["seq"] < 4:  # the first may have been stored before the others came
        await two.expect("read", seq=4)
    await two.expect_nothing()
    await one.expect_nothing()


async def test_a_marker_sent_just_before_the_end_is_stored(world, pair):
    one, _, chat = pair
    await one.send("read", chat=chat, seq=1)
    await one.send("read", chat=chat, seq=5)
    await one.leave()
    await world.settle()
    assert (await world.call(Membership.objects.get, user=one.user)).read_seq == 5


async def test_sending_moves_the_senders_own_marker(world, pair):
    one, _, chat = pair
    await one.expect_ack(await one.say(chat), seq=6)
    assert (await world.call(Membership.objects.get, user=one.user)).read_seq == 6


async def test_typing_is_told_to_the_others_once_in_a_while_and_its_end_at_once(pair):
    one, two, chat = pair
    await one.expect_ack(await one.send("typing", chat=chat, on=True))
    await two.expect("typing", chat=chat, user=one.user, on=True)
    await one.send("typing", chat=chat, on=True)
    await one.send("typing", chat=chat, on=False)
    await two.expect("typing", chat=chat, user=one.user, on=False)
    await one.send("typing", chat=chat, on=False)
    await two.expect_nothing()


async def test_a_signal_without_an_id_gets_no_answer_not_even_an_error(pair):
    one, _, chat = pair
    await one.put(f'{{"type":"typing","chat":{chat + 99},"on":true}}')
    await one.put(f'{{"type":"read","chat":{chat + 99},"seq":1}}')
    await one.expect_nothing()


async def test_in_a_large_chat_neither_is_told(pair, limits):
    limits(signal_members=1)
    one, two, chat = pair
    await one.expect_ack(await one.send("typing", chat=chat, on=True))
    await one.expect_ack(await one.send("read", chat=chat, seq=5))
    await two.expect_nothing()


async def test_a_marker_moved_over_rest_is_told_too(world, pair):
    one, two, chat = pair
    await world.call(services.mark_read, user=one.user, chat=chat, seq=2)
    await two.expect("read", chat=chat, user=one.user, seq=2)


async def test_nothing_is_told_between_hello_and_ready(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    talk = await world.connect(ann)
    (consumer,) = cast(Iterable[ChatConsumer], ensure_runtime().connections)
    consumer.streams.expect(chat)  # as while its groups are being joined
    consumer.hear({"type": "chat.signal", "chat": chat, "user": bob, "frame": b'{"type":"typing"}'})
    await talk.expect_nothing()
    await talk.hello()
