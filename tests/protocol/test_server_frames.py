"""Every frame of a server in the vectors is one that the server encodes, and the reference client does with it as told."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from client import Applied, Broken, CaughtUp, Change, Dropped, Forgotten, Ready, Replica, Settled, Signal, Waits
from client.backoff import Backoff, Step
from client.connection import end_of
from messaging import errors
from messaging.host import notify
from messaging.protocol import frames
from messaging.protocol.codec import add_id, encode, encode_error, encode_event
from messaging.protocol.codes import CloseCode, ErrorCode, Remedy, remedy_for
from messaging.protocol.kinds import Kind
from tests.consumers.conftest import world  # noqa: F401 - the same people and connections
from tests.protocol.vector import FILES, Frame, ServerVector, each, server_frames

STRUCTS = {
    struct.__struct_config__.tag: struct
    for struct in (frames.Ready, frames.CaughtUp, frames.ChatJoined, frames.Ack, frames.Bye, frames.Presence)
}
ERRORS = {error.code: error for error in errors.ChatError.__subclasses__()}
EVENT_FIELDS = ("type", "chat", "seq", "at", "sender", "id")
SIGNALS = {"read", "typing", "app.order_shipped"}
# What a client must bear although no server of this version sends it.
OF_OTHERS = {"app.tea_ready", "poll.opened"}


# What the server encodes


def written(frame: Frame) -> bytes:
    """Return the frame as the vector has it, in the way of the wire: without white space, in UTF-8."""
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":")).encode()


def encoded(frame: Frame) -> bytes:
    """Return the frame as the server's own encoders make it from what it says."""
    if struct := STRUCTS.get(frame["type"]):
        return encode(msgspec.json.decode(written(frame), type=struct))
    if frame["type"] == "error":
        error = ERRORS[ErrorCode(frame["code"])](
            frame["detail"], field=frame.get("field"), retry_after=frame.get("retry_after")
        )
        return encode_error(error, id=frame["id"], chat=frame.get("chat"))
    body = {name: value for name, value in frame.items() if name not in EVENT_FIELDS}
    known = {name: frame[name] for name in ("chat", "seq", "at", "sender")}
    event = frames.Event(**known, kind=frame["type"], id=frame.get("id"), content_hash=None, body=body)
    return add_id(encode_event(event), frame["id"]) if "id" in frame else encode_event(event)


# A signal of a chat is encoded where it is told.
@pytest.mark.parametrize(
    "frame",
    [frame for frame in server_frames() if frame["type"] not in SIGNALS | OF_OTHERS],
    ids=lambda frame: frame["type"],
)
def test_the_server_encodes_this_very_frame(frame):
    assert encoded(frame) == written(frame)


@pytest.mark.django_db(transaction=True)
async def test_the_server_tells_signals_in_the_very_shape(world):  # noqa: F811
    ann, bob = await world.users("ann", "bob")
    chat = await world.group(ann, bob)
    await world.say(bob, chat, "hi")
    one, two = await world.join(ann), await world.join(bob)
    told = []
    for command, fields in (("read", {"seq": 1}), ("typing", {"on": True}), ("typing", {"on": False})):
        await one.expect_ack(await one.send(command, chat=chat, **fields))
        told.append(await two.expect(command, chat=chat, user=ann, **fields))
    await world.call(notify, user=bob, name="app.order_shipped", payload={"order": 4711, "carrier": "Royal Mail"})
    told.append(await two.expect("app.order_shipped"))
    shapes = {json.dumps(list(frame)) for frame in server_frames() if frame["type"] in SIGNALS}
    assert shapes == {json.dumps(list(frame)) for frame in told}


def test_every_frame_of_a_server_has_a_vector():
    types = {frame["type"] for frame in server_frames()}
    assert types == STRUCTS.keys() | set(Kind) | SIGNALS | OF_OTHERS | {"error"}
    assert {frame["code"] for frame in server_frames() if frame["type"] == "bye"} == set(CloseCode)


# What the reference client does with it


def does(change: Change, frame: Frame) -> Frame:
    """Return a change as vectors write it."""
    match change:
        case Ready():
            return {"do": "ready"}
        case CaughtUp():
            return {"do": "caught_up"}
        case Applied(chat, seq, event):
            return {"do": "apply", "chat": chat, "seq": seq} | ({} if event == frame else {"event": event})
        case Forgotten(chat, start):
            return {"do": "forget", "chat": chat, "from": start}
        case Dropped(chat):
            return {"do": "drop", "chat": chat}
        case Signal():
            return {"do": "signal"}
        case Broken():
            return {"do": "back_off"}
        case Settled(command, answer):
            told = {name: answer[name] for name in ("seq", "code") if name in answer}
            return {"do": "settle", "chat": command["chat"], "id": command["id"]} | told
    raise AssertionError(change)


def make_client(vector: ServerVector) -> Replica:
    """Return a client as the vector finds it."""
    client = Replica(lambda _refusals: 1.0)
    if vector.given is not None:
        client.streams.restore({"user": vector.given.user, "epoch": vector.given.epoch, "seq": vector.given.seq})
        client.outbox.restore(vector.given.outbox)
        client.outbox.due(0.0)
    return client


def react(client: Replica, frame: Frame) -> list[Frame]:
    """Hand the client a frame and return what it does."""
    if frame["type"] == "bye":
        return [{"do": after(Backoff(Waits(), lambda: 0.5).after_close(end_of(frame), lived=1.0), frame["code"])}]
    return [does(change, frame) for change in client.receive(frame, 0.0)]


def after(step: Step, code: int) -> str:
    """Return what the client's loop decides after a bye."""
    if step.stop is not None:
        return "stop"
    if step.renew:
        return "renew_token"
    return {Remedy.RECONNECT: "reconnect", Remedy.BACK_OFF: "back_off"}[remedy_for(code)]


@each(ServerVector)
def test_the_reference_client_does_as_the_vector_says(vector):
    client = make_client(vector)
    for step in vector.steps:
        if step.frame["type"] == "ready":
            client.outbox.lost()
            hello = {name: value for name, value in client.hello().items() if name != "id"}
            assert hello == step.hello
        assert react(client, step.frame) == step.expect.actions
        assert client.streams.cursors == {int(chat): seq for chat, seq in step.expect.seq.items()}
        assert step.expect.epoch in (None, client.streams.epoch)
        assert client.outbox.due(0.0) == step.expect.sends
        assert [write["id"] for write in client.outbox.export()] == step.expect.outbox


def test_every_action_a_client_knows_is_in_a_vector():
    vectors = [vector for vectors in FILES.values() for vector in vectors if isinstance(vector, ServerVector)]
    done: set[Any] = {action["do"] for vector in vectors for step in vector.steps for action in step.expect.actions}
    assert done == {
        *("ready", "caught_up", "apply", "settle", "forget", "drop", "signal"),
        *("reconnect", "back_off", "renew_token", "stop"),
    }
