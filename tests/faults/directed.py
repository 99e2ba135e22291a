"""A short conversation that touches every rule of the contract, for one server at a time: sound ones stay clean in it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx

from client import ClientError, Connection, Rest, RestError, commands
from client.checker import Bounds, History
from client.checker.recorder import Recorder
from client.frames import Frame
from client.streams import Streams
from tests.faults.acts import history, sync
from tests.server import PASSWORD

# A tenth of what a server has by default to free a claim, half of what it has to heal a stream.
BOUNDS = Bounds(event_seconds=2.5, free_seconds=2.0, answer_seconds=5.0)
WAITS = {"TAIL_SECONDS": "0.4", "BEAT_SECONDS": "0.5", "SWEEP_SECONDS": "0.5"}

_ANSWER_SECONDS = 2.0
_MARGIN_SECONDS = 1.0

_numbers = itertools.count(1)


class Speaker:
    """A user on one raw connection at a time; whatever comes is read and written down at once."""

    def __init__(self, url: str, history: History, name: str) -> None:
        self.id = 0
        self.name = name
        self.streams = Streams()
        self._url = url
        self._history = history
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._connection: Connection | None = None

    async def sign_up(self) -> None:
        """Make the account and get tokens."""
        async with Rest(self._url) as plain:
            self.id = (await plain.register(self.name, PASSWORD)).id
            tokens = await plain.login(self.name, PASSWORD)
        self.recorder = Recorder(self._history, self.id)
        self._http = httpx.AsyncClient(transport=self.recorder.transport(), timeout=10.0)
        self.rest = Rest(self._url, tokens=tokens, http=self._http)

    async def connect(self) -> None:
        """Open a socket and go on where the one before ended."""
        ticket = await self.rest.ticket(self.name)
        self._connection = await Connection.open(
            self._url, path=ticket.path, token=self.rest.access, tap=self.recorder.tap
        )
        self._reading = asyncio.create_task(self._read(self._connection))
        await self.ask(commands.hello(dict(self.streams.cursors), self.streams.epoch))

    async def disconnect(self) -> None:
        """Close the socket."""
        if self._connection is not None:
            await self._connection.close()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._connection = None

    async def leave(self) -> None:
        """Close everything."""
        await self.disconnect()
        await self._http.aclose()

    async def ask(self, command: Frame) -> Frame:
        """Send a command and return its answer, or nothing where none comes."""
        assert self._connection is not None
        answer = self._answers[command["id"]] = asyncio.get_running_loop().create_future()
        with suppress(TimeoutError, ClientError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                await self._connection.send(command)
                return await answer
        return {}

    async def say(self, chat: int) -> Frame:
        """Send a message that nobody has sent before, and return it."""
        write = commands.message_send(chat, f"{self.name} says {next(_numbers)}")
        await self.ask(write)
        return write

    async def say_seq(self, chat: int, *, reply_to: int | None = None) -> int:
        """Send a message that nobody has sent before, and return its number; 1 where it got none."""
        text = f"{self.name} says {next(_numbers)}"
        answer = await self.ask(commands.message_send(chat, text, reply_to=reply_to))
        return int(answer.get("seq", 1))

    async def look(self, chat: int) -> None:
        """Page back through a chat over the socket and over REST."""
        await self.ask(history(chat, limit=50))
        await _insist(lambda: self.rest.messages(chat, limit=50))

    async def sync(self, chat: int, after: int = 0) -> Frame:
        """Ask for the log of a chat."""
        return await self.ask(sync(chat, after, 200))

    async def _read(self, connection: Connection) -> None:
        with suppress(ClientError):
            while True:
                frame = await connection.receive()
                self._follow(frame)
                answer = self._answers.get(str(frame.get("id")))
                if answer is not None and not answer.done() and frame["type"] in ("ack", "error", "ready"):
                    answer.set_result(frame)

    def _follow(self, frame: Frame) -> None:
        # A broken server may send what no stream takes.
        with suppress(KeyError):
            if frame["type"] == "ready":
                self.streams.ready(frame)
            elif frame["type"] == "ack":
                self.streams.ack(frame, None)
            else:
                self.streams.take(frame)


async def converse(url: str, name: str) -> History:
    """Have three people, whose names begin with `name`, talk over a server; return what they saw."""
    history = History()
    ann, bob, cat = people = [Speaker(url, history, f"{name}-{each}") for each in ("ann", "bob", "cat")]
    try:
        for person in people:
            await person.sign_up()
            await person.connect()
        chats = await _talk(ann, bob, cat)
        await _pause_of(bob, history)
        await asyncio.sleep(BOUNDS.event_seconds + _MARGIN_SECONDS)
        for chat in chats:
            await _write_down(ann if chat != chats[-1] else bob, chat, history)
    finally:
        for person in people:
            await person.leave()
    return history


async def _talk(ann: Speaker, bob: Speaker, cat: Speaker) -> list[int]:
    group = (await ann.rest.create_chat("group", [bob.id], title="three")).id
    said = [await speaker.say(group) for _ in range(6) for speaker in (ann, bob)]
    await _insist(lambda: ann.rest.add_member(group, cat.id))
    await bob.ask(said[1])
    await _insist(lambda: ann.rest.send_message(group, said[0]["text"], id=said[0]["id"]))
    await _insist(lambda: ann.rest.remove_member(group, bob.id))
    for _ in range(3):
        await ann.say(group)
    # What one who was removed may and may not do.
    await bob.sync(group)
    await bob.ask(said[3])
    await bob.say(group)
    await _insist(lambda: ann.rest.add_member(group, bob.id))
    await ann.say(group)
    await ann.say(group)
    await _change_minds(ann, bob, cat, group)
    return [group, *await _fall_silent(ann, bob, cat)]


async def _change_minds(ann: Speaker, bob: Speaker, cat: Speaker, chat: int) -> None:
    """Reply, react, edit and delete, and have everybody look at the chat before and after it."""
    kept, gone = await ann.say_seq(chat), await bob.say_seq(chat)
    await cat.say_seq(chat, reply_to=kept)
    for speaker in (ann, bob, cat):
        await speaker.ask(commands.reaction_set(chat, kept, "👍", on=True))
    await bob.look(chat)
    await cat.ask(commands.reaction_set(chat, kept, "👍", on=False))
    await ann.ask(commands.message_edit(chat, kept, f"{ann.name} corrects {next(_numbers)}"))
    await bob.ask(commands.message_delete(chat, gone))
    for speaker in (ann, bob, cat):
        await speaker.look(chat)


async def _fall_silent(ann: Speaker, bob: Speaker, cat: Speaker) -> list[int]:
    """Send one message into each of some chats, which nothing follows; the last is without Ann."""
    chats = []
    for one, other in ((ann, bob), (ann, cat), (bob, cat)):
        chat = (await one.rest.create_chat("private", [other.id])).id
        # So that the other's stream is open, whatever became of its `chat.joined`.
        await other.sync(chat)
        await one.say(chat)
        chats.append(chat)
    return chats


async def _pause_of(bob: Speaker, history: History) -> None:
    """Have Bob go, be asked for, and come back."""
    await bob.disconnect()
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
    page = await member.sync(chat)
    history.add("log", frame={"chat": chat, "head": page["head"], "events": page["events"]})
    rows = await member.rest.page(None, f"/api/chats/{chat}/members/", {})
    history.add("members", frame={"chat": chat, "users": [row["id"] for row in rows.results]})


async def _insist(ask: Callable[[], Awaitable[Any]]) -> None:
    """Ask until it is not an error of the server; a broken one rolls back now and then."""
    while True:
        try:
            await ask()
        except RestError as error:
            if not error.retry:
                return
        else:
            return
