"""ChatConsumer: the one WebSocket of a user, with all chats in it. I/O only: streams decide, handlers act.

Client frames come through `websocket_receive`, events through the layer's sink (or, with a stock layer, as group
messages); neither ever waits for a commit. Clean-up stands around the whole connection.
"""

from __future__ import annotations

import functools
import time
from typing import Any

from channels.consumer import get_handler_name
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.layers import get_channel_layer
from channels.utils import await_many_dispatch

from consumers.claiming import Claiming
from consumers.commands import Commands
from consumers.connection_log import ConnectionLog
from consumers.deadlines import Deadlines
from consumers.ending import Ending
from consumers.inbox import Inbox
from consumers.outlet import make_outlet
from consumers.pending import PendingWrites
from consumers.signals import ReadMarks, TypingTold
from consumers.stream import Streams, Verdict
from consumers.subscriptions import Subscriptions
from messaging import metrics
from messaging.access import Access
from messaging.conf import get_limits
from messaging.connections.claims import check_standing
from messaging.connections.local import send_away
from messaging.database import STORE_AWAY, run_in_thread
from messaging.protocol.batch import EventBatch
from messaging.protocol.codec import encode
from messaging.protocol.codes import CloseCode
from messaging.protocol.frames import Ack, Ready
from messaging.reading import hears_receipts
from messaging.runtime import ensure_runtime
from messaging.selectors import Overview


class ChatConsumer(AsyncJsonWebsocketConsumer):
    """One open WebSocket; `scope` holds what the handshake found: `access`, `ticket`, `subprotocol`."""

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Serve the connection until it ends, and clean up whatever ended it."""
        self._prepare(scope, send)
        self.channel_layer = get_channel_layer()
        self.channel_name = await self.channel_layer.new_channel()
        self.subscriptions = self._subscribe()
        self._inbox = Inbox(receive)
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
        self.outlet = make_outlet(scope, send, self.runtime.connections)
        self._ending = Ending(self.outlet, send, runtime=self.runtime, log=self.log)
        self.deadlines = Deadlines(self._ending.begin)
        self._claiming = Claiming(self.access, scope["ticket"], runtime=self.runtime, log=self.log)
        self._commands = Commands(self)
        self.writes = PendingWrites(self.user, self.outlet)
        self.streams = Streams(self.user, self.outlet, self.writes, held_most=get_limits().events_held)
        self.marks = ReadMarks(self.user, self.runtime, self._commands.answer_read)
        self.typing = TypingTold()
        self.hears_receipts = True
        # Whether hello was answered; who was added to a chat before that is told of it after.
        self.ready = False
        self._joined_early: list[int] = []

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
            end=self._ending.begin,
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
        claim = await self._inbox.unless_gone(self._claiming.take())
        if claim is None:
            metrics.HANDSHAKES.labels("claim").inc()
            await self.close()
            raise StopConsumer
        self.claim = claim
        await self.accept(self.scope["subprotocol"])
        self._begin()

    def _begin(self) -> None:
        metrics.HANDSHAKES.labels("accepted").inc()
        self._claiming.open(self)
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

    def oldest_unanswered(self) -> float | None:
        """Return since when the oldest write or marker waits for its answer, or None where none does."""
        waiting = (since for since in (self.writes.oldest(), self.marks.oldest()) if since is not None)
        return min(waiting, default=None)

    async def rejoin(self) -> None:
        """Join all groups again: the channel layer may have lost it."""
        await self.subscriptions.rejoin()

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """Stop: everything else is done by the clean-up, which runs however a connection ends."""
        self._ending.note(message.get("code"))
        raise StopConsumer

    def end(self, code: CloseCode, *, retry_after: float | None = None) -> None:
        """Say bye and close; nothing is sent after the bye."""
        self._ending.begin(code, retry_after=retry_after)

    def _clean_up(self) -> None:
        self._ending.note(self._inbox.left_with)
        self._inbox.close()
        self.deadlines.close()
        closing = self.subscriptions.close()
        if hasattr(self.channel_layer, "detach"):
            self.channel_layer.detach(self.channel_name)
        self.runtime.presence.unwatch(self)
        self.runtime.spawn(closing)
        if self._claiming.is_open:
            self.log.tell_end(frames_out=self.outlet.frames)
        self._claiming.release()

    # Client frames

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Take one frame from the client."""
        self.log.frames_in += 1
        # What is not read before the process ends is sent again to the next one.
        if not self._ending.begun and not self.runtime.draining:
            await self._commands.take(message.get("text"))

    def acknowledge(self, ack: Ack) -> None:
        """Answer a command that has no place in a stream."""
        self.outlet.send(encode(ack))

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
        self.ready = True
        self.outlet.send(encode(ready))
        self.subscriptions.begin(ready)
        for chat in self._joined_early:
            self.subscriptions.open(chat)

    def attend(self, chat: int, verdict: Verdict) -> None:
        """See to what an answer or an offer left undone."""
        if not self._ending.begun:
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
        if self._ending.begun:
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
            if self.ready and is_wanted and message["user"] != self.user and message["chat"] in self.streams:
                self.tell_signal(message["frame"])
        elif message["type"] == "user.signal":
            if self.ready:
                self.tell_signal(message["frame"])
        elif message["type"] == "user.joined":
            self._hear_joined(message["chat"])
        elif message.get("connection") != self.claim.connection:
            self.runtime.spawn(self._check_standing())

    def tell_signal(self, frame: bytes) -> bool:
        """Send a signal, but not to a peer that does not read: it is of the moment. Tell whether it was sent."""
        if self._ending.begun or self.outlet.room <= 0:
            return False
        self.outlet.send(frame)
        return True

    async def chat_events(self, message: dict[str, Any]) -> None:
        """Take a layer message that a stock layer delivers."""
        self.hear(message)

    chat_signal = user_signal = user_joined = user_claimed = user_account = chat_events

    def _hear_joined(self, chat: int) -> None:
        if self.ready:
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
