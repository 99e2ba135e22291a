"""The layer of many processes, over Redis pub/sub: one shard, one subscription per group, one decoding per message."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, cast

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisPubSubLoopLayer, RedisSingleShardConnection
from channels_redis.utils import _wrap_close, decode_hosts
from redis._parsers.hiredis import NOT_ENOUGH_DATA, _AsyncHiredisParser

from messaging import metrics
from messaging.layers.sinks import Message, Sink, deliver
from messaging.seal import seal, unseal

logger = logging.getLogger(__name__)

# How long a join waits for the broker's word; without it the join still stands.
_CONFIRM_SECONDS = 1.0

# Where Redis did not answer, publications fail at once for so long, or until it takes one from the canary: nobody of this
# process waits with them.
_SPARED_SECONDS = 5.0

# Before a message stands who gave it to its own receivers already, or nobody.
_ORIGIN_BYTES = 8
_NOBODY = bytes(_ORIGIN_BYTES)


# A pipeline of PUBLISH would be answered once for each, and an answer costs the client more than the command.
_PUBLISH_ALL = """
for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end
"""


class _Shard(RedisSingleShardConnection):
    """The connection to Redis, with confirmed subscriptions, one decoding per message and publishing in pipelines."""

    def __init__(self, host: Any, layer: _LoopLayer) -> None:
        super().__init__(host, layer)
        self._confirmations: dict[str, asyncio.Future[None]] = {}
        self._spared_until = 0.0

    async def subscribe_all(self, names: Sequence[str]) -> None:
        """Subscribe to all names in one command; return when Redis has confirmed, or a second later."""
        async with self._lock:
            new = [name for name in names if name not in self._subscribed_to]
            if new:
                self._ensure_redis()
                self._ensure_receiver()
                self._expect(new)
                await self._pubsub.subscribe(*new)
                self._subscribed_to.update(new)
        waited = {future for name in names if (future := self._confirmations.get(name)) is not None}
        if waited:
            await asyncio.wait(waited, timeout=_CONFIRM_SECONDS)

    async def unsubscribe_unused(self, names: Sequence[str]) -> None:
        """Unsubscribe, in one command, from those names that have no group any more."""
        async with self._lock:
            # Asked under the lock: somebody may have joined while this waited for it.
            unused = [n for n in names if n in self._subscribed_to and n not in self.channel_layer.groups]
            if unused:
                self._subscribed_to.difference_update(unused)
                await self._pubsub.unsubscribe(*unused)

    def _expect(self, names: Iterable[str]) -> None:
        loop = asyncio.get_running_loop()
        for name in names:
            self._confirmations.setdefault(name, loop.create_future())

    async def publish_all(self, publications: Sequence[tuple[str, bytes]]) -> None:
        """Publish in order, in one round trip; raises ConnectionError at once where Redis did not answer of late."""
        if time.monotonic() < self._spared_until:
            raise ConnectionError("Redis did not answer of late.")
        self._ensure_redis()
        with self._noting_silence():
            await self._redis.register_script(_PUBLISH_ALL)(args=[part for each in publications for part in each])

    async def publish(self, channel: str, message: bytes) -> None:
        """Publish one message, whatever became of those before it."""
        with self._noting_silence():
            await super().publish(channel, message)
        self._spared_until = 0.0

    @contextmanager
    def _noting_silence(self) -> Iterator[None]:
        try:
            yield
        except asyncio.CancelledError:
            # Who waited for it has given up.
            self._spared_until = time.monotonic() + _SPARED_SECONDS
            raise

    async def _do_receiving(self) -> None:
        while True:
            try:
                if self._pubsub is not None and self._pubsub.subscribed:
                    message = await self._pubsub.get_message(ignore_subscribe_messages=False, timeout=1.0)
                    if message is not None:
                        self._receive_message(message)
                    await self._receive_rest()
                else:
                    await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                raise
            except Exception:
                logger.warning("The connection to Redis is lost; trying again.", exc_info=True)
                await asyncio.sleep(1)

    async def _receive_rest(self) -> None:
        """Take what came in the same read as the last message: asking for each would cost more than all else about it."""
        parser = getattr(self._pubsub.connection, "_parser", None)
        reader: Any = parser._reader if isinstance(parser, _AsyncHiredisParser) else None
        while reader is not None and (response := reader.gets()) is not NOT_ENOUGH_DATA:
            if isinstance(response, Exception):
                raise response
            if response[0] == b"message":
                self.channel_layer.receive_published(response[1].decode(), response[2])
            elif (message := await self._pubsub.handle_message(response)) is not None:
                self._receive_message(message)

    def _receive_message(self, message: Message) -> None:
        # A pong has no channel: after Redis stood still, those of all checks of its health come together.
        if message["type"] == "subscribe":
            confirmation = self._confirmations.pop(message["channel"].decode(), None)
            if confirmation is not None and not confirmation.done():
                confirmation.set_result(None)
        elif message["type"] == "message":
            self.channel_layer.receive_published(message["channel"].decode(), message["data"])


class _LoopLayer(RedisPubSubLoopLayer):
    """The layer of one event loop."""

    def __init__(self, hosts: Any = None, prefix: str = "asgi", channel_layer: Any = None, **config: Any) -> None:
        super().__init__(hosts=hosts, prefix=prefix, channel_layer=channel_layer, **config)
        self._shards: list[_Shard] = [_Shard(host, self) for host in decode_hosts(hosts)]
        self._sinks: dict[str, Sink] = {}
        self._origin = secrets.token_bytes(_ORIGIN_BYTES)

    async def new_channel(self, prefix: str = "specific.") -> str:
        """Name a channel; Redis hears of it only when somebody receives on it."""
        return f"{self.prefix}{prefix}{uuid.uuid4().hex}"

    def attach(self, channel: str, sink: Sink) -> None:
        """Deliver messages for `channel` to `sink` from now on."""
        self._sinks[channel] = sink

    def detach(self, channel: str) -> None:
        """Forget a channel that was attached; its groups are left with `group_discard`."""
        self._sinks.pop(channel, None)

    async def group_add(self, group: str, channel: str) -> None:
        """Add `channel` to `group`."""
        await self.join([group], channel)

    async def join(self, groups: Iterable[str], channel: str) -> None:
        """Add `channel` to all `groups` with one SUBSCRIBE; a subscription others have already costs nothing."""
        if channel not in self._sinks and channel not in self.channels:
            await self._subscribe_to_channel(channel)
        names = [self._get_group_channel_name(group) for group in groups]
        for name in names:
            self.groups.setdefault(name, set()).add(channel)
        await self._only_shard().subscribe_all(names)

    async def group_discard(self, group: str, channel: str) -> None:
        """Take `channel` out of `group`."""
        await self.leave([group], channel)

    async def leave(self, groups: Iterable[str], channel: str) -> None:
        """Take `channel` out of all `groups`, with one UNSUBSCRIBE for those that nobody here is in any more."""
        empty = []
        for name in map(self._get_group_channel_name, groups):
            members = self.groups.get(name, set())
            members.discard(channel)
            if not members and self.groups.pop(name, None) is not None:
                empty.append(name)
        if empty:
            await self._only_shard().unsubscribe_unused(empty)

    async def send_groups(self, publications: Sequence[tuple[str, Message]]) -> None:
        """Send many group messages, in order: to the receivers here at once, to other processes in one round trip."""
        serialize = self.channel_layer.serialize
        packed = [
            (self._get_group_channel_name(group), serialize(message, origin=self._origin))
            for group, message in publications
        ]
        for (name, data), (_, message) in zip(packed, publications, strict=True):
            # A copy: receivers keep in a message what they made of it, and the sender may send it again.
            self._deliver(name, data, dict(message))
        await self._only_shard().publish_all(packed)

    def receive_published(self, name: str, data: bytes) -> None:
        """Give a message from Redis to every local receiver, decoded once; what came from here they have."""
        if name in self.channels:
            self.channels[name].put_nowait(data)
        elif not data.startswith(self._origin):
            self._deliver(name, data, None)

    def _deliver(self, name: str, data: bytes, message: Message | None) -> None:
        receivers = 0
        for channel in tuple(self.groups.get(name, ())):
            if (sink := self._sinks.get(channel)) is not None:
                try:
                    message = message if message is not None else self.channel_layer.deserialize(data)
                except Exception:
                    # Somebody else reaches our Redis: that must not hold up what is ours.
                    metrics.LAYER_FORGERIES.inc()
                    return
                receivers += deliver(sink, message)
            elif channel in self.channels:
                self.channels[channel].put_nowait(data)
        if message is not None:
            metrics.count_delivery(message, receivers)

    def _only_shard(self) -> _Shard:
        # Settings give one server or one Sentinel master: more hosts would be shards, which lose messages when they change.
        return self._shards[0]


class RedisPubSubLayer(RedisPubSubChannelLayer):
    """Channels-redis's pub/sub layer with direct delivery; with a `key` it hears only what was sealed with it."""

    def __init__(self, *, key: str = "", **config: Any) -> None:
        super().__init__(**config)
        self._key = key.encode()[:64]
        if len(config.get("hosts") or [None]) != 1:
            self._refuse_hosts()

    @staticmethod
    def _refuse_hosts() -> NoReturn:
        raise ValueError("The channel layer takes one Redis server or one Sentinel master, not several hosts.")

    def serialize(self, message: Message, origin: bytes = _NOBODY) -> bytes:
        """Return a message as it travels, with who gave it to its own receivers already."""
        return origin + seal(super().serialize(message), self._key)

    def deserialize(self, message: bytes) -> Message:
        """Return a message that travelled; raises ValueError where it is none of ours."""
        return cast(Message, super().deserialize(unseal(message[_ORIGIN_BYTES:], self._key)))

    def _get_layer(self) -> _LoopLayer:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            self._layers[loop] = _LoopLayer(channel_layer=self, **self._kwargs)
            _wrap_close(self, loop)
        return cast(_LoopLayer, self._layers[loop])

    def attach(self, channel: str, sink: Sink) -> None:
        """Deliver messages for `channel` to `sink` from now on."""
        self._get_layer().attach(channel, sink)

    def detach(self, channel: str) -> None:
        """Forget a channel that was attached."""
        self._get_layer().detach(channel)

    async def join(self, groups: Iterable[str], channel: str) -> None:
        """Add `channel` to all `groups`."""
        await self._get_layer().join(groups, channel)

    async def leave(self, groups: Iterable[str], channel: str) -> None:
        """Take `channel` out of all `groups`."""
        await self._get_layer().leave(groups, channel)

    async def send_groups(self, publications: Sequence[tuple[str, Message]]) -> None:
        """Send many group messages, in order; those attached here are called at once."""
        await self._get_layer().send_groups(publications)
