"""The conversation over one open socket: hello, then reading, writing what is due, and keeping the token fresh."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime

from client import commands
from client.changes import Broken, Change, Signal
from client.connection import Connection, end_of
from client.errors import ClientError, ConnectionEnded, End, TransportError
from client.frames import Frame, refusal_of
from client.options import Options
from client.replica import Replica

logger = logging.getLogger(__name__)

# How long before its end a token is renewed: the renewal may have to be tried by hand of a slow network.
TOKEN_LEAD_SECONDS = 60.0


class Dialog:
    """One connection from hello to its end."""

    def __init__(
        self,
        connection: Connection,
        replica: Replica,
        options: Options,
        *,
        tell: Callable[[Sequence[Change]], Awaitable[None]],
        renew: Callable[[], Awaitable[str]],
    ) -> None:
        self.connection = connection
        self._replica = replica
        self._options = options
        self._tell = tell
        self._renew = renew
        self._clock = asyncio.get_running_loop().time
        self._ready_at: float | None = None
        self._due = asyncio.Event()
        self._requests: dict[str, asyncio.Future[Frame]] = {}

    @property
    def lived(self) -> float | None:
        """How long the connection has been ready, None if it never was."""
        return None if self._ready_at is None else self._clock() - self._ready_at

    def look(self) -> None:
        """Look at the outbox again: there is something new in it."""
        self._due.set()

    async def run(self) -> End:
        """Talk until the connection ends, and return how."""
        try:
            ready = await self._greet()
            return await self._talk(ready)
        except ConnectionEnded as error:
            return error.end
        except (TransportError, TimeoutError) as error:
            return End(None, str(error) or "no ready")
        finally:
            self._replica.outbox.lost()
            for waiter in self._requests.values():
                if not waiter.done():
                    waiter.set_exception(ConnectionEnded(End(None)))
                    waiter.exception()  # who has not yet begun to wait fails at sending

    async def request(self, command: Frame) -> Frame:
        """Send a command that is no write, and return its ack; raise CommandRefused, or ConnectionEnded."""
        waiter = asyncio.get_running_loop().create_future()
        self._requests[command["id"]] = waiter
        try:
            await self.connection.send(command)
            answer: Frame = await waiter
        finally:
            del self._requests[command["id"]]
        if refusal := refusal_of(answer):
            raise refusal
        return answer

    async def _greet(self) -> Frame:
        async with asyncio.timeout(self._options.ready_seconds):
            hello = self._replica.hello()
            await self.connection.send(hello)
            while (frame := await self.connection.receive())["type"] != "ready":
                if frame["type"] == "bye":
                    raise ConnectionEnded(end_of(frame))
                if frame["type"] == "error":
                    await self._hello_refused(frame)
                    await self.connection.send(hello)
        self._ready_at = self._clock()
        await self._take(frame)
        logger.info("ready connection=%s chats=%d", frame["connection"], len(frame["chats"]))
        return frame

    async def _hello_refused(self, error: Frame) -> None:
        if not error["retry"]:
            raise TransportError(f"hello refused: {error['code']}")
        await asyncio.sleep(error.get("retry_after", self._options.waits.base))

    async def _talk(self, ready: Frame) -> End:
        async with asyncio.TaskGroup() as group:
            work = (self._write(), self._keep_token(ready), self._watch_again())
            helpers = [group.create_task(each) for each in work]
            try:
                return await self._read()
            finally:
                for helper in helpers:
                    helper.cancel()

    async def _read(self) -> End:
        try:
            while (frame := await self.connection.receive())["type"] != "bye":
                waiter = self._requests.get(frame.get("id", ""))
                if waiter is None:
                    await self._take(frame)
                elif not waiter.done():
                    waiter.set_result(frame)
        except ConnectionEnded as error:
            return error.end
        except TransportError as error:
            logger.error("the server left the protocol: %s", error)
            return End(None, str(error))
        return end_of(frame)

    async def _take(self, frame: Frame) -> None:
        try:
            changes = self._replica.receive(frame, self._clock())
        except (KeyError, TypeError) as error:
            raise TransportError(f"malformed {frame['type']}") from error
        self._due.set()
        await self._tell(changes)
        for change in changes:
            if isinstance(change, Broken):
                raise TransportError(f"chat {change.chat}: seq {change.seq} came where {change.expected} was due")

    async def _write(self) -> None:
        # That the connection ended is the reader's to say.
        with suppress(ConnectionEnded):
            while not self._overdue():
                self._due.clear()
                for write in self._replica.outbox.due(self._clock()):
                    await self.connection.send(write)
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(self._next_look()):
                        await self._due.wait()
            logger.warning("a write got no answer in %.0f s", self._options.answer_seconds)
            await self.connection.abort()

    def _overdue(self) -> bool:
        since = self._replica.outbox.unanswered_since()
        return since is not None and self._clock() >= since + self._options.answer_seconds

    def _next_look(self) -> float | None:
        outbox = self._replica.outbox
        since = outbox.unanswered_since()
        overdue = None if since is None else since + self._options.answer_seconds
        return min((time for time in (outbox.due_at(), overdue) if time is not None), default=None)

    async def _watch_again(self) -> None:
        """Ask for the people that were watched on the connection before, and tell how they are now."""
        if not self._replica.watched:
            return
        try:
            answer = await self.request(commands.presence_watch(self._replica.watched))
            await self._tell([Signal({"type": "presence", **state}) for state in answer["states"]])
        except (ClientError, KeyError, TypeError) as error:
            logger.info("presence not watched again: %s", error)

    async def _keep_token(self, ready: Frame) -> None:
        """Renew the token before it ends; where that fails, the server ends the connection (4300), and all is well."""
        try:
            known = _time(ready["token_expires_at"])
            began, at = self._clock(), _time(ready["at"])
            while True:
                # By the server's two times, so that a wrong clock on this side does not matter.
                left = (known - at).total_seconds() - (self._clock() - began)
                await asyncio.sleep(left - min(TOKEN_LEAD_SECONDS, left / 5))
                answer = await self.request(commands.token_refresh(await self._renew()))
                if (new := _time(answer["expires_at"])) <= known:
                    return
                known = new
        except (ClientError, KeyError, TypeError, ValueError) as error:
            logger.info("token not refreshed over the socket: %s", error)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
