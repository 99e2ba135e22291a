"""Between the streams of one connection and where events come from: the chats' groups, and the log where they fall short."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from consumers.connection_log import ConnectionLog
from consumers.deadlines import Deadlines
from consumers.outlet import Outlet
from consumers.stream import Stream, Streams, Verdict
from messaging import metrics, selectors
from messaging.conf import get_limits
from messaging.database import run_in_thread
from messaging.fanout import group_for_chat, group_for_user
from messaging.protocol.codes import CloseCode
from messaging.protocol.frames import Ready
from messaging.runtime import Runtime
from messaging.selectors import Overview

# What failed because the store or the layer was away is tried again after this many seconds, while the socket is open.
_AGAIN_SECONDS = 1.0
_READS_AT_ONCE = 8


class Subscriptions:
    """The groups of one connection, and the tasks that open its streams and close their holes."""

    def __init__(
        self,
        *,
        user: int,
        streams: Streams,
        outlet: Outlet,
        layer: Any,
        channel: str,
        runtime: Runtime,
        deadlines: Deadlines,
        log: ConnectionLog,
        end: Callable[[CloseCode], None],
        send_away: Callable[[], None],
    ) -> None:
        self.user = user
        self._streams = streams
        self._outlet = outlet
        self._layer = layer
        self._channel = channel
        self._reader = runtime.reader
        self._tail = runtime.tail
        self._canary = runtime.canary
        self._deadlines = deadlines
        self._log = log
        self._end = end
        self._send_away = send_away
        self._groups: set[str] = set()
        # Also of streams that have ended, until they are left: a connection may end in between.
        self._followed: set[int] = set()
        # Joining and leaving one group must not overtake each other.
        self._lock = asyncio.Lock()
        self._reads = asyncio.Semaphore(_READS_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def join_all(self, likely: Iterable[int]) -> Overview:
        """Join the groups of all chats, then read where they stand: what is written after that read is heard of.

        With the `likely` ones right, all groups are joined at once and one read is enough.
        """
        self._tail.enter(self)
        await self._join([group_for_user(self.user), *map(group_for_chat, self._expect_all(likely))])
        overview = await run_in_thread(selectors.read_overview, self.user)
        while new := self._expect_all(chat.chat for chat in overview.chats if chat.chat not in self._streams):
            await self._join([group_for_chat(chat) for chat in new])
            overview = await run_in_thread(selectors.read_overview, self.user)
        gone = {stream.chat for stream in self._streams} - {chat.chat for chat in overview.chats}
        for chat in gone:
            self._streams.drop(chat)
        await self._leave(gone)
        return overview

    async def rejoin(self) -> None:
        """Join every group again."""
        async with self._lock:
            # Without a channel the layer would open one, for nobody.
            if not self._closed:
                await self._join_groups(list(self._groups))

    def begin(self, ready: Ready) -> None:
        """Open the streams of `ready` and read the log for each that is behind, newest activity first."""
        ended = self._streams.begin(ready.epoch, [(chat.chat, chat.from_, chat.head) for chat in ready.chats])
        for chat in ended:
            self.attend(chat, Verdict.ENDED)
        for stream in self._streams:
            if stream.behind:
                self._attend(stream, wait=0.0)

    def attend(self, chat: int, verdict: Verdict) -> None:
        """Do what an offer came to: wait for a neighbour and then read, open, or leave."""
        if verdict is Verdict.DONE:
            return
        if verdict is Verdict.HOLE:
            stream = self._streams.get(chat)
            if stream is not None:
                self._attend(stream, wait=get_limits().hole_seconds)
        elif verdict is Verdict.UNOPENED:
            self.open(chat)
        else:
            self._spawn(self._look_again(chat))

    def open(self, chat: int) -> None:
        """Open a stream of a chat that the user was added to; where there is one already, it reads of it itself."""
        stream = self._streams.get(chat)
        if stream is None:
            self._spawn(self._open(self._expect(chat)))
        elif not stream.next:
            stream.joined_again = True

    def close(self) -> Coroutine[Any, Any, None]:
        """Begin nothing more from now on; what is returned stops everything and leaves all groups."""
        self._closed = True
        return self._close()

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tail.leave(self)
        for chat in self._followed:
            self._tail.unfollow(chat, self)
        async with self._lock:
            groups, self._groups = self._groups, set()
            await self._leave_groups(groups)

    # What the tail watcher says

    def look(self, chat: int, head: int) -> None:
        """Take note that the log of `chat` has come to `head`."""
        stream = self._streams.get(chat)
        if stream is not None:
            stream.hear_of(head)
            if stream.behind:
                self._attend(stream, wait=get_limits().hole_seconds, seen_by="tail")

    def find(self, chats: Sequence[int]) -> None:
        """Take note that the user is a member of these chats."""
        if self._streams.epoch is None:
            return
        for chat in chats:
            if chat not in self._streams:
                metrics.TAIL_CATCHES.labels("membership").inc()
                self.open(chat)

    def sum_of_chats(self) -> tuple[int, int]:
        """Return how many chats have a stream, and the sum of their ids."""
        chats = [stream.chat for stream in self._streams]
        return len(chats), sum(chats)

    def compare(self, chats: Sequence[int]) -> None:
        """Take note that these are all chats of the user."""
        self.find(chats)
        known = frozenset(chats)
        for stream in self._streams:
            if stream.chat not in known:
                # Its own removal is next, if it is true; the read finds out.
                self.look(stream.chat, stream.next)

    # Streams

    def _expect(self, chat: int) -> Stream:
        self._followed.add(chat)
        self._tail.follow(chat, self)
        return self._streams.expect(chat)

    def _expect_all(self, chats: Iterable[int]) -> list[int]:
        return [self._expect(chat).chat for chat in chats]

    def _attend(self, stream: Stream, *, wait: float, seen_by: str = "stream") -> None:
        if not stream.attended:
            stream.attended = True
            self._spawn(self._heal(stream, wait, seen_by))

    async def _heal(self, stream: Stream, wait: float, seen_by: str) -> None:
        """Read the log until the stream is level with it; a neighbour that comes in time makes the read needless."""
        verdict = Verdict.DONE
        try:
            if wait:
                await asyncio.sleep(wait)
                _count_hole(stream, seen_by)
            while stream.behind and self._streams.get(stream.chat) is stream:
                verdict = await self._read(stream)
        finally:
            stream.attended = False
        if verdict is Verdict.ENDED:
            await self._look_again(stream.chat)

    async def _read(self, stream: Stream) -> Verdict:
        # A few at a time: a peer that is back after a month must not have all its chats read before it reads one.
        async with self._reads:
            await self._deadlines.wait_for_room(self._outlet)
            return await self._read_page(stream)

    async def _read_page(self, stream: Stream) -> Verdict:
        after = self._streams.begin_read(stream)
        try:
            page = await self._reader.page(stream.chat, after=after)
        except Exception:
            self._log.warning("The log of chat %d could not be read; trying again.", stream.chat, exc_info=True)
            await asyncio.sleep(_AGAIN_SECONDS)
            return Verdict.HOLE
        if page.epoch != self._streams.epoch:
            # Another history of the store: what this connection streams is of the old one. Nothing is sent any more,
            # the answers to writes least of all: their numbers are of the new one.
            self._send_away()
            self._streams.drop(stream.chat)
            return Verdict.DONE
        return self._streams.finish_read(stream, page.events, page.head)

    async def _open(self, stream: Stream) -> None:
        chat = stream.chat
        await self._join([group_for_chat(chat)])
        position = await self._position(chat)
        while position is None and stream.joined_again:
            # Removed and added once more while the database was asked.
            stream.joined_again = False
            position = await self._position(chat)
        if position is None:
            self._streams.drop(chat)
            await self._leave([chat])
            return
        verdict = self._streams.join(chat, max(position.joined_seq, 1), position.head)
        if verdict is Verdict.HOLE:
            self._attend(stream, wait=0.0)
        else:
            self.attend(chat, verdict)

    async def _look_again(self, chat: int) -> None:
        """After a stream has ended: leave its group, and open the next one if the user was added again meanwhile."""
        await self._leave([chat])
        if await self._position(chat) is not None:
            self.open(chat)

    async def _position(self, chat: int) -> selectors.ChatPosition | None:
        while True:
            try:
                return await run_in_thread(selectors.read_position, self.user, chat)
            except Exception:
                self._log.warning("The membership of chat %d could not be read; trying again.", chat, exc_info=True)
                await asyncio.sleep(_AGAIN_SECONDS)

    # Groups

    async def _join(self, groups: list[str]) -> None:
        async with self._lock:
            self._groups.update(groups)
            # While nobody is heard a join is a wait for nothing: they are all made when the canary is heard again.
            if not self._canary.deaf:
                await self._join_groups(groups)

    async def _join_groups(self, groups: list[str]) -> None:
        try:
            async with asyncio.timeout(get_limits().publish_seconds):
                if hasattr(self._layer, "join"):
                    await self._layer.join(groups, self._channel)
                else:
                    for group in groups:
                        await self._layer.group_add(group, self._channel)
        except Exception:  # whatever the layer raises: without it the log alone is heard
            metrics.JOIN_FAILURES.inc()
            self._canary.doubt()
            self._log.warning("The channel layer did not take %d joins.", len(groups), exc_info=True)

    async def _leave(self, chats: Iterable[int]) -> None:
        async with self._lock:
            # A stream that was opened while this waited for the lock keeps its group.
            unused = [chat for chat in chats if chat not in self._streams]
            for chat in unused:
                self._followed.discard(chat)
                self._tail.unfollow(chat, self)
            groups = [group_for_chat(chat) for chat in unused]
            self._groups.difference_update(groups)
            await self._leave_groups(groups)

    async def _leave_groups(self, groups: Iterable[str]) -> None:
        try:
            # Bounded, for a join may wait behind it: at worst the layer keeps a subscription that nobody needs.
            async with asyncio.timeout(get_limits().publish_seconds):
                if hasattr(self._layer, "leave"):
                    await self._layer.leave(groups, self._channel)
                else:
                    for group in groups:
                        await self._layer.group_discard(group, self._channel)
        except Exception:
            self._log.info("The channel layer did not take some leaves.", exc_info=True)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._closed:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("A stream could not be served.", exc_info=error)
            self._end(CloseCode.INTERNAL)


def _count_hole(stream: Stream, seen_by: str) -> None:
    if seen_by == "stream":
        metrics.HOLES.labels("log" if stream.behind else "neighbour").inc()
    elif stream.behind:
        metrics.TAIL_CATCHES.labels("event").inc()
