"""The residents and their chats, of every size, with members who come and go: what the servers have to do meanwhile."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from client import ClientError, Phase
from client.checker.history import History
from client.errors import CommandRefused, RestError
from client.frames import Frame
from tests.faults.acts import Act, Acts, history, sync
from tests.faults.cluster import Node
from tests.faults.resident import Resident

T = TypeVar("T")

# What one resident has under way at a time, and how long any of it may take.
_AT_ONCE, _PATIENCE = 5, 20.0
_SYNC_LIMIT, _HISTORY_LIMIT = 200, 100
# Changes of members and titles, and founded groups, a second.
_CHANGES = 1.5


@dataclass(slots=True)
class Group:
    """A chat whose members change."""

    id: int
    owner: Resident
    members: set[int] = field(default_factory=set)


class Population:
    """Residents who write `rate` messages a second each, until told to stop."""

    def __init__(
        self, nodes: Sequence[Node], history: History, *, users: int, rate: float, draw: random.Random
    ) -> None:
        self.residents = [
            Resident(f"user{number}", nodes, history, random.Random(draw.random())) for number in range(1, users + 1)
        ]
        self.groups: list[Group] = []
        self.chats: set[int] = set()
        self._history = history
        self._rate = rate
        self._draw = draw
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._busy: dict[int, int] = {}
        self._acts = Acts(self.chats, self._numbers)

    # Moving in

    async def settle(self) -> None:
        """Make accounts and chats and connect everybody."""
        await _in_turns([resident.sign_up for resident in self.residents], 4)
        for resident in self.residents:
            resident.start()
        await self._found_chats()

    async def _found_chats(self) -> None:
        everybody = list(self.residents)
        await self.found_group(everybody[0], everybody[1:])
        sizes = [*([10] * 2), *([5] * 3), *([3] * 4)]
        for size in sizes:
            chosen = self._draw.sample(everybody, min(size, len(everybody)))
            await self.found_group(chosen[0], chosen[1:])
        for one, other in zip(everybody[::2], everybody[1::2], strict=False):
            chat = await one.client.rest.create_chat("private", [other.id])
            self.chats.add(chat.id)

    async def found_group(self, owner: Resident, others: Sequence[Resident]) -> None:
        """Make a group, however often that has to be asked for."""
        id = f"group-{next(self._numbers)}"
        members = [each.id for each in others]
        found = False
        while not found:
            with suppress(ClientError):
                chat = await owner.client.rest.create_chat("group", members, title=id, id=id)
                self.chats.add(chat.id)
                self.groups.append(Group(chat.id, owner, set(members)))
                found = True
            await asyncio.sleep(0.0 if found else 1.0)

    # Living

    def live(self) -> None:
        """Begin to write, read, come and go."""
        for resident in self.residents:
            self._spawn(self._live(resident))
        self._spawn(self._come_and_go())

    async def rest(self) -> None:
        """Stop acting, and wait for what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def quiet(self) -> None:
        """Return when every client is live and has nothing left to send."""
        while not all(_is_quiet(resident) for resident in self.residents):  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.1)

    def restless(self) -> list[str]:
        """Say who is not quiet, and why."""
        return [
            f"{each.name}: {each.client.state}, {len(each.client.unsettled)} unsettled"
            for each in self.residents
            if not _is_quiet(each)
        ]

    async def leave(self) -> None:
        """Close every client."""
        await self.rest()
        await asyncio.gather(*(resident.leave() for resident in self.residents))

    async def _live(self, resident: Resident) -> None:
        while True:
            await asyncio.sleep(resident.draw.expovariate(self._rate))
            if self._busy.get(resident.id, 0) < _AT_ONCE:
                self._spawn(self._act(self._acts.draw(resident), resident))

    async def _act(self, act: Act, resident: Resident) -> None:
        self._busy[resident.id] = self._busy.get(resident.id, 0) + 1
        try:
            # A refusal, an outage and a lost connection are what this is about.
            with suppress(ClientError, TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await act(resident)
        finally:
            self._busy[resident.id] -= 1

    async def _come_and_go(self) -> None:
        while True:
            await asyncio.sleep(self._draw.expovariate(_CHANGES))
            group = self._draw.choice(self.groups)
            if self._draw.random() < 0.05:
                owner, *others = self._draw.sample(self.residents, self._draw.randint(2, 6))
                self._spawn(self._act(partial(self.found_group, others=others), owner))
            else:
                self._spawn(self._act(partial(self._change_members, group), group.owner))

    async def _change_members(self, group: Group, owner: Resident) -> None:
        anybody = [resident.id for resident in self.residents]
        # Half of the time one who is in it: of a small group anybody is mostly a stranger.
        user = self._draw.choice(sorted(group.members) if group.members and self._draw.random() < 0.5 else anybody)
        rest = owner.client.rest
        if user == owner.id:
            await rest.rename_chat(group.id, f"title {next(self._numbers)}")
        elif user in group.members:
            group.members.discard(user)
            await rest.remove_member(group.id, user)
            if self._draw.random() < 0.3:
                # At once again: two streams of one chat within one look of anybody.
                await rest.add_member(group.id, user)
                group.members.add(user)
        else:
            group.members.add(user)
            await rest.add_member(group.id, user)

    # The end

    async def read_logs(self) -> None:
        """Write down the whole log and the members of every chat, as one of its members is told them.

        Its newest page of history is read before that, both ways: by then nothing can excuse that it is of before.
        """
        await _in_turns([partial(self._read_log, chat) for chat in sorted(self._every_chat())], 8)

    def _every_chat(self) -> set[int]:
        return self.chats.union(*(resident.client.chats for resident in self.residents))

    async def _read_log(self, chat: int) -> None:
        member = next(resident for resident in self.residents if chat in resident.client.chats)
        await _insist(lambda: member.client.request(history(chat, limit=_HISTORY_LIMIT)))
        await _insist(lambda: member.client.rest.messages(chat, limit=_HISTORY_LIMIT))
        page = await _read_page(member, chat, after=0)
        events: list[Frame] = page["events"]
        while page["more"]:
            page = await _read_page(member, chat, after=len(events))
            events += page["events"]
        self._history.add("log", frame={"chat": chat, "head": page["head"], "events": events})
        rows = await _insist(lambda: member.client.rest.page(None, f"/api/chats/{chat}/members/", {"limit": 100}))
        self._history.add("members", frame={"chat": chat, "users": [row["id"] for row in rows.results]})

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def _read_page(member: Resident, chat: int, *, after: int) -> Frame:
    return await _insist(lambda: member.client.request(sync(chat, after, _SYNC_LIMIT)))


def _is_quiet(resident: Resident) -> bool:
    return resident.client.state.phase is Phase.LIVE and not resident.client.unsettled


async def _insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until it is answered; raise a final error."""
    while True:
        try:
            return await ask()
        except (CommandRefused, RestError) as error:
            if not error.retry:
                raise
            await asyncio.sleep(error.retry_after or 0.5)


async def _in_turns(work: Sequence[Callable[[], Awaitable[None]]], at_once: int) -> None:
    """Do all of it, so much at a time."""
    turn = asyncio.Semaphore(at_once)

    async def do(each: Callable[[], Awaitable[None]]) -> None:
        async with turn:
            await each()

    await asyncio.gather(*(do(each) for each in work))
