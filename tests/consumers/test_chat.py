"""The consumer: two people chat, and what each is told."""

from __future__ import annotations

import threading
import time

import pytest

from messaging import services
from messaging.models import Event
from messaging.runtime import ensure_runtime
from tests.consumers.conftest import forge_access

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_message_is_acked_to_its_sender_and_told_to_the_others(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    one, two = await world.join(ann), await world.join(bob)
    id = await one.say(chat, "hello")
    await one.expect_ack(id, chat=chat, seq=1)
    event = await two.expect_event(chat, 1, sender=ann, text="hello")
    assert "id" not in event
    await one.expect_nothing()


async def test_ready_tells_where_every_chat_stands(world):
    ann, bob = await world.users("ann", "bob")
    old, new = await world.group(ann, bob), await world.group(ann, bob)
    await world.say(bob, new, "1", "2")
    talk = await world.join(ann)
    assert talk.ready["user"] == ann
    assert talk.ready["limits"]["burst"] == 40
    assert talk.ready["chats"] == [
        {"chat": new, "head": 2, "from": 3, "read": 0, "unread": 2},
        {"chat": old, "head": 0, "from": 1, "read": 0, "unread": 0},
    ]


async def test_one_socket_carries_every_chat(world):
    ann, bob, cid = await world.users("ann", "bob", "cid")
    first, second = await world.group(ann, bob), await world.group(ann, cid)
    talk = await world.join(ann)
    await world.say(bob, first, "from bob")
    await talk.expect_event(first, 1, sender=bob)
    await world.say(cid, second, "from cid")
    await talk.expect_event(second, 1, sender=cid)


async def test_writes_of_one_connection_are_numbered_in_the_order_sent(world):
    ann = await world.user("ann")
    chat = await world.group(ann)
    talk = await world.join(ann)
    ids = [await talk.say(chat, f"{n}") for n in range(30)]
    for seq, id in enumerate(ids, 1):
        await talk.expect_ack(id, seq=seq)


async def test_every_command_before_hello_is_refused(world):
    talk = await world.connect(await world.user("ann"))
    id = await talk.send("ping")
    await talk.expect_error("hello_expected", id=id)
    await talk.hello()


async def test_a_second_hello_is_a_bad_frame(world):
    talk = await world.join(await world.user("ann"))
    id = await talk.send("hello")
    await talk.expect_error("bad_frame", id=id)


async def test_hello_that_does_not_come_ends_the_connection(world):
    talk = await world.connect(await world.user("ann"))
    await talk.expect_close(4301)


async def test_a_ping_is_answered(world):
    talk = await world.join(await world.user("ann"))
    await talk.expect_ack(await talk.send("ping"))


async def test_a_stranger_is_not_a_member_whether_or_not_the_chat_exists(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann)
    talk = await world.join(bob)
    await talk.say(chat, id="a")
    await talk.expect_error("not_a_member", id="a", chat=chat)
    await talk.say(chat + 999, id="b")
    await talk.expect_error("not_a_member", id="b", chat=chat + 999)


async def test_a_bad_frame_is_answered_and_the_next_good_one_works(world):
    talk = await world.join(await world.user("ann"))
    await talk.put("{")
    await talk.expect_error("bad_json", id=None)
    await talk.communicator.send_to(bytes_data=b"\x00")
    await talk.expect_error("bad_json", id=None)
    await talk.put("x" * 70_000)
    await talk.expect_error("frame_too_large", id=None)
    await talk.expect_ack(await talk.send("ping"))


async def test_commands_over_the_rate_are_refused_with_their_id(world, limits):
    # So slow that nothing of note is allowed anew while they are sent, however slow the machine.
    limits(commands_per_second=1)
    talk = await world.join(await world.user("ann"))
    ids = [await talk.send("ping") for _ in range(42)]
    answers = [await talk.take() for _ in ids]
    refused = [answer for answer in answers if answer["type"] == "error"]
    assert [answer["id"] for answer in answers] == ids
    assert refused
    assert {answer["code"] for answer in refused} == {"rate_limited"}
    assert 0 < refused[0]["retry_after"] <= 1


async def test_a_flood_ends_the_connection(world, limits):
    limits(commands_per_second=1)
    talk = await world.join(await world.user("ann"))
    for _ in range(170):
        await talk.send("ping")
    while (frame := await talk.take())["type"] != "bye":
        pass
    assert frame["code"] == 4202


async def test_a_hundred_bad_frames_in_a_minute_end_the_connection(world):
    talk = await world.join(await world.user("ann"))
    for _ in range(100):
        await talk.put("{")
    for _ in range(100):
        await talk.expect_error("bad_json")
    await talk.expect_close(4202)


async def test_a_token_that_ends_takes_the_connection_with_it(world, limits):
    limits(token_close_seconds=0.1)
    ann = await world.user("ann")
    token = forge_access(ann, exp=int(time.time()) + 1)
    talk = await world.join(ann, headers=[(b"authorization", f"Bearer {token}".encode())])
    await talk.expect_close(4300)


async def test_a_write_without_an_answer_in_time_ends_the_connection(world, limits):
    limits(answer_seconds=0.2)
    ann = await world.user("ann")
    chat = await world.group(ann)
    talk = await world.join(ann)
    hangs = threading.Event()
    ensure_runtime().writer._lane.submit(hangs.wait)  # as a database that takes the statement and says nothing
    await talk.say(chat)
    await talk.expect_close(4201)
    hangs.set()


async def test_a_newer_token_of_the_same_user_keeps_the_connection(world):
    ann, bob = await world.users("ann", "bob")
    talk = await world.join(ann)
    ack = await talk.expect_ack(await talk.send("token.refresh", token=await world.access(ann)))
    assert ack["expires_at"] >= talk.ready["token_expires_at"]
    await talk.send("token.refresh", token=await world.access(bob))
    await talk.expect_error("token_invalid")


async def test_a_new_chat_is_told_to_every_connected_member_its_creator_included(world):
    ann, bob, cid = await world.users("ann", "bob", "cid")
    one, two, three = await world.join(ann), await world.join(bob), await world.join(cid)
    chat = await world.group(ann, bob)
    await one.expect("chat.joined", chat=chat, head=0, **{"from": 1})
    await two.expect("chat.joined", chat=chat, head=0, **{"from": 1})
    await one.expect_ack(await one.say(chat), seq=1)
    await two.expect_event(chat, 1)
    await three.expect_nothing()


async def test_who_is_added_gets_the_stream_from_the_own_joining_on(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann)
    await world.say(ann, chat, "before")
    one, two = await world.join(ann), await world.join(bob)
    await world.call(services.add_member, actor=ann, chat=chat, user=bob)
    await one.expect_event(chat, 2, "member.added", user=bob, role="member")
    await two.expect("chat.joined", chat=chat, head=2, **{"from": 2})
    await two.expect_event(chat, 2, "member.added", user=bob)
    await one.expect_ack(await one.say(chat, "after"), seq=3)
    await two.expect_event(chat, 3, text="after")


async def test_who_is_removed_hears_of_it_and_then_nothing(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    one, two = await world.join(ann), await world.join(bob)
    await world.call(services.remove_member, actor=ann, chat=chat, user=bob)
    await two.expect_event(chat, 1, "member.removed", user=bob)
    await one.expect_event(chat, 1, "member.removed", user=bob)
    await one.expect_ack(await one.say(chat, "secret"), seq=2)
    await two.say(chat, "let me in", id="a")
    await two.expect_error("not_a_member", id="a")
    await two.expect_nothing()


async def test_who_is_added_again_gets_a_new_stream_without_what_lies_between(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    two = await world.join(bob)
    await world.call(services.remove_member, actor=ann, chat=chat, user=bob)
    await two.expect_event(chat, 1, "member.removed", user=bob)
    await world.say(ann, chat, "secret")
    await world.call(services.add_member, actor=ann, chat=chat, user=bob)
    await two.expect("chat.joined", chat=chat, head=3, **{"from": 3})
    await two.expect_event(chat, 3, "member.added", user=bob)
    await two.expect_ack(await two.say(chat, "back"), seq=4)


async def test_a_repeat_gets_the_first_answer_and_writes_nothing(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    one, two = await world.join(ann), await world.join(bob)
    await one.say(chat, "once", id="a")
    first = await one.expect_ack("a", seq=1)
    await one.say(chat, " once ", id="a")
    await one.expect_ack("a", seq=1, at=first["at"], duplicate=True)
    await two.expect_event(chat, 1)
    await two.expect_nothing()


async def test_the_same_id_with_other_content_is_a_conflict(world):
    ann = await world.user("ann")
    chat = await world.group(ann)
    talk = await world.join(ann)
    await talk.expect_ack(await talk.say(chat, "one", id="a"), seq=1)
    await talk.say(chat, "two", id="a")
    await talk.expect_error("id_conflict", id="a", retry=False)
    assert await world.call(Event.objects.count) == 1


async def test_the_same_id_over_rest_and_the_socket_is_one_event(world):
    ann = await world.user("ann")
    chat = await world.group(ann)
    talk = await world.join(ann)
    await world.call(services.send_message, sender=ann, chat=chat, id="a", text="hi")
    await talk.expect_event(chat, 1, id="a")
    await talk.say(chat, "hi", id="a")
    await talk.expect_ack("a", seq=1, duplicate=True)


async def test_a_removed_sender_still_gets_the_first_answer_to_an_old_id(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    talk = await world.join(bob)
    await talk.expect_ack(await talk.say(chat, "mine", id="a"), seq=1)
    await world.call(services.remove_member, actor=ann, chat=chat, user=bob)
    await talk.expect_event(chat, 2, "member.removed")
    await talk.say(chat, "mine", id="a")
    await talk.expect_ack("a", seq=1, duplicate=True)


@pytest.fixture(params=["channels.layers.InMemoryChannelLayer", "channels_redis.pubsub.RedisPubSubChannelLayer"])
def stock_layer(request, settings):
    """Serve with a layer that knows nothing of direct delivery."""
    config = settings.CHANNEL_LAYERS["default"].get("CONFIG", {})
    if "redis" in request.param and not config.get("hosts"):
        pytest.skip("needs Redis")
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": request.param, "CONFIG": config if "redis" in request.param else {}}
    }


@pytest.mark.usefixtures("stock_layer")
async def test_a_stock_layer_serves_too(world):
    ann, bob = await world.users("ann", "bob")
    one, two = await world.join(ann), await world.join(bob)
    chat = await world.group(ann, bob)
    await one.expect("chat.joined", chat=chat)
    await two.expect("chat.joined", chat=chat)
    await one.expect_ack(await one.say(chat, "hello"), seq=1)
    await two.expect_event(chat, 1, text="hello")
    again = await world.join(bob, resume={chat: 0})
    await two.expect_close(4409)
    await again.expect_event(chat, 1)
