"""A batch of events: encoded once, carried by any layer, ready for the transport."""

from __future__ import annotations

import json

import msgpack
import pytest

from messaging.protocol.batch import EventBatch, Key, prepare_frame, time_of
from messaging.protocol.codec import add_id, encode_event_for
from messaging.protocol.frames import Event

AT = "2026-01-31T12:00:00.123456Z"


def event(seq: int, kind: str = "message.created", *, sender: int = 3, id: str | None = None, **body) -> Event:
    content_hash = "0f" * 16 if id else None
    return Event(chat=7, seq=seq, at=AT, kind=kind, sender=sender, id=id, content_hash=content_hash, body=body)


def three_events() -> EventBatch:
    events = [
        event(5, id="a", text="hi ☃"),
        event(6, "member.added", user=4, role="member"),
        event(7, "member.removed", sender=8, user=9),
    ]
    return EventBatch.from_events(events, epoch="e")


def test_each_event_is_its_frame_in_order():
    frames = [json.loads(frame) for frame in three_events().frames]
    common = {"chat": 7, "at": AT}
    assert frames == [
        {"type": "message.created", "seq": 5, "sender": 3, "text": "hi ☃", **common},
        {"type": "member.added", "seq": 6, "sender": 3, "user": 4, "role": "member", **common},
        {"type": "member.removed", "seq": 7, "sender": 8, "user": 9, **common},
    ]


def test_each_event_has_the_key_of_who_and_what_it_concerns():
    assert list(three_events().keys) == [
        Key(sender=3, id="a", content_hash="0f" * 16, added=0, removed=0),
        Key(sender=3, id=None, content_hash=None, added=4, removed=0),
        Key(sender=8, id=None, content_hash=None, added=0, removed=9),
    ]
    assert three_events().concerns == {0, 3, 4, 8, 9}


def test_a_batch_goes_by_seq_frame_and_key():
    batch = three_events()
    assert len(batch) == 3
    assert [(seq, key.sender) for seq, _, key in batch] == [(5, 3), (6, 3), (7, 8)]


def test_a_batch_comes_out_of_a_layer_as_it_went_in():
    batch = three_events()
    carried = EventBatch.from_message(msgpack.unpackb(msgpack.packb(batch.as_message())))
    assert (carried.chat, carried.first, carried.epoch) == (7, 5, "e")
    assert list(carried) == list(batch)


def test_the_layer_message_has_one_constant_type():
    assert three_events().as_message()["type"] == "chat.events"


@pytest.mark.parametrize(
    ("stored", "settled"), [("0f", True), ("f0", False), (None, True)], ids=["same", "other", "forgotten"]
)
def test_an_event_settles_a_write_of_its_content_and_of_any_where_it_is_forgotten(stored, settled):
    assert Key(3, "a", stored, 0, 0).settles("0f") is settled


# RFC 6455 §5.2 and §5.7: FIN and opcode 1, no mask, the shortest length.
@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x81\x00"),
        (5, b"\x81\x05"),
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_535, b"\x81\x7e\xff\xff"),
        (65_536, b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_a_prepared_frame_is_a_websocket_text_frame(size, head):
    payload = b"x" * size
    assert prepare_frame(payload) == head + payload


def test_the_prepared_bytes_are_all_frames_one_after_another():
    batch = three_events()
    assert batch.prepared == b"".join(prepare_frame(frame) for frame in batch.frames)


def test_the_sender_gets_the_frame_with_the_id():
    frame = three_events().frames[0]
    assert json.loads(add_id(frame, 'a"b')) == json.loads(frame) | {"id": 'a"b'}
    own = event(1, id="a", text="hi")
    ids = [json.loads(encode_event_for(user, each)).get("id") for user in (3, 4) for each in (own, event(2))]
    assert ids == ["a", None, None, None]


def test_the_time_of_a_frame_is_its_at_whatever_the_text_says():
    tricky = EventBatch.from_events([event(1, text='"at":"1999"')], epoch="e")
    assert time_of(tricky.frames[0]) == AT
