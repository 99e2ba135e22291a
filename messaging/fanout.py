"""From a commit to the channel layer: each event encoded once, one message per chat and batch. The only caller of group_send.

A layer message is only a hint that a log has grown: publishing never fails a write, the log heals what was not published.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from channels.layers import get_channel_layer

from messaging import metrics
from messaging.batcher import Batcher
from messaging.conf import get_limits
from messaging.protocol.batch import EventBatch

logger = logging.getLogger(__name__)

# A layer message: its group and its content.
Publication = tuple[str, dict[str, Any]]

# Messages that the layer takes, or loses, together.
_PUBLISHED_AT_ONCE = 500


def group_for_chat(chat: int) -> str:
    """Name the channel-layer group that hears of a chat's events."""
    return f"chat.{chat}"


def group_for_user(user: int) -> str:
    """Name the channel-layer group of a user's own connection."""
    return f"user.{user}"


def group_for_node(name: str) -> str:
    """Name the channel-layer group of one server process."""
    return f"node.{name}"


def announce(batches: Iterable[EventBatch], *, sent_at: Mapping[int, float] | None = None) -> list[Publication]:
    """Return what the members of the batches' chats are told, and those who were added to one.

    `sent_at` has the moment at which one of a chat's writes was sent, of chats whose delivery is timed.
    """
    publications: list[Publication] = []
    for batch in batches:
        message = batch.as_message()
        if sent_at and batch.chat in sent_at:
            message["sent_at"] = sent_at[batch.chat]
        publications.append((group_for_chat(batch.chat), message))
        publications += [tell_joined(key.added, batch.chat) for key in batch.keys if key.added]
    return publications


def tell_signal(chat: int, *, user: int, frame: bytes) -> Publication:
    """Tell the members of a chat who are connected now, but `user` itself, something that is not kept."""
    return group_for_chat(chat), {"type": "chat.signal", "chat": chat, "user": user, "frame": frame}


def tell_receipt(chat: int, *, user: int, frame: bytes) -> Publication:
    """Tell the same people, but for those who do not want to hear of it, how far `user` has read."""
    group, message = tell_signal(chat, user=user, frame=frame)
    return group, message | {"receipt": True}


def tell_user(user: int, *, frame: bytes) -> Publication:
    """Tell a user's connection something of the host application that is not kept."""
    return group_for_user(user), {"type": "user.signal", "frame": frame}


def tell_joined(user: int, chat: int) -> Publication:
    """Tell a user's connection that it has a new chat."""
    return group_for_user(user), {"type": "user.joined", "chat": chat}


def tell_claimed(user: int, connection: str) -> Publication:
    """Tell a user's connections which of them has the claim now."""
    return group_for_user(user), {"type": "user.claimed", "connection": connection}


def tell_account_changed(user: int) -> Publication:
    """Tell a user's connection that its account or its tokens changed: it asks the database what."""
    return group_for_user(user), {"type": "user.account"}


def tell_canary(group: str, song: int) -> Publication:
    """Tell a server process what it says itself, to hear whether it hears."""
    return group, {"type": "node.canary", "song": song}


class Publisher:
    """Publishes in the order given, in the background, without ever holding up a commit."""

    def __init__(self) -> None:
        self._batcher = Batcher(self._publish_all, most=get_limits().publications_waiting)
        self._most = get_limits().publications_waiting
        self._waiting = 0

    def publish(self, publications: Sequence[Publication]) -> None:
        """Take the publications of one commit, all or none: where too many wait they are dropped, and the log heals it."""
        if self._waiting >= self._most:
            metrics.PUBLISH_DROPS.inc(len(publications))
        elif publications:
            self._waiting += len(publications)
            self._batcher.put(publications)

    async def _publish_all(self, commits: list[Sequence[Publication]]) -> None:
        publications = [publication for commit in commits for publication in commit]
        for start in range(0, len(publications), _PUBLISHED_AT_ONCE):
            await publish(publications[start : start + _PUBLISHED_AT_ONCE])
        self._waiting -= len(publications)

    async def drain(self) -> None:
        """Return when everything taken was published or given up."""
        await self._batcher.drain()


async def publish(publications: Sequence[Publication]) -> None:
    """Publish here and now; what the layer does not take is lost, but, on ours, for the receivers of this process."""
    layer = get_channel_layer()
    try:
        async with asyncio.timeout(get_limits().publish_seconds):
            if hasattr(layer, "send_groups"):
                await layer.send_groups(publications)
            else:
                for group, message in publications:
                    await layer.group_send(group, message)
    except Exception:  # whatever the layer raises: it is a hint that was lost, no more
        metrics.PUBLISH_FAILURES.inc(len(publications))
        logger.warning("%d publications were lost by the channel layer.", len(publications), exc_info=True)


async def publish_by_broker(publication: Publication) -> None:
    """Publish by way of the broker to everybody, this process too; raises what the layer raises."""
    await get_channel_layer().group_send(*publication)


def publish_now(publications: Sequence[Publication]) -> None:
    """Publish from a process or a thread that has no server loop."""
    if publications:
        # In a loop of its own: the one that this thread was started from may have ended.
        asyncio.run(publish(publications))
