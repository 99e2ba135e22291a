"""Two clients on one chat, whatever they do in whatever order; and a live consumer, whatever it is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.frames import event_of, is_event
from messaging.models import Event, Membership
from messaging.protocol.frames import AnyCommand
from messaging.protocol.kinds import Kind
from tests.vocabulary import Frame, Talk

pytestmark = pytest.mark.django_db(transaction=True)

_live = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


Reactions = dict[str, set[int]]


class Party:
    """One of the two: its connection, its place in the chat, what it knows of each message, and the answer to each id."""

    def __init__(self, world: Any, user: int, chat: int) -> None:
        self.world, self.user, self.chat = world, user, chat
        self.seq = 0
        # By seq; None where the message is deleted.
        self.texts: dict[int, str | None] = {}
        self.reactions: dict[int, Reactions] = {}
        self.answers: dict[str, int] = {}
        self.sent: dict[str, Frame] = {}
        self.talk: Talk

    async def connect(self) -> None:
        """Come (back) and resume; what was missed is applied like what is live."""
        self.talk = await self.world.connect(self.user)
        await self.talk.hello(resume={self.chat: self.seq}, epoch=await self.world.epoch())
        await self.listen(until=lambda frame: frame["type"] == "caught_up")

    async def write(self, type: str, number: int, **fields: Any) -> None:
        """Write under an id that may have been used for the same; the answer is what it was, or a refusal."""
        id = f"{type}-{number}-{fields.get('seq')}"
        command = {"type": type, "id": id, "chat": self.chat, **fields}
        self.sent[id] = command
        await self.talk.put(json.dumps(command))
        await self.listen(until=lambda frame: frame["type"] in ("ack", "error") and frame["id"] == id)

    async def say(self, number: int) -> None:
        """Say something."""
        await self.write("message.send", number, text=f"{self.user} says {number}")

    async def edit(self, number: int) -> None:
        """Change a message, be it one's own or not."""
        await self.write("message.edit", number, seq=number + 1, text=f"{self.user} means {number}")

    async def delete(self, number: int) -> None:
        """Delete a message, be it one's own or not."""
        await self.write("message.delete", number, seq=number + 1)

    async def react(self, number: int) -> None:
        """Put an emoji on a message or, with another id, take it off."""
        on = self.user not in self.reactions.get(number + 1, {}).get("👍", set())
        await self.write("reaction.set", self.world.fresh(), seq=number + 1, emoji="👍", on=on)

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
        if frame["type"] == "error":
            assert frame["code"] in ("message_not_found", "forbidden", "id_conflict"), frame
        if frame["type"] == "ack" and "seq" in frame:
            assert self.answers.setdefault(frame["id"], frame["seq"]) == frame["seq"]
            if not frame.get("duplicate"):
                self.take_event(event_of(self.sent[frame["id"]], frame, self.user))
        elif is_event(frame):
            self.take_event(frame)

    def take_event(self, event: Frame) -> None:
        """Fold the next event."""
        assert event["seq"] == self.seq + 1, event
        self.seq += 1
        match event["type"]:
            case "message.created":
                self.texts[self.seq] = event.get("text")
            case "message.edited" if "text" in event:
                self.texts[event["target"]] = event["text"]
            case "message.deleted":
                self.texts[event["target"]] = None
                self.reactions.pop(event["target"], None)
            case "reaction.set":
                users = self.reactions.setdefault(event["target"], {}).setdefault(event["emoji"], set())
                (users.add if event["on"] else users.discard)(event["sender"])

    def folded(self) -> dict[int, tuple[str | None, set[int]]]:
        """Return each message as this one knows it: its text, and who likes it."""
        return {
            seq: (text, set() if text is None else self.reactions.get(seq, {}).get("👍", set()))
            for seq, text in self.texts.items()
        }


def folded_in_store(chat: int) -> dict[int, tuple[str | None, set[int]]]:
    """Return each message as the store has it."""
    messages = Event.objects.filter(chat=chat, kind=Kind.MESSAGE_CREATED)
    return {m.seq: (None if m.deleted_at else m.text, set(m.reactions.get("👍", ()))) for m in messages}


_STEPS = ["say", "say", "say", "edit", "edit", "delete", "react", "react", "read", "reconnect"]


@_live
@given(steps=st.lists(st.tuples(st.booleans(), st.sampled_from(_STEPS), st.integers(0, 3)), max_size=20))
async def test_both_see_one_log_whatever_they_do(world, steps):
    ann, bob = await world.users(f"a{world.fresh()}", f"b{world.fresh()}")
    chat = await world.group(ann, bob)
    parties = [Party(world, ann, chat), Party(world, bob, chat)]
    for party in parties:
        await party.connect()
    for second, step, number in steps:
        party = parties[second]
        await (party.connect() if step == "reconnect" else getattr(party, step)(number))
    seqs = await world.call(lambda: list(Event.objects.filter(chat=chat).order_by("seq").values_list("seq", flat=True)))
    stored = await world.call(folded_in_store, chat=chat)
    assert seqs == list(range(1, len(seqs) + 1))
    for party in parties:
        while party.seq < len(seqs):
            party.apply(await party.talk.take())
        assert party.folded() == stored


_junk = st.one_of(
    st.text(max_size=40),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    ).map(json.dumps),
    st.fixed_dictionaries(
        {"type": st.sampled_from([command.__struct_config__.tag for command in AnyCommand.__args__])},
        optional={
            name: st.none() | st.integers() | st.text(max_size=5) | st.booleans() | st.lists(st.integers(), max_size=2)
            for name in (
                "id",
                "chat",
                "seq",
                "text",
                "after",
                "before",
                "limit",
                "on",
                "emoji",
                "token",
                "resume",
                "epoch",
            )
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
