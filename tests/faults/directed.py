"""A short conversation that touches every rule of the contract, for one server at a time: sound ones stay clean in it."""

from __future__ import annotations

import asyncio
import itertools
import time

from client import Rest, RestError, commands
from client.checker import Bounds, History
from client.conformance.conversation import insist
from client.conformance.speaker import Speaker
from client.frames import Frame
from tests.faults.acts import history, sync
from tests.server import PASSWORD

# A tenth of what a server has by default to free a claim, half of what it has to heal a stream.
BOUNDS = Bounds(event_seconds=2.5, free_seconds=2.0, answer_seconds=5.0)
WAITS = {"TAIL_SECONDS": "0.4", "BEAT_SECONDS": "0.5", "SWEEP_SECONDS": "0.5"}

_ANSWER_SECONDS = 2.0
_MARGIN_SECONDS = 1.0

_numbers = itertools.count(1)


async def _say(speaker: Speaker, chat: int) -> Frame:
    """Have somebody send a message that nobody has sent before, and return it."""
    return await speaker.say(chat, f"{speaker.name} says {next(_numbers)}")


async def _say_seq(speaker: Speaker, chat: int, *, reply_to: int | None = None) -> int:
    """Have somebody send a message that nobody has sent before, and return its number; 1 where it got none."""
    text = f"{speaker.name} says {next(_numbers)}"
    answer = await speaker.ask(commands.message_send(chat, text, reply_to=reply_to))
    return int(answer.get("seq", 1))


async def _look(speaker: Speaker, chat: int) -> None:
    """Have somebody page back through a chat over the socket and over REST."""
    await speaker.ask(history(chat, limit=50))
    await insist(lambda: speaker.rest.messages(chat, limit=50))


async def _sync(speaker: Speaker, chat: int) -> Frame:
    return await speaker.ask(sync(chat, 0, 200))


async def converse(url: str, name: str) -> History:
    """Have three people, whose names begin with `name`, talk over a server; return what they saw."""
    history = History()
    ann, bob, cat = people = [
        Speaker(url, history, f"{name}-{each}", answer_seconds=_ANSWER_SECONDS) for each in ("ann", "bob", "cat")
    ]
    try:
        for person in people:
            await _register(url, person.name)
            await person.sign_in(PASSWORD)
            await person.connect()
        chats = await _talk(ann, bob, cat)
        await _pause_of(bob, ann, chats[0], history)
        await asyncio.sleep(BOUNDS.event_seconds + _MARGIN_SECONDS)
        for chat in chats:
            await _write_down(ann if chat != chats[-1] else bob, chat, history)
    finally:
        for person in people:
            await person.leave()
    return history


async def _register(url: str, name: str) -> None:
    async with Rest(url) as plain:
        await plain.register(name, PASSWORD)


async def _talk(ann: Speaker, bob: Speaker, cat: Speaker) -> list[int]:
    group = (await ann.rest.create_chat("group", [bob.id], title="three")).id
    said = [await _say(speaker, group) for _ in range(6) for speaker in (ann, bob)]
    await insist(lambda: ann.rest.add_member(group, cat.id))
    await bob.ask(said[1])
    await insist(lambda: ann.rest.send_message(group, said[0]["text"], id=said[0]["id"]))
    await insist(lambda: ann.rest.remove_member(group, bob.id))
    for _ in range(3):
        await _say(ann, group)
    # What one who was removed may and may not do.
    await _sync(bob, group)
    await bob.ask(said[3])
    await _say(bob, group)
    await insist(lambda: ann.rest.add_member(group, bob.id))
    await _say(ann, group)
    await _say(ann, group)
    await _change_minds(ann, bob, cat, group)
    return [group, *await _fall_silent(ann, bob, cat)]


async def _change_minds(ann: Speaker, bob: Speaker, cat: Speaker, chat: int) -> None:
    """Reply, react, edit and delete, and have everybody look at the chat before and after it."""
    kept, gone = await _say_seq(ann, chat), await _say_seq(bob, chat)
    await _say_seq(cat, chat, reply_to=kept)
    for speaker in (ann, bob, cat):
        await speaker.ask(commands.reaction_set(chat, kept, "👍", on=True))
    await _look(bob, chat)
    await cat.ask(commands.reaction_set(chat, kept, "👍", on=False))
    await ann.ask(commands.message_edit(chat, kept, f"{ann.name} corrects {next(_numbers)}"))
    await bob.ask(commands.message_delete(chat, gone))
    for speaker in (ann, bob, cat):
        await _look(speaker, chat)


async def _fall_silent(ann: Speaker, bob: Speaker, cat: Speaker) -> list[int]:
    """Send one message into each of some chats, which nothing follows; the last is without Ann."""
    chats = []
    for one, other in ((ann, bob), (ann, cat), (bob, cat)):
        chat = (await one.rest.create_chat("private", [other.id])).id
        # So that the other's stream is open, whatever became of its `chat.joined`.
        await _sync(other, chat)
        await _say(one, chat)
        chats.append(chat)
    return chats


async def _pause_of(bob: Speaker, ann: Speaker, chat: int, history: History) -> None:
    """Have Bob go, miss something, be asked for, and come back."""
    await bob.disconnect()
    await _say(ann, chat)
    await asyncio.sleep(BOUNDS.free_seconds + _MARGIN_SECONDS)
    began, connected = time.monotonic(), False
    try:
        await bob.rest.ticket("probe")
    except RestError as error:
        connected = error.code == "already_connected"
    frame = {"connected": connected, "user_probed": bob.id, "began": began}
    history.add("probe", user=bob.id, frame=frame)
    await bob.connect()


async def _write_down(member: Speaker, chat: int, history: History) -> None:
    page = await _sync(member, chat)
    history.add("log", frame={"chat": chat, "head": page["head"], "events": page["events"]})
    rows = await member.rest.page(None, f"/api/chats/{chat}/members/", {})
    history.add("members", frame={"chat": chat, "users": [row["id"] for row in rows.results]})
