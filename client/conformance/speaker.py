"""A user on one raw connection at a time, whose every frame and call is written down."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import httpx

from client import commands
from client.checker import History, Recorder
from client.connection import Connection
from client.errors import ClientError
from client.frames import Frame
from client.rest import Rest
from client.streams import Streams

# The server answers within 30 s or ends the connection (§2), and a live event is at most 5 s late (C7).
ANSWER_SECONDS = 30.0
EVENT_SECONDS = 6.0
_ANSWERS = frozenset({"ack", "error", "ready"})
# How often a write is sent again whose error says that it may be.
_TRIES = 10


class Speaker:
    """One of the people; `id` is known once it has signed in."""

    def __init__(self, url: str, history: History, name: str, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self.id = 0
        self.name = name
        self.answer_seconds = answer_seconds
        self.streams = Streams()
        self.ready: Frame = {}
        self._url = url
        self._history = history
        self._answers: dict[str, asyncio.Future[Frame]] = {}
        self._came = asyncio.Condition()
        self._connection: Connection | None = None

    async def sign_in(self, password: str) -> None:
        """Get tokens; raises RestError, TransportError."""
        async with Rest(self._url) as plain:
            tokens = await plain.login(self.name, password)
            self.id = (await plain.me()).id
        self.recorder = Recorder(self._history, self.id)
        self._http = httpx.AsyncClient(transport=self.recorder.transport(), timeout=ANSWER_SECONDS)
        self.rest = Rest(self._url, tokens=tokens, http=self._http)

    async def connect(self, *, epoch: str | None = None) -> None:
        """Open a socket and go on where the one before ended; with `epoch`, as if that had been read under it."""
        await self.open()
        hello = commands.hello(dict(self.streams.cursors), epoch or self.streams.epoch)
        self.ready = await self.ask(hello)

    async def open(self) -> None:
        """Open a socket and say nothing yet."""
        ticket = await self.rest.ticket(f"conformance-{self.id}", take=True)
        self._connection = await Connection.open(
            self._url, path=ticket.path, token=self.rest.access, tap=self.recorder.tap
        )
        self._reading = asyncio.create_task(self._read(self._connection))

    async def disconnect(self, *, cut: bool = False) -> None:
        """Close the socket, or cut it without a word."""
        if self._connection is not None:
            await (self._connection.abort() if cut else self._connection.close())
            await asyncio.gather(self._reading, return_exceptions=True)
            self._connection = None

    async def leave(self) -> None:
        """Close everything."""
        await self.disconnect()
        if self.id:
            await self._http.aclose()

    async def send(self, data: Frame | str | bytes) -> None:
        """Send a frame, or what is none, and do not wait."""
        if self._connection is not None:
            with suppress(ClientError):
                await (self._connection.send(data) if isinstance(data, dict) else self._connection.raw(data))

    async def ask(self, command: Frame) -> Frame:
        """Send a command and return its answer, an empty frame where none comes."""
        answer = self._answers[command["id"]] = asyncio.get_running_loop().create_future()
        await self.send(command)
        return await self._wait(answer)

    async def provoke(self, data: str | bytes, id: str | None = None) -> Frame:
        """Send what is no good frame and return the answer with `id`, null where none could be read."""
        answer = self._answers[str(id)] = asyncio.get_running_loop().create_future()
        await self.send(data)
        return await self._wait(answer)

    async def write(self, command: Frame) -> Frame:
        """Send a write, again while its error says so, and return the final answer."""
        answer: Frame = {}
        for _ in range(_TRIES):
            answer = await self.ask(command)
            if not answer.get("retry"):
                break
        return answer

    async def say(self, chat: int, text: str) -> Frame:
        """Send a message, and return the command."""
        command = commands.message_send(chat, text)
        await self.write(command)
        return command

    async def reach(self, chat: int, seq: int) -> bool:
        """Wait until the stream of a chat has come to `seq`; tell whether it did in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EVENT_SECONDS), self._came:
                await self._came.wait_for(lambda: self.streams.cursors.get(chat, 0) >= seq)
                return True
        return False

    async def _wait(self, answer: asyncio.Future[Frame]) -> Frame:
        waiting: set[asyncio.Future[Any]] = {answer, self._reading}
        await asyncio.wait(waiting, timeout=self.answer_seconds, return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else {}

    async def _read(self, connection: Connection) -> None:
        with suppress(ClientError):
            while True:
                frame = await connection.receive()
                self._follow(frame)
                answer = self._answers.get(str(frame.get("id")))
                if answer is not None and not answer.done() and frame["type"] in _ANSWERS:
                    answer.set_result(frame)
                async with self._came:
                    self._came.notify_all()

    def _follow(self, frame: Frame) -> None:
        # A broken server may send what no stream takes; the checker says so.
        with suppress(KeyError, TypeError):
            if frame["type"] == "ready":
                self.streams.ready(frame)
            elif frame["type"] == "ack":
                self.streams.ack(frame, None)
            else:
                self.streams.take(frame)
