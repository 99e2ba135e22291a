"""Two clients on one chat, whatever they do in whatever order; and a live consumer, whatever it is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.models import Event, Membership
from tests.vocabulary import Frame, Talk

pytestmark = pytest.mark.django_db(transaction=True)

_live = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Party:
    """One of the two: its connection, its place in the chat, and the answer to each of its ids."""

    def __init__(self, world: Any, user: int, chat: int) -> None:
        self.world, self.user, self.chat = world, user, chat
        self.seq = 0
        self.texts: dict[int, str] = {}
        self.answers: dict[str, int] = {}
        self.said: dict[str, str] = {}
        self.talk: Talk

    async def connect(self) -> None:
        """Come (back) and resume; what was missed is applied like what is live."""
        self.talk = await self.world.connect(self.user)
        await self.talk.hello(resume={self.chat: self.seq}, epoch=await self.world.epoch())
        await self.listen(until=lambda frame: frame["type"] == "caught_up")

    async def say(self, number: int) -> None:
        """Say something under an id that may have been used; the answer is what it was."""
        id, text = f"i{number}", f"{self.user} says {number}"
        self.said[id] = text
        await self.talk.say(self.chat, text, id=id)
        await self.listen(until=lambda frame: frame["type"] == "ack" and frame["id"] == id)

    async def read(self, seq: int) -> None:
        """Read; the marker moves forward only."""
        id = await self.talk.send("read", chat=self.chat, seq=seq)
        before = await self.marker()
        await self.listen(until=lambda frame: frame["type"] == "ack" and frame["id"] == id)
        assert await self.marker() >= before

    async def marker(self) -> int:
        """Return how far this one has read."""
        membership = await self.world.call(Membership.objects.get, user=self.user, chat=self.chat)
        return int(membership.read_seq)

    async def listen(self, *, until: Any) -> None:
        """Apply what comes until the frame that is waited for."""
        while True:
            frame = await self.talk.take()
            self.apply(frame)
            if until(frame):
                return

    def apply(self, frame: Frame) -> None:
        """Apply a frame as a client does; C1 is that this never fails."""
        assert frame["type"] != "error", frame
        if frame["type"] == "ack" and "seq" in frame:
            assert self.answers.setdefault(frame["id"], frame["seq"]) == frame["seq"]
            if frame.get("duplicate"):
                return
            frame = frame | {"text": self.said[frame["id"]]}
        if frame["type"] in ("ack", "message.created") and "seq" in frame:
            assert frame["seq"] == self.seq + 1, frame
            self.seq += 1
            self.texts[self.seq] = frame["text"]


@_live
@given(
    steps=st.lists(
        st.tuples(st.booleans(), st.sampled_from(["say", "say", "say", "read", "reconnect"]), st.integers(0, 3)),
        max_size=14,
    )
)
async def test_both_see_one_log_whatever_they_do(world, steps):
    ann, bob = await world.users(f"a{world.fresh()}", f"b{world.fresh()}")
    chat = await world.group(ann, bob)
    parties = [Party(world, ann, chat), Party(world, bob, chat)]
    for party in parties:
        await party.connect()
    for second, step, number in steps:
        party = parties[second]
        if step == "say":
            await party.say(number)
        elif step == "read":
            await party.read(number)
        else:
            await party.connect()
    log = {event.seq: event.text for event in await world.call(lambda: list(Event.objects.filter(chat=chat)))}
    for party in parties:
        while party.seq < len(log):
            party.apply(await party.talk.take())
        assert party.texts == log
    assert sorted(log) == list(range(1, len(log) + 1))
    assert len(set(log.values())) == len(log)


_junk = st.one_of(
    st.text(max_size=40),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    ).map(json.dumps),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["hello", "ping", "message.send", "sync", "history", "read", "typing", "token.refresh"]
            )
        },
        optional={
            name: st.none() | st.integers() | st.text(max_size=5) | st.booleans() | st.lists(st.integers(), max_size=2)
            for name in ("id", "chat", "seq", "text", "after", "before", "limit", "on", "token", "resume", "epoch")
        },
    ).map(json.dumps),
)


@_live
@given(frames=st.lists(_junk, max_size=30))
async def test_whatever_it_is_sent_the_next_good_frame_works(world, frames):
    talk = await world.join(await world.user(f"u{world.fresh()}"))
    for frame in frames:
        await talk.put(frame)
    await talk.send("ping", id="the-end")
    while (answer := await talk.take()).get("id") != "the-end":
        assert answer["type"] in ("error", "ack"), answer
        assert answer.get("code") != "internal", answer
    assert answer["type"] == "ack"
