"""ChatConsumer: the one WebSocket of a user, with all chats in it. I/O only: streams decide, handlers act.

Client frames come through `receive`, events through the layer's sink (or, with a stock layer, as group messages); neither
ever waits for a commit. Nothing that a client sends escapes `receive`, and clean-up stands around the whole connection.
"""

from __future__ import annotations

import asyncio
import functools
import time
import uuid
from typing import Any

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from channels.utils import await_many_dispatch

from consumers.connection_log import ConnectionLog
from consumers.deadlines import Deadlines
from consumers.handlers import ANSWERED_LATER, HANDLERS
from consumers.inbox import Inbox
from consumers.limits import Allowance
from consumers.outlet import make_outlet
from consumers.pending import PendingWrites
from consumers.signals import ReadMarks, TypingTold
from consumers.stream import Streams, Verdict
from consumers.subscriptions import Subscriptions
from messaging import metrics
from messaging.access import Access
from messaging.conf import get_limits, get_settings
from messaging.connections.claims import Claim, check_standing, release_claim, take_claim
from messaging.connections.local import send_away
from messaging.database import STORE_AWAY, run_in_thread
from messaging.errors import BadFrame, BadJson, ChatError, HelloExpected, Internal, RateLimited, Unavailable
from messaging.fanout import tell_claimed
from messaging.protocol.batch import EventBatch
from messaging.protocol.codec import Codec, RefusedFrame, encode, encode_error
from messaging.protocol.codes import CloseCode
from messaging.protocol.frames import Ack, AnyCommand, Bye, Hello, Read, Ready, TokenRefresh
from messaging.reading import hears_receipts
from messaging.runtime import ensure_runtime
from messaging.selectors import Overview

