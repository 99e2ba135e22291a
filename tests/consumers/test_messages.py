"""Editing, deleting and reacting over the socket: who is told what, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from messaging import services
from messaging.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

# Each command that changes message `seq`.
CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("message.edit", {"text": "x"}),
    ("message.delete", {}),
    ("reaction.set", {"emoji": "👍", "on": True}),
]
# And the one that only names it.
NAMING = [*CHANGES, ("message.send", {"text": "x"})]


def target(type: str, seq: int) -> dict[str, int]:
    """Return the field in which a command names message `seq`."""
    return {"reply_to" if type == "message.send" else "seq": seq}


@pytest.fixture
async def pair(world):
    """Return two connected people and the chat they share, with a message of the first."""
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    await world.say(ann, chat, "one")
    return await world.join(ann), await world.join(bob), chat


async def test_an_edit_is_acked_in_place_and_told_to_the_others(pair):
    one, two, chat = pair
    id = await one.send("message.edit", chat=chat, seq=1, text=" two\r\n")
    ack = await one.expect_ack(id, chat=chat, seq=2)
    event = await two.expect_event(chat, 2, "message.edited", sender=one.user, target=1, text="two", at=ack["at"])
    assert "id" not in event
    await one.expect_nothing()


async def test_a_deletion_is_acked_in_place_and_told_to_the_others(pair):
    one, two, chat = pair
    await one.expect_ack(await one.send("message.delete", chat=chat, seq=1), chat=chat, seq=2)
    event = await two.expect_event(chat, 2, "message.deleted", sender=one.user, target=1)
    assert event.keys() == {"type", "chat", "seq", "at", "sender", "target"}


async def test_a_reaction_is_acked_in_place_and_told_to_the_others(pair):
    one, two, chat = pair
    for seq, on in ((2, True), (3, False)):
        await two.expect_ack(await two.send("reaction.set", chat=chat, seq=1, emoji="👍", on=on), seq=seq)
        await one.expect_event(chat, seq, "reaction.set", sender=two.user, target=1, emoji="👍", on=on)


async def test_the_own_reaction_twice_changes_nothing_the_second_time(pair):
    one, two, chat = pair
    await two.expect_ack(await two.send("reaction.set", chat=chat, seq=1, emoji="👍", on=True), seq=2)
    ack = await two.expect_ack(await two.send("reaction.set", id="r", chat=chat, seq=1, emoji="👍", on=True), noop=True)
    assert ack.keys() == {"type", "id", "chat", "status", "noop"}
    # It is not remembered: the id is still free.
    await two.expect_ack(await two.send("reaction.set", id="r", chat=chat, seq=1, emoji="👍", on=False), seq=3)
    assert [(await one.expect("reaction.set"))["seq"] for _ in range(2)] == [2, 3]


async def test_writes_of_all_kinds_are_numbered_in_the_order_sent(pair):
    one, two, chat = pair
    ids = [await one.say(chat, "two")]
    for seq in (1, 2):
        ids += [await one.send(type, chat=chat, seq=seq, **fields) for type, fields in reversed(CHANGES) if fields]
    for seq, id in enumerate(ids, 2):
        await one.expect_ack(id, seq=seq)
    kinds = [(await two.take())["type"] for _ in ids]
    assert kinds == ["message.created", *["reaction.set", "message.edited"] * 2]


async def test_a_repeat_gets_the_first_answer_and_other_content_a_conflict(pair):
    one, two, chat = pair
    first = await one.expect_ack(await one.send("message.edit", id="e", chat=chat, seq=1, text="two"), seq=2)
    again = await one.expect_ack(await one.send("message.edit", id="e", chat=chat, seq=1, text="two"), duplicate=True)
    assert again == first | {"duplicate": True}
    for type, fields in (("message.edit", {"text": "x"}), ("message.delete", {})):
        await one.expect_error("id_conflict", id=await one.send(type, id="e", chat=chat, seq=1, **fields))
    await two.expect_event(chat, 2, "message.edited")
    await two.expect_nothing()


async def test_after_a_deletion_any_repeat_of_its_ids_is_the_first_answer(pair):
    one, _, chat = pair
    await one.expect_ack(await one.send("message.edit", id="e", chat=chat, seq=1, text="two"), seq=2)
    await one.expect_ack(await one.send("message.delete", chat=chat, seq=1), seq=3)
    await one.expect_ack(await one.say(chat, "whatever", id="rest-one"), seq=1, duplicate=True)
    await one.expect_ack(await one.send("message.edit", id="e", chat=chat, seq=9, text="x"), seq=2, duplicate=True)


@pytest.mark.parametrize(("type", "fields"), NAMING)
async def test_a_foreign_chat_is_not_a_member_whether_or_not_it_exists(world, pair, type, fields):
    _, _, chat = pair
    cid = await world.join(await world.user("cid"))
    for where in (chat, chat + 99):
        id = await cid.send(type, chat=where, **target(type, 1), **fields)
        await cid.expect_error("not_a_member", id=id, chat=where)


@pytest.mark.parametrize(("type", "fields"), NAMING)
@pytest.mark.parametrize("seq", [0, 2, 3, 99])
async def test_what_is_no_message_is_not_found(world, pair, type, fields, seq):
    one, two, chat = pair
    other = await world.group(one.user)
    await world.say(one.user, other, "1", "2", "3")
    await world.call(services.rename_chat, actor=one.user, chat=chat, title="Tea")
    await world.call(services.set_reaction, sender=one.user, chat=chat, id="r", seq=1, emoji="🎉", on=True)
    await two.expect_event(chat, 2, "chat.updated")
    await two.expect_event(chat, 3, "reaction.set")
    id = await two.send(type, chat=chat, **target(type, seq), **fields)
    await two.expect_error("message_not_found", id=id, chat=chat)


@pytest.mark.parametrize(("type", "fields"), NAMING)
async def test_a_deleted_message_is_not_found(pair, type, fields):
    one, two, chat = pair
    await one.expect_ack(await one.send("message.delete", chat=chat, seq=1), seq=2)
    await two.expect_event(chat, 2, "message.deleted")
    id = await two.send(type, chat=chat, **target(type, 1), **fields)
    await two.expect_error("message_not_found", id=id, chat=chat)


@pytest.mark.parametrize(("type", "fields"), CHANGES[:2])
async def test_the_message_of_somebody_else_is_forbidden(pair, type, fields):
    _, two, chat = pair
    await two.expect_error("forbidden", id=await two.send(type, chat=chat, seq=1, **fields), chat=chat)
    await two.expect_nothing()


async def test_an_admin_deletes_what_others_wrote_and_edits_nothing_of_theirs(world, pair):
    one, two, chat = pair
    await world.say(two.user, chat, "two")
    for talk in (one, two):
        await talk.expect_event(chat, 2)
    await one.expect_error("forbidden", id=await one.send("message.edit", chat=chat, seq=2, text="x"))
    await one.expect_ack(await one.send("message.delete", chat=chat, seq=2), seq=3)
    await two.expect_event(chat, 3, "message.deleted", target=2, sender=one.user)


async def test_an_edit_after_the_window_is_forbidden(pair, limits):
    one, _, chat = pair
    limits(edit_window_seconds=0.001)
    await one.expect_error("forbidden", id=await one.send("message.edit", chat=chat, seq=1, text="x"))
    await one.expect_ack(await one.send("message.delete", chat=chat, seq=1), seq=2)


async def test_a_reply_to_what_one_may_not_see_is_not_found(world, pair, settings):
    one, _, chat = pair
    settings.ONESOCKET = settings.ONESOCKET | {"HISTORY_FOR_NEWCOMERS": "since_join"}
    cid = await world.user("cid")
    await world.call(services.add_member, actor=one.user, chat=chat, user=cid)
    talk = await world.join(cid)
    await talk.expect_error("message_not_found", id=await talk.say(chat, "what?", reply_to=1))
    await talk.expect_error(
        "message_not_found", id=await talk.send("reaction.set", chat=chat, seq=1, emoji="👍", on=True)
    )
    await talk.expect_ack(await talk.say(chat, "hello"), seq=3)
    await talk.expect_ack(await talk.say(chat, "again", reply_to=3), seq=4)


@pytest.mark.parametrize("emoji", ["👍👍", "👍🎉", "👍" * 5_000, "x", "", " 👍", "1", "\U0001f3fb\U0001f44d"])
async def test_what_is_not_one_emoji_is_a_bad_frame(pair, emoji):
    one, _, chat = pair
    id = await one.send("reaction.set", chat=chat, seq=1, emoji=emoji, on=True)
    await one.expect_error("bad_frame", id=id, field="emoji", chat=chat)


@pytest.mark.parametrize("emoji", ["👍", "👍🏽", "❤️", "🏳️‍🌈", "👨‍👩‍👧‍👦", "🇩🇪", "1️⃣"])
async def test_whatever_looks_like_one_emoji_is_one(pair, emoji):
    one, two, chat = pair
    await one.expect_ack(await one.send("reaction.set", chat=chat, seq=1, emoji=emoji, on=True), seq=2)
    await two.expect_event(chat, 2, "reaction.set", emoji=emoji)


async def test_a_message_takes_no_more_different_emoji_than_is_set(pair, limits):
    one, two, chat = pair
    limits(reactions_per_message=1)
    await one.expect_ack(await one.send("reaction.set", chat=chat, seq=1, emoji="👍", on=True), seq=2)
    await two.expect_event(chat, 2, "reaction.set")
    id = await two.send("reaction.set", chat=chat, seq=1, emoji="🎉", on=True)
    await two.expect_error("limit_reached", id=id, chat=chat)
    await two.expect_ack(await two.send("reaction.set", chat=chat, seq=1, emoji="👍", on=True), seq=3)


async def test_who_is_mentioned_is_told_in_the_event_and_counted_in_ready(world, pair):
    one, two, chat = pair
    await one.expect_ack(await one.say(chat, "hi @Bob and @ann"), seq=2)
    await two.expect_event(chat, 2, mentions=[two.user, one.user])
    await one.expect_ack(await one.say(chat, "again, @bob"), seq=3)
    await two.expect_event(chat, 3, mentions=[two.user])
    await two.leave()
    again = await world.join(two.user)
    assert [(each["unread"], each["mentions"]) for each in again.ready["chats"]] == [(3, 2)]
    await again.expect_ack(await again.send("read", chat=chat, seq=2))
    await again.leave()
    last = await world.join(two.user)
    assert [(each["unread"], each["mentions"]) for each in last.ready["chats"]] == [(1, 1)]


async def test_sync_shows_messages_as_they_are_now(world, pair):
    one, _, chat = pair
    await world.say(one.user, chat, "two")
    await one.expect_event(chat, 2)
    await one.expect_ack(await one.send("message.edit", chat=chat, seq=2, text="due"), seq=3)
    await one.expect_ack(await one.send("message.delete", chat=chat, seq=1), seq=4)
    ack = await one.expect_ack(await one.send("sync", chat=chat, after=0))
    assert [(event["type"], event.get("text"), event.get("deleted")) for event in ack["events"]] == [
        ("message.created", None, True),
        ("message.created", "due", None),
        ("message.edited", "due", None),
        ("message.deleted", None, None),
    ]


async def test_resuming_brings_the_changes_in_their_places(world, pair):
    one, two, chat = pair
    await two.leave()
    await one.expect_ack(await one.send("message.edit", chat=chat, seq=1, text="two"), seq=2)
    await one.expect_ack(await one.send("reaction.set", chat=chat, seq=1, emoji="👍", on=True), seq=3)
    await one.expect_ack(await one.send("message.delete", chat=chat, seq=1), seq=4)
    again = await world.join(two.user, resume={chat: 0})
    await again.expect_event(chat, 1, deleted=True, text=None)
    await again.expect_event(chat, 2, "message.edited", deleted=True, text=None)
    await again.expect_event(chat, 3, "reaction.set", emoji="👍")
    await again.expect_event(chat, 4, "message.deleted", target=1)
    await again.expect("caught_up")


async def test_a_write_of_a_lost_connection_is_acked_where_the_replay_reaches_it(world, pair):
    one, _, chat = pair
    await one.send("message.edit", id="e", chat=chat, seq=1, text="two")
    await one.expect_ack("e", seq=2)
    await one.leave()
    again = await world.connect(one.user)
    await again.send("hello", resume={chat: 1}, epoch=await world.epoch())
    await again.send("message.edit", id="e", chat=chat, seq=1, text="two")
    await again.expect("ready")
    answers = [await again.take() for _ in range(2)]
    own = next(frame for frame in answers if frame.get("seq") == 2)
    assert own["type"] in ("ack", "message.edited")
    if own["type"] == "message.edited":
        assert own["id"] == "e"
        await again.expect_ack("e", seq=2, duplicate=True)


async def test_history_is_folded(world, pair):
    one, two, chat = pair
    await one.expect_ack(await one.send("message.edit", chat=chat, seq=1, text="uno"), seq=2)
    await one.expect_ack(await one.send("reaction.set", chat=chat, seq=1, emoji="👍", on=True), seq=3)
    await one.expect_ack(await one.say(chat, "re", reply_to=1), seq=4)
    for kind in ("message.edited", "reaction.set", "message.created"):
        await two.expect(kind)
    ack = await two.expect_ack(await two.send("history", chat=chat))
    reply, first = ack["messages"]
    assert reply["reply_to"] == {"seq": 1, "sender": one.user, "text": "uno"}
    edited = await world.call(lambda: Event.objects.get(chat=chat, seq=2))
    assert first["edited_at"].startswith(edited.at.replace(tzinfo=None).isoformat(timespec="microseconds"))
    assert (first["text"], first["reactions"]) == ("uno", [{"emoji": "👍", "count": 1, "mine": False}])
