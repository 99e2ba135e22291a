"""The client without I/O against a server that keeps the contract, with the line cut anywhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from client import (
    Applied,
    Broken,
    Change,
    CommandRefused,
    Dropped,
    Forgotten,
    Ready,
    Replica,
    Settled,
)
from client.commands import message_delete, message_edit, message_send, reaction_set
from tests.client.model import BURST, OTHER, ModelServer
from tests.client.server_frames import LIMITS, ready_frame

CHATS = st.sampled_from([7, 8, 9])
OUTCOMES = st.sampled_from(["ok", "ok", "ok", "refused", "limited", "unconfirmed"])


class Meeting(RuleBasedStateMachine):
    """One replica, one server, and a line that fails."""

    def __init__(self) -> None:
        super().__init__()
        self.server = ModelServer()
        for chat in (7, 8, 9):
            self.server.create(chat)
        self.replica = Replica(lambda refusals: 1.0)
        self.now = 0.0
        # What an application would show: the start of each chat, and the events from there.
        self.view: dict[int, tuple[int, list[dict[str, Any]]]] = {}
        self.written: dict[str, int] = {}
        self.settled: dict[str, Settled] = {}
        self.lost_in_restore: set[str] = set()
        self.cut()

    def cut(self) -> None:
        """Lose the line and connect anew."""
        self.server.cut()
        self.replica.outbox.lost()
        self.server.up.append(self.replica.hello())

    def restart(self) -> None:
        """Kill the app and start it from what it has stored."""
        saved = self.replica.export()
        self.replica = Replica(lambda refusals: 1.0)
        self.replica.restore(saved)
        self.cut()

    def restore_backup(self) -> None:
        """Bring the server back from an older state."""
        self.server.restore_backup(lost=2)
        self.lost_in_restore |= {id for id in self.settled if self.server.known(self.written[id], id) is None}
        self.cut()

    @rule(what=st.sampled_from(["cut", "cut", "restart", "restore_backup"]))
    def fail(self, what: str) -> None:
        """Let something break; one rule, as nothing happens where everything breaks all the time."""
        getattr(self, what)()

    @rule(steps=st.integers(1, 12), outcome=OUTCOMES)
    def flow(self, steps: int, outcome: str) -> None:
        """Let frames flow, with the same outcome for every write."""
        for _ in range(steps):
            if self.server.down:
                self.receive()
            elif self.server.up:
                self.server.read(outcome)
            elif not any(self.server.deliver(chat) for chat in self.server.logs):
                self.send()

    @rule(chat=CHATS, what=st.sampled_from(["send", "send", "edit", "delete", "on", "off"]))
    def write(self, chat: int, what: str) -> None:
        """Let the person write, change what was written, or react."""
        id = f"w{len(self.written)}"
        commands = {
            "send": message_send(chat, f"text of {id}", id=id),
            "edit": message_edit(chat, 1, f"text of {id}", id=id),
            "delete": message_delete(chat, 1, id=id),
        }
        self.replica.put(commands.get(what) or reaction_set(chat, 1, "👍", on=what == "on", id=id))
        self.written[id] = chat

    @rule(seconds=st.integers(1, 4))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds

    @rule()
    def send(self) -> None:
        """Send what is due, once ready was received."""
        if self.server.ready and not any(frame["type"] == "ready" for frame in self.server.down):
            self.server.up.extend(self.replica.outbox.due(self.now))

    @rule()
    @precondition(lambda self: self.server.up)
    def serve(self) -> None:
        """Let the server take one command."""
        self.server.read()

    @rule(chat=CHATS)
    def deliver(self, chat: int) -> None:
        """Let the server send one event."""
        self.server.deliver(chat)

    @rule()
    @precondition(lambda self: self.server.down)
    def receive(self) -> None:
        """Let the client take one frame."""
        for change in self.replica.receive(self.server.down.popleft(), self.now):
            self.show(change)

    @rule(chat=CHATS, times=st.integers(1, 6))
    def others_write(self, chat: int, times: int) -> None:
        """Let others write."""
        for _ in range(times):
            self.server.append(chat, "message.created", OTHER, text="theirs")

    @rule(chat=CHATS)
    def remove_or_add(self, chat: int) -> None:
        """Change the membership of the user."""
        if chat in self.server.joined:
            self.server.remove(chat)
        else:
            self.server.add(chat)

    def show(self, change: Change) -> None:
        """Do with a change what an application does."""
        match change:
            case Forgotten(chat, start):
                self.view[chat] = (start, [])
            case Applied(chat, seq, event):
                start, events = self.view.setdefault(chat, (1, []))
                assert seq == start + len(events)
                events.append(event)
            case Dropped(chat):
                self.view.pop(chat, None)
            case Settled(command):
                assert command["id"] not in self.settled
                self.settled[command["id"]] = change
            case Broken():
                raise AssertionError("the model keeps C1")

    @invariant()
    def what_is_shown_is_the_log(self) -> None:
        """Compare every event shown with the log, its acks with the events others see."""
        if self.replica.streams.epoch != str(self.server.epoch):
            return
        for chat, (start, events) in self.view.items():
            assert events == self.server.logs[chat][start - 1 : start - 1 + len(events)]
            assert not events or events[-1]["type"] != "member.removed"

    @invariant()
    def one_write_of_a_chat_is_under_way(self) -> None:
        """Check what the server has not read yet, and that it is no more than `burst`."""
        under_way = [frame["chat"] for frame in self.server.up if frame["type"] != "hello"]
        assert len(under_way) == len(set(under_way)) <= BURST

    def teardown(self) -> None:
        """Let the line hold from now on: everything is settled once, in order, and everything is shown."""
        self.cut()
        for _ in range(400):
            self.heal()
            if not (self.replica.outbox or self.server.up or self.server.down):
                break
        self.everything_is_settled_once_in_order()
        self.everything_is_shown()

    def heal(self) -> None:
        """Do every step once, with no failure."""
        self.now += 5
        while self.server.up:
            self.server.read()
        for chat in self.server.logs:
            while self.server.deliver(chat):
                pass
        while self.server.down:
            self.receive()
        self.send()

    def everything_is_settled_once_in_order(self) -> None:
        """Check C3 as the person sees it."""
        assert self.settled.keys() == self.written.keys()
        for chat, log in self.server.logs.items():
            mine = [event["id"] for event in log if "id" in event]
            assert mine == [id for id in self.written if self.written[id] == chat and id in mine]
            for id in mine:
                assert id in self.lost_in_restore or self.settled[id].answer["seq"] == self.server.known(chat, id)
        for id in self.settled.keys() - self.lost_in_restore:
            answer = self.settled[id].answer
            assert ("seq" in answer) == (self.server.known(self.written[id], id) is not None)
            assert answer.get("code") in (None, "not_a_member")

    def everything_is_shown(self) -> None:
        """Check that nothing is missing at the end of any chat, and no chat is left over."""
        assert self.replica.streams.cursors == {chat: len(self.server.logs[chat]) for chat in self.server.joined}
        assert self.replica.streams.epoch == str(self.server.epoch)
        assert self.view.keys() <= self.server.joined.keys()
        for chat, (start, events) in self.view.items():
            assert start + len(events) == self.replica.streams.cursors[chat] + 1


Meeting.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestMeeting = Meeting.TestCase


def test_a_write_no_server_could_read_is_refused_at_once() -> None:
    replica = Replica(lambda refusals: 0.0)
    with pytest.raises(CommandRefused) as refused:
        replica.put(message_send(7, "x" * 70_000))
    assert refused.value.code == "frame_too_large"
    with pytest.raises(ValueError, match="surrogates"):
        replica.put(message_send(7, "\ud800"))
    assert len(replica.outbox) == 0


def test_ready_sets_the_limits() -> None:
    replica = Replica(lambda refusals: 0.0)
    frame = ready_frame(limits=LIMITS | {"burst": 1, "frame_bytes": 200})
    assert replica.receive(frame, 0.0) == [Ready(frame)]
    replica.put(message_send(7, "a"))
    replica.put(message_send(8, "b"))
    assert len(replica.outbox.due(0.0)) == 1
    with pytest.raises(CommandRefused):
        replica.put(message_send(7, "x" * 200))


def test_the_state_of_another_user_is_not_taken_over() -> None:
    ada = Replica(lambda refusals: 0.0, user_name="ada", device="phone")
    ada.receive(ready_frame((7, 44, 45)), 0.0)
    ada.put(message_send(7, "a"))
    bob = Replica(lambda refusals: 0.0, user_name="bob")
    bob.restore(ada.export())
    assert (bob.device, set(bob.hello()), len(bob.outbox)) == ("phone", {"type", "id"}, 0)
