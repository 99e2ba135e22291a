"""The canary: whether this process hears what is published, found out by a message to itself.

A channel layer may be deaf without an error: Redis is back and the subscription is not, or the joins made meanwhile were
lost. While the canary is not heard the log alone is heard, through the tail watcher; when it is heard again every
connection repeats its joins.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.layers import get_channel_layer

from messaging import metrics
from messaging.conf import get_limits
from messaging.fanout import group_for_node, publish_by_broker, tell_canary
from messaging.tasks import end_tasks

logger = logging.getLogger(__name__)


class Canary:
    """Sings in a group of its own, every `canary_seconds`; `recover` is awaited when it is heard again."""

    def __init__(self, name: str, recover: Callable[[], Awaitable[None]]) -> None:
        self.deaf = False
        self._group = group_for_node(name)
        self._recover = recover
        self._channel: str | None = None
        self._song = 0
        self._heard = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        metrics.LAYER_DEAF.set(0)

    def start(self) -> None:
        """Begin to sing."""
        self._spawn(self._sing_forever())

    async def stop(self) -> None:
        """Fall silent."""
        await end_tasks(self._tasks)

    def doubt(self) -> None:
        """Take the layer for deaf until the canary is heard again: it did not take a join."""
        if not self.deaf:
            logger.warning("The channel layer is deaf: events come through the log alone.")
        self.deaf = True
        metrics.LAYER_DEAF.set(1)

    async def _sing_forever(self) -> None:
        while True:
            try:
                heard = await self._sing()
                if heard and self.deaf:
                    await self._recover_hearing()
            except Exception:  # whatever the layer raises
                logger.info("The canary could not sing.", exc_info=True)
                heard = False
            if not heard:
                self.doubt()
            await asyncio.sleep(get_limits().canary_seconds)

    async def _join(self) -> None:
        layer = get_channel_layer()
        async with asyncio.timeout(get_limits().publish_seconds):
            if self._channel is None:
                self._channel = await layer.new_channel()
                self._listen(layer, self._channel)
            await layer.group_add(self._group, self._channel)

    def _listen(self, layer: Any, channel: str) -> None:
        if hasattr(layer, "attach"):
            layer.attach(channel, self._hear)
        else:
            self._spawn(self._receive(layer, channel))

    async def _receive(self, layer: Any, channel: str) -> None:
        while True:
            try:
                self._hear(await layer.receive(channel))
            except Exception:
                await asyncio.sleep(get_limits().canary_seconds)

    def _hear(self, message: dict[str, Any]) -> None:
        if message.get("song") == self._song:
            self._heard.set()

    async def _sing(self) -> bool:
        if self._song == 0 or self.deaf:
            await self._join()
        self._song += 1
        self._heard.clear()
        try:
            async with asyncio.timeout(get_limits().publish_seconds):
                await publish_by_broker(tell_canary(self._group, self._song))
                await self._heard.wait()
        except TimeoutError:
            return False
        return True

    async def _recover_hearing(self) -> None:
        # Before the joins: one that fails again makes it deaf again.
        self.deaf = False
        metrics.LAYER_DEAF.set(0)
        logger.warning("The channel layer is heard again.")
        await self._recover()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
