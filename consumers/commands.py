"""From a frame of the client to its answer: the bounds of the connection, the codec, the handler, and what came of it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from channels.exceptions import StopConsumer

from consumers.handlers import ANSWERED_LATER, HANDLERS
from consumers.limits import Allowance
from messaging import metrics
from messaging.conf import get_limits
from messaging.database import STORE_AWAY
from messaging.errors import BadFrame, BadJson, ChatError, HelloExpected, Internal, RateLimited, Unavailable
from messaging.protocol.codec import Codec, RefusedFrame, encode_error
from messaging.protocol.codes import CloseCode
from messaging.protocol.frames import Ack, AnyCommand, Hello, Read, TokenRefresh

if TYPE_CHECKING:
    from consumers.chat import ChatConsumer


class Commands:
    """The commands of one connection, one after another: nothing that a client sends escapes `take`."""

    def __init__(self, consumer: ChatConsumer) -> None:
        limits = get_limits()
        self._consumer = consumer
        self._codec = Codec(frame_bytes=limits.frame_bytes, text_chars=limits.text_chars)
        self._allowance = Allowance(limits, now=time.monotonic())

    async def take(self, text: str | None) -> None:
        """Take one frame, None for a binary one; whatever is wrong with it is answered, and the next one works."""
        now = time.monotonic()
        if not self._allowance.reads(now):
            self._consumer.end(CloseCode.FLOODING)
            return
        # One that asks and does not read is not read either: the answers would all be kept for it. Asked here as well, to
        # wait for nothing costs a coroutine for each frame.
        if self._consumer.outlet.room <= 0:
            await self._consumer.deadlines.wait_for_room(self._consumer.outlet)
        try:
            await self._obey(self._decode(text), now)
        except RefusedFrame as refused:
            self._refuse(refused.error, id=refused.id, chat=refused.chat, now=now)
            if refused.is_hello and not self._consumer.ready:
                self._consumer.deadlines.set("hello", get_limits().hello_seconds, CloseCode.HELLO_TIMEOUT)

    def _decode(self, text: str | None) -> AnyCommand:
        try:
            if text is None:
                raise RefusedFrame(BadJson())
            return self._codec.decode(text)
        except RefusedFrame as refused:
            metrics.count_answer(None, refused.error.code)
            raise

    async def _obey(self, command: AnyCommand, now: float) -> None:
        try:
            self._admit(command, now)
            work = HANDLERS[type(command)](self._consumer, command)
            if work is not None:
                async with asyncio.timeout(get_limits().answer_seconds):
                    await work
        except TimeoutError:
            self._consumer.end(CloseCode.OVERLOADED)
        except StopConsumer:
            raise
        except Exception as error:
            refusal = self._as_chat_error(error)
            # A signal without an id gets no answer.
            if command.id is not None:
                metrics.count_answer(type(command), refusal.code)
                raise RefusedFrame(
                    refusal, id=command.id, chat=command.chat, is_hello=isinstance(command, Hello)
                ) from None
        else:
            if command.id is not None and type(command) not in ANSWERED_LATER:
                metrics.count_answer(type(command), metrics.OK)

    def _admit(self, command: AnyCommand, now: float) -> None:
        self._consumer.log.commands += 1
        metrics.COMMANDS_OF[type(command)].inc()
        if not isinstance(command, TokenRefresh) and not self._allowance.commands(now):
            metrics.RATE_LIMITED.inc()
            raise RateLimited(retry_after=self._allowance.wait())
        if isinstance(command, Hello) == self._consumer.ready:
            raise BadFrame("Hello was said.", field="type") if self._consumer.ready else HelloExpected

    def _refuse(self, error: ChatError, *, id: str | None, chat: int | None, now: float) -> None:
        self._consumer.outlet.send(encode_error(error, id=id, chat=chat))
        if not self._allowance.forgives(error.code, now):
            self._consumer.end(CloseCode.FLOODING)

    def answer_read(self, chat: int, id: str, error: ChatError | None) -> None:
        """Answer a `read` whose marker has been stored, or could not be."""
        metrics.count_answer(Read, metrics.OK if error is None else error.code)
        if error is not None:
            self._refuse(error, id=id, chat=chat, now=time.monotonic())
        else:
            self._consumer.acknowledge(Ack(id=id, chat=chat))

    def _as_chat_error(self, error: Exception) -> ChatError:
        if isinstance(error, ChatError):
            return error
        if isinstance(error, STORE_AWAY):
            return Unavailable(retry_after=1.0)
        self._consumer.log.error("A command failed.", exc_info=error)
        return Internal()
