"""What the three people do: every promise of C1 to C6 is put to use at least once, and everything seen is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from client import commands
from client.checker import History
from client.conformance.speaker import Speaker
from client.errors import RestError
from client.frames import Frame

_ROUNDS = 6
_PAGE = 200
_TRIES = 10


class Conversation:
    """One conversation in one group; `group` is its id once it has begun."""

    def __init__(self, people: tuple[Speaker, Speaker, Speaker], history: History) -> None:
        self.ann, self.bob, self.cat = people
        self.history = history
        self.group = 0

    async def run(self) -> None:
        """Do all of it."""
        self.group = (await self.ann.rest.create_chat("group", [self.bob.id], title="Conformance")).id
        # So that each stream is open, whatever became of its `chat.joined`.
        await self._sync(self.ann), await self._sync(self.bob)
        said = await self._talk()
        await self._change(said)
        await self._repeat(said)
        await self._come_back()
        await self._lose_an_answer()
        await self._leave_and_join(said)
        await self._join_while_away()
        await self._begin_anew()
        await self._settle()
        await self._write_down()

    async def _talk(self) -> dict[Speaker, list[Frame]]:
        """Everybody writes at the same time, and somebody joins in between."""
        said: dict[Speaker, list[Frame]] = {self.ann: [], self.bob: []}
        for number in range(_ROUNDS):
            if number == _ROUNDS // 2:
                await insist(lambda: self.ann.rest.add_member(self.group, self.cat.id))
            for speaker, frame in zip(said, await asyncio.gather(*(self._say(each) for each in said)), strict=True):
                said[speaker].append(frame)
        await self._say(self.cat)
        return said

    async def _change(self, said: dict[Speaker, list[Frame]]) -> None:
        """Messages are edited, deleted and reacted to."""
        seqs = {event.get("text"): event["seq"] for event in await self._log(self.ann)}
        edited, deleted = (seqs.get(said[self.ann][number]["text"], 0) for number in (1, 2))
        await self.ann.write(commands.message_edit(self.group, edited, "said otherwise"))
        await self.ann.write(commands.message_delete(self.group, deleted))
        for on in (True, True, False):
            await self.bob.write(commands.reaction_set(self.group, edited, "👍", on=on))

    async def _repeat(self, said: dict[Speaker, list[Frame]]) -> None:
        """Old writes are sent again, the same way and the other."""
        await self.bob.write(said[self.bob][0])
        await self.ann.write(said[self.ann][2])
        first = said[self.ann][0]
        await insist(lambda: self.ann.rest.send_message(self.group, first["text"], id=first["id"]))
        await insist(lambda: self.bob.rest.send_message(self.group, "over REST", id="rest-1"))
        await self.bob.write(commands.message_send(self.group, "over REST", id="rest-1"))

    async def _come_back(self) -> None:
        """Somebody is away while the others write, and gets what was missed."""
        await self.cat.disconnect()
        for speaker in (self.ann, self.bob, self.ann):
            await self._say(speaker)
        await self.cat.connect()
        await self._say(self.cat)

    async def _lose_an_answer(self) -> None:
        """A write whose answer is never read is sent again on the next connection."""
        write = commands.message_send(self.group, "was it written?")
        await self.bob.send(write)
        await self.bob.disconnect(cut=True)
        await self.bob.connect()
        await self.bob.write(write)

    async def _leave_and_join(self, said: dict[Speaker, list[Frame]]) -> None:
        """Somebody is removed, tries what is no longer allowed, and is added again."""
        await insist(lambda: self.ann.rest.remove_member(self.group, self.bob.id))
        for speaker in (self.ann, self.cat, self.ann):
            await self._say(speaker)
        await self.bob.write(said[self.bob][1])
        await self._say(self.bob)
        await self._sync(self.bob)
        await self.bob.ask({"type": "history", "id": commands.new_id(), "chat": self.group})
        await insist(lambda: self.bob.rest.messages(self.group))
        await insist(lambda: self.ann.rest.add_member(self.group, self.bob.id))
        await self._say(self.ann)
        await self._say(self.bob)

    async def _join_while_away(self) -> None:
        """Somebody is removed and added again while away, and goes on at the joining."""
        await self._settle()
        await self.cat.disconnect()
        await insist(lambda: self.ann.rest.remove_member(self.group, self.cat.id))
        await self._say(self.bob)
        await insist(lambda: self.ann.rest.add_member(self.group, self.cat.id))
        await self._say(self.ann)
        await self.cat.connect()

    async def _begin_anew(self) -> None:
        """Somebody comes with the cursors of another store."""
        await self.bob.disconnect()
        await self.bob.connect(epoch="of-another-store")
        await self._say(self.ann)

    async def _settle(self) -> None:
        """Wait until everybody has seen what there is; who does not is not judged here, for that is C7."""
        head = (await self._sync(self.ann)).get("head", 0)
        await asyncio.gather(*(each.reach(self.group, head) for each in (self.ann, self.bob, self.cat)))

    async def _write_down(self) -> None:
        events = await self._log(self.ann)
        head = max((event["seq"] for event in events), default=0)
        self.history.add("log", frame={"chat": self.group, "head": head, "events": events})
        members = await self.ann.rest.members(self.group)
        frame = {"chat": self.group, "users": [member["id"] for member in members]}
        self.history.add("members", frame=frame)

    async def _log(self, member: Speaker) -> list[Frame]:
        events: list[Frame] = []
        while True:
            page = await self._sync(member, after=events[-1]["seq"] if events else 0)
            events += page.get("events", [])
            if not page.get("more") or not page.get("events"):
                return events

    async def _sync(self, speaker: Speaker, after: int = 0) -> Frame:
        return await speaker.ask(
            {"type": "sync", "id": commands.new_id(), "chat": self.group, "after": after, "limit": _PAGE}
        )

    async def _say(self, speaker: Speaker) -> Frame:
        return await speaker.say(self.group, f"{speaker.name} says {commands.new_id()}")


async def insist(call: Callable[[], Awaitable[Any]]) -> RestError | None:
    """Make a call until it is no error that may be tried again; return the error that stands."""
    refusal: RestError | None = None
    for _ in range(_TRIES):
        try:
            await call()
        except RestError as error:
            refusal = error
            if error.retry:
                continue
            return error
        else:
            return None
    return refusal
