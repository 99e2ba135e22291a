"""Coming back: what was missed is streamed from where the client was, and nothing twice."""

from __future__ import annotations

import pytest

from messaging import services

pytestmark = pytest.mark.django_db(transaction=True)


async def test_what_was_missed_is_replayed_then_caught_up(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    await world.say(bob, chat, "1", "2", "3")
    talk = await world.join(ann, resume={chat: 1})
    assert talk.ready["chats"][0]["from"] == 2
    await talk.expect_texts(chat, 2, ["2", "3"])
    await talk.expect("caught_up")
    await world.say(bob, chat, "4")
    await talk.expect_event(chat, 4)


async def test_a_replay_longer_than_a_page_is_whole(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    texts = [f"{n}" for n in range(250)]
    await world.say(bob, chat, *texts)
    talk = await world.join(ann, resume={chat: 0})
    await talk.expect_texts(chat, 1, texts)
    await talk.expect("caught_up")


async def test_without_a_cursor_the_stream_begins_after_the_head(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    await world.say(bob, chat, "1")
    talk = await world.join(ann)
    await talk.expect_nothing()
    await world.say(bob, chat, "2")
    await talk.expect_event(chat, 2)


async def test_a_hole_over_the_cap_is_skipped(world, limits):
    limits(resume_events_per_chat=2)
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    await world.say(bob, chat, "1", "2", "3")
    talk = await world.join(ann, resume={chat: 0})
    assert talk.ready["chats"] == [{"chat": chat, "head": 3, "from": 4, "read": 0, "unread": 3}]


async def test_the_cap_for_all_chats_is_spent_on_the_newest_first(world, limits):
    limits(resume_events=3)
    ann, bob = await world.users("ann", "bob")
    old, new = await world.group(ann, bob), await world.group(ann, bob)
    await world.say(bob, old, "1", "2")
    await world.say(bob, new, "3", "4")
    talk = await world.join(ann, resume={old: 0, new: 0})
    assert [(chat["chat"], chat["from"]) for chat in talk.ready["chats"]] == [(new, 1), (old, 3)]


async def test_a_foreign_epoch_resets_every_chat(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    await world.say(bob, chat, "1", "2")
    talk = await world.join(ann, resume={chat: 1}, epoch="another")
    assert talk.ready["chats"][0] | {} == {
        "chat": chat, "head": 2, "from": 3, "read": 0, "unread": 2, "reset": True,
    }  # fmt: skip


async def test_a_cursor_above_the_head_resets_the_chat(world):
    ann = await world.user("ann")
    chat = await world.group(ann)
    talk = await world.join(ann, resume={chat: 9})
    assert talk.ready["chats"][0]["reset"] is True
    assert talk.ready["chats"][0]["from"] == 1


async def test_who_was_removed_and_added_while_away_resumes_at_the_joining(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    await world.say(ann, chat, "1")
    await world.call(services.remove_member, actor=ann, chat=chat, user=bob)
    await world.say(ann, chat, "secret")
    await world.call(services.add_member, actor=ann, chat=chat, user=bob)
    talk = await world.join(bob, resume={chat: 1})
    assert talk.ready["chats"][0]["from"] == 4
    await talk.expect_event(chat, 4, "member.added", user=bob)
    await talk.expect("caught_up")


async def test_a_chat_one_is_no_longer_in_is_not_told(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    await world.call(services.remove_member, actor=ann, chat=chat, user=bob)
    talk = await world.join(bob, resume={chat: 0})
    assert talk.ready["chats"] == []


async def test_a_write_sent_again_after_a_reconnect_is_one_event(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    first = await world.join(ann)
    await first.expect_ack(await first.say(chat, "once", id="a"), seq=1)
    await first.leave()
    again = await world.join(ann, resume={chat: 0})
    await again.expect_event(chat, 1, id="a", sender=ann)
    await again.expect("caught_up")
    await again.say(chat, "once", id="a")
    await again.expect_ack("a", seq=1, duplicate=True)


async def test_writes_go_on_while_a_long_replay_runs(world):
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    texts = [f"{n}" for n in range(150)]
    await world.say(bob, chat, *texts)
    talk = await world.connect(ann)
    await talk.hello(resume={chat: 0}, epoch=await world.epoch())
    id = await talk.say(chat, "mine")
    await talk.expect_texts(chat, 1, texts)
    frames = [await talk.take(), await talk.take()]
    assert {frame["type"] for frame in frames} == {"ack", "caught_up"}
    assert next(frame for frame in frames if frame["type"] == "ack")["id"] == id


@pytest.mark.parametrize("fields", [{"resume": {"1": 1}}, {"epoch": "x"}, {"resume": {"a": 1}, "epoch": "x"}])
async def test_a_hello_with_half_a_resume_is_refused_and_may_be_said_again(world, fields):
    talk = await world.connect(await world.user("ann"))
    id = await talk.send("hello", **fields)
    await talk.expect_error("bad_frame", id=id)
    await talk.hello()