# How long a server may take to hand over what was said last, and then the close frame.
_CLOSE_SECONDS = 2.0


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """One open WebSocket; `scope` holds what the handshake found: `access`, `ticket`, `subprotocol`."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve the connection until it ends, and clean up whatever ended it."""
        self._prepare(scope, send)
        self.channel_layer = get_channel_layer()
        self.channel_name = await self.channel_layer.new_channel()
        self.subscriptions = self._subscribe()
        self._inbox = Inbox(receive)
        self._application = asyncio.current_task()
        try:
            await self._serve()
        except StopConsumer:
            pass
        finally:
            self._clean_up()

    def _prepare(self, scope: dict[str, Any], send: Any) -> None:
        self.scope = scope
        self.base_send = send
        self.runtime = ensure_runtime()
        self.access: Access = scope["access"]
        self.user = self.access.user
        self.log = ConnectionLog(user=self.user, request_id=scope.get("request_id"))
        limits = get_limits()
        self._codec = Codec(frame_bytes=limits.frame_bytes, text_chars=limits.text_chars)
        self._allowance = Allowance(limits, now=time.monotonic())
        self.outlet = make_outlet(scope, send, self.runtime.connections)
        self.writes = PendingWrites(self.user, self.outlet)
        self.streams = Streams(self.user, self.outlet, self.writes, held_most=limits.events_held)
        self.marks = ReadMarks(self.user, self.runtime, self._answer_mark)
        self.typing = TypingTold()
        self.hears_receipts = True
        self._ready = False
        self._ending = False
        self._claiming: asyncio.Task[bool] | None = None
        self._joined_early: list[int] = []
        self.deadlines = Deadlines(self.end)

    def _subscribe(self) -> Subscriptions:
        return Subscriptions(
            user=self.user,
            streams=self.streams,
            outlet=self.outlet,
            layer=self.channel_layer,
            channel=self.channel_name,
            runtime=self.runtime,
            deadlines=self.deadlines,
            log=self.log,
            end=self.end,
            send_away=functools.partial(send_away, self),
        )

    async def _serve(self) -> None:
        if hasattr(self.channel_layer, "attach"):
            self.channel_layer.attach(self.channel_name, self.hear)
            while True:
                await self.dispatch(await self._inbox.take())
        else:
            from_layer = functools.partial(self.channel_layer.receive, self.channel_name)
            await await_many_dispatch([self._inbox.take, from_layer], self.dispatch)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler of an ASGI or layer message, without Channels' trip through the database thread before it."""
        await getattr(self, get_handler_name(message))(message)

    # The connection's life

    async def connect(self) -> None:
        """Claim the user's one connection, then accept; the claim and the checks it makes are one statement."""
        if not await self._inbox.unless_gone(self._take_claim()):
            metrics.HANDSHAKES.labels("claim").inc()
            await self.close()
            raise StopConsumer
        await self.accept(self.scope["subprotocol"])
        self._begin()

    async def _take_claim(self) -> bool:
        try:
            # Bounded, turn included: a client that has given up has tried again, and its newer claim must not be replaced.
            async with asyncio.timeout(get_limits().hello_seconds), self.runtime.opening():
                self.claim = self._make_claim(await self.runtime.beat.registered())
                self.log.begin(self.claim.connection)
                self.runtime.connections.open(self.claim.connection)
                self._claiming = self.runtime.spawn(run_in_thread(take_claim, self.claim))
                # Shielded: a claim that commits after its handshake was cancelled is released all the same.
                return await asyncio.shield(self._claiming)
        except Exception:
            self.log.warning("The claim of a connection could not be taken.", exc_info=True)
            return False

    def _make_claim(self, node: str) -> Claim:
        ticket = self.scope["ticket"]
        return Claim(
            user=self.user,
            connection=uuid.uuid4().hex,
            device=ticket.device,
            node=node,
            token_version=self.access.token_version,
            replaces=ticket.take or get_settings().connection_policy == "replace",
        )

    def _begin(self) -> None:
        metrics.HANDSHAKES.labels("accepted").inc()
        metrics.CONNECTIONS.inc()
        self.runtime.connections.add(self)
        self.runtime.publisher.publish([tell_claimed(self.user, self.claim.connection)])
        claim = self.claim
        self.runtime.signals.tell_connected(claim.user, connection=claim.connection, device=claim.device)
        self.deadlines.set("hello", get_limits().hello_seconds, CloseCode.HELLO_TIMEOUT)
        self.extend_access(self.access)
        if self.runtime.draining:
            send_away(self)
        elif self.claim.node != self.runtime.beat.node:
            # Swept since the claim was taken, too early for it to be taken again with those of the others.
            self.end(CloseCode.TOO_OLD)

    @property
    def unanswered(self) -> int:
        """How many writes have no answer yet."""
        return self.writes.count

    async def rejoin(self) -> None:
        """Join all groups again: the channel layer may have lost it."""
        await self.subscriptions.rejoin()

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """Stop: everything else is done by the clean-up, which runs however a connection ends."""
        self._note_end(message.get("code"))
        raise StopConsumer

    def end(self, code: CloseCode, *, retry_after: float | None = None) -> None:
        """Say bye and close; nothing is sent after the bye."""
        if self._ending:
            return
        self._note_end(code)
        self._ending = True
        metrics.CLOSES.labels(code.name.lower()).inc()
        self.outlet.send(encode(Bye(code=code, reason=code.reason, retry_after=retry_after)))
        self.outlet.seal()
        self.runtime.spawn(self._close(code))

    def _note_end(self, code: int | None) -> None:
        if not self._ending and code is not None:
            self.log.code = int(code)

    async def _close(self, code: CloseCode) -> None:
        """Close, in good order where the server takes what was sent, and by force where it waits for a peer."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.outlet.flush()
        except TimeoutError:
            self.outlet.give_up()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self.base_send({"type": "websocket.close", "code": int(code)})
        except TimeoutError:
            if self._application is not None:
                self._application.cancel()

    def _clean_up(self) -> None:
        self._note_end(self._inbox.left_with)
        self._ending = True
        self._inbox.close()
        self.deadlines.close()
        self.outlet.seal()
        if hasattr(self.channel_layer, "detach"):
            self.channel_layer.detach(self.channel_name)
        self.runtime.presence.unwatch(self)
        self.runtime.spawn(self.subscriptions.close())
        if self._claiming is not None:
            was_open = self.runtime.connections.holds(self.claim.connection)
            if was_open:
                metrics.CONNECTIONS.dec()
                self.log.tell_end(frames_out=self.outlet.frames)
            self.runtime.spawn(self._release(self._claiming, was_open=was_open))

    async def _release(self, claiming: asyncio.Task[bool], *, was_open: bool) -> None:
        """Give the claim back, once it is known whether it was taken; the beat finds it where the database was away."""
        await asyncio.wait([claiming])
        try:
            await run_in_thread(release_claim, self.claim.connection)
        except Exception:
            self.log.warning("A claim could not be released; the beat will.", exc_info=True)
        finally:
            self.runtime.connections.discard(self.claim.connection)
            if was_open:
                claim = self.claim
                self.runtime.signals.tell_disconnected(claim.user, connection=claim.connection, device=claim.device)

    # Client frames

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        """Take one frame from the client; whatever is wrong with it is answered, and the next one works."""
        now = time.monotonic()
        self.log.frames_in += 1
        # What is not read before the process ends is sent again to the next one.
        if self._ending or self.runtime.draining:
            return
        if not self._allowance.reads(now):
            self.end(CloseCode.FLOODING)
            return
        # One that asks and does not read is not read either: the answers would all be kept for it.
        await self.deadlines.wait_for_room(self.outlet)
        try:
            await self._obey(text_data, now)
        except RefusedFrame as refused:
            self._refuse(refused.error, id=refused.id, chat=refused.chat, now=now)
            if refused.is_hello and not self._ready:
                self.deadlines.set("hello", get_limits().hello_seconds, CloseCode.HELLO_TIMEOUT)

    async def _obey(self, text: str | None, now: float) -> None:
        command = self._decode(text)
        try:
            self._admit(command, now)
            async with asyncio.timeout(get_limits().answer_seconds):
                await HANDLERS[type(command)](self, command)
        except TimeoutError:
            self.end(CloseCode.OVERLOADED)
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

    def _decode(self, text: str | None) -> AnyCommand:
        try:
            if text is None:
                raise RefusedFrame(BadJson())
            return self._codec.decode(text)
        except RefusedFrame as refused:
            metrics.count_answer(None, refused.error.code)
            raise

    def _admit(self, command: AnyCommand, now: float) -> None:
        self.log.commands += 1
        metrics.COMMANDS_OF[type(command)].inc()
        if not isinstance(command, TokenRefresh) and not self._allowance.commands(now):
            metrics.RATE_LIMITED.inc()
            raise RateLimited(retry_after=self._allowance.wait())
        if isinstance(command, Hello) == self._ready:
            raise BadFrame("Hello was said.", field="type") if self._ready else HelloExpected

    def _refuse(self, error: ChatError, *, id: str | None, chat: int | None, now: float) -> None:
        self.outlet.send(encode_error(error, id=id, chat=chat))
        if not self._allowance.forgives(error.code, now):
            self.end(CloseCode.FLOODING)

    def acknowledge(self, ack: Ack) -> None:
        """Answer a command that has no place in a stream."""
        self.outlet.send(encode(ack))

    def _answer_mark(self, chat: int, id: str, error: ChatError | None) -> None:
        metrics.count_answer(Read, metrics.OK if error is None else error.code)
        if error is not None:
            self._refuse(error, id=id, chat=chat, now=time.monotonic())
        else:
            self.acknowledge(Ack(id=id, chat=chat))

    # What handlers ask for

    async def join_all(self) -> Overview:
        """Join the groups of all chats and return where they stand; the peer's time to say hello is over."""
        self.deadlines.cancel("hello")
        return await self._inbox.unless_gone(self._join_in_turn())

    async def _join_in_turn(self) -> Overview:
        async with self.runtime.opening():
            return await self.subscriptions.join_all(self.scope["ticket"].chats)

    def become_ready(self, ready: Ready) -> None:
        """Answer hello, open the streams and read what they miss."""
        self.scope["seat"].opened()
        self._ready = True
        self.outlet.send(encode(ready))
        self.subscriptions.begin(ready)
        for chat in self._joined_early:
            self.subscriptions.open(chat)

    def attend(self, chat: int, verdict: Verdict) -> None:
        """See to what an answer or an offer left undone."""
        if not self._ending:
            self.subscriptions.attend(chat, verdict)

    def extend_access(self, access: Access) -> None:
        """Let the connection live as long as `access`, where that is longer."""
        if access.expires_at >= self.access.expires_at:
            self.access = access
            left = access.expires_at - time.time() + get_limits().token_close_seconds
            self.deadlines.set("token", max(left, 0.0), CloseCode.TOKEN_EXPIRED)

    # Layer messages

    def hear(self, message: dict[str, Any]) -> None:
        """Take a layer message; a plain call, shared by all receivers of the process."""
        if self._ending:
            return
        if message["type"] == "chat.events":
            # Taken apart once per process: all receivers of a direct delivery share the message.
            batch = message.get("batch")
            if batch is None:
                batch = message["batch"] = EventBatch.from_message(message)
            verdict = self.streams.offer(batch)
            if verdict is not Verdict.DONE:
                self.subscriptions.attend(batch.chat, verdict)
        elif message["type"] == "chat.signal":
            is_wanted = self.hears_receipts or not message.get("receipt")
            if self._ready and is_wanted and message["user"] != self.user and message["chat"] in self.streams:
                self.tell_signal(message["frame"])
        elif message["type"] == "user.signal":
            if self._ready:
                self.tell_signal(message["frame"])
        elif message["type"] == "user.joined":
            self._hear_joined(message["chat"])
        elif message.get("connection") != self.claim.connection:
            self.runtime.spawn(self._check_standing())

    def tell_signal(self, frame: bytes) -> bool:
        """Send a signal, but not to a peer that does not read: it is of the moment. Tell whether it was sent."""
        if self._ending or self.outlet.room <= 0:
            return False
        self.outlet.send(frame)
        return True

    async def chat_events(self, message: dict[str, Any]) -> None:
        """Take a layer message that a stock layer delivers."""
        self.hear(message)

    chat_signal = user_signal = user_joined = user_claimed = user_account = chat_events

    def _hear_joined(self, chat: int) -> None:
        if self._ready:
            self.subscriptions.open(chat)
        else:
            self._joined_early.append(chat)

    async def _check_standing(self) -> None:
        """Ask the database whether the connection may live on, and what it is told: the layer's word is only a hint."""
        try:
            self.hears_receipts = await run_in_thread(hears_receipts, self.user)
            code = await run_in_thread(check_standing, self.claim)
        except STORE_AWAY:
            return
        if code is not None:
            self.end(code)

    def _as_chat_error(self, error: Exception) -> ChatError:
        if isinstance(error, ChatError):
            return error
        if isinstance(error, STORE_AWAY):
            return Unavailable(retry_after=1.0)
        self.log.error("A command failed.", exc_info=error)
        return Internal()
