"""The codec: what is a good frame, and what is said of a bad one."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from messaging.errors import BadFrame
from messaging.protocol.codec import Codec, RefusedFrame, encode
from messaging.protocol.frames import (
    MAX_INTEGER,
    Hello,
    History,
    MessageDelete,
    MessageEdit,
    MessageSend,
    Ping,
    ReactionSet,
    Read,
    Sync,
    TokenRefresh,
    Typing,
)
from tests.messaging.protocol.given_frames import codec, decode, expect_bad_field, frame, refusal_of


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"type":"ping","id":"a"}', Ping(id="a")),
        ('{"type":"hello","id":"a"}', Hello(id="a")),
        (
            '{"type":"hello","id":"a","resume":{"7":3},"epoch":"e"}',
            Hello(id="a", resume={7: 3}, epoch="e"),
        ),
        ('{"type":"token.refresh","id":"a","token":"t"}', TokenRefresh(id="a", token="t")),
        (frame(), MessageSend(id="a", chat=7, text="hi")),
        (frame(more=',"reply_to":3,"attachments":[]'), MessageSend(id="a", chat=7, text="hi", reply_to=3)),
        (frame(more=',"reply_to":null'), MessageSend(id="a", chat=7, text="hi")),
        (
            '{"type":"message.edit","id":"a","chat":7,"seq":3,"text":" ho "}',
            MessageEdit(id="a", chat=7, seq=3, text="ho"),
        ),
        ('{"type":"message.delete","id":"a","chat":7,"seq":3}', MessageDelete(id="a", chat=7, seq=3)),
        (
            '{"type":"reaction.set","id":"a","chat":7,"seq":3,"emoji":"👍","on":false}',
            ReactionSet(id="a", chat=7, seq=3, emoji="👍", on=False),
        ),
        (' {"id":"a",\n"type":"ping"}\t', Ping(id="a")),
        ('{"type":"sync","id":"a","chat":7,"after":3}', Sync(id="a", chat=7, after=3, limit=200)),
        ('{"type":"sync","id":"a","chat":7,"after":0,"limit":1}', Sync(id="a", chat=7, after=0, limit=1)),
        ('{"type":"history","id":"a","chat":7}', History(id="a", chat=7)),
        ('{"type":"history","id":"a","chat":7,"before":9,"limit":100}', History(id="a", chat=7, before=9, limit=100)),
        ('{"type":"read","chat":7,"seq":3}', Read(chat=7, seq=3)),
        ('{"type":"read","id":"a","chat":7,"seq":3}', Read(id="a", chat=7, seq=3)),
        ('{"type":"typing","chat":7,"on":true}', Typing(chat=7, on=True)),
    ],
)
def test_a_good_frame_is_a_command(text, command):
    assert decode(text) == command


def test_unknown_fields_are_ignored():
    assert decode('{"type":"ping","id":"a","new":{"deep":[1,null,{}]},"":0}') == Ping(id="a")


def test_of_a_field_given_twice_the_last_counts():
    assert decode('{"type":"ping","id":"a","id":"b"}').id == "b"
    expect_bad_field('{"type":"ping","type":"hello","id":"a"}', "type")


@pytest.mark.parametrize("id", ["!", "~", "a" * 64, "0b5f-4a", "\\u0041"])
def test_an_id_is_up_to_64_visible_ascii_characters(id):
    assert decode(frame(id=f'"{id}"')).id == json.loads(f'"{id}"')


@pytest.mark.parametrize(
    "id", ['""', f'"{"a" * 65}"', '"a b"', '"é"', '"a\\n"', '"\\u007f"', '"\\u0000"', '"\\ud800"', "5", "null", "[]"]
)
def test_any_other_id_is_refused_and_not_echoed(id):
    refused = refusal_of(frame(id=id))
    assert (refused.error.code, refused.error.field) == ("bad_frame", "id")
    assert (refused.id, refused.chat) == (None, 7)


@pytest.mark.parametrize("chat", ["0", "1", str(MAX_INTEGER)])
def test_an_integer_is_from_0_to_2_to_the_53_less_1(chat):
    assert decode(frame(chat=chat)).chat == int(chat)


@pytest.mark.parametrize(
    "chat",
    [
        "-1",
        str(MAX_INTEGER + 1),
        "1" * 30,
        "1" * 5_000,
        "1.0",
        "1e2",
        "1.5",
        "1e999",
        "true",
        "false",
        '"7"',
        "null",
        "{}",
    ],
)
def test_anything_else_is_no_integer(chat):
    refused = refusal_of(frame(chat=chat))
    assert (refused.error.code, refused.error.field) == ("bad_frame", "chat")
    assert (refused.id, refused.chat) == ("a", None)


@pytest.mark.parametrize("missing", ["id", "chat", "text", "type"])
def test_a_missing_field_is_named(missing):
    fields = {"type": "message.send", "id": "a", "chat": 7, "text": "hi"}
    del fields[missing]
    expect_bad_field(json.dumps(fields), missing)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ('"resume":{"7":3}', "epoch"),
        ('"epoch":"e"', "resume"),
        ('"epoch":"e","resume":null', "resume"),
        ('"epoch":null,"resume":{}', "epoch"),
        ('"epoch":"e","resume":[]', "resume"),
        ('"epoch":"e","resume":{"x":3}', "resume"),
        ('"epoch":"e","resume":{"-1":3}', "resume"),
        ('"epoch":"e","resume":{"7":-3}', "resume"),
        ('"epoch":"e","resume":{"7":3.0}', "resume"),
        ('"epoch":"e","resume":{"7":true}', "resume"),
    ],
)
def test_hello_has_resume_and_epoch_or_neither(fields, field):
    expect_bad_field(f'{{"type":"hello","id":"a",{fields}}}', field)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ('"type":"sync","after":3,"limit":201', "limit"),
        ('"type":"sync","after":3,"limit":0', "limit"),
        ('"type":"sync","after":-1', "after"),
        ('"type":"sync"', "after"),
        ('"type":"history","limit":101', "limit"),
        ('"type":"history","limit":2.0', "limit"),
        ('"type":"history","before":"9"', "before"),
        ('"type":"read"', "seq"),
        ('"type":"read","seq":true', "seq"),
        ('"type":"typing","on":1', "on"),
        ('"type":"typing"', "on"),
    ],
)
def test_a_bad_field_of_any_command_is_named(fields, field):
    expect_bad_field(f'{{"id":"a","chat":7,{fields}}}', field)


@pytest.mark.parametrize("fields", ['"type":"read","seq":3', '"type":"typing","on":true'])
def test_an_id_that_is_not_needed_is_checked_all_the_same(fields):
    assert decode(f'{{"chat":7,{fields}}}').id is None
    expect_bad_field(f'{{"id":"a b","chat":7,{fields}}}', "id")


@pytest.mark.parametrize("reply_to", ["-1", "1.0", "true", '"1"', "[]"])
def test_reply_to_is_an_integer_or_null(reply_to):
    expect_bad_field(frame(more=f',"reply_to":{reply_to}'), "reply_to")


@pytest.mark.parametrize("attachments", ['["x"]', "null", "{}", '"x"'])
def test_attachments_are_refused_until_there_are_any(attachments):
    expect_bad_field(frame(more=f',"attachments":{attachments}'), "attachments")


@pytest.mark.parametrize("filling", ["x", "é", "€", "😀"])
def test_a_frame_is_measured_in_bytes_as_sent(filling):
    small: Any = Codec(frame_bytes=100, text_chars=4_000)
    bare = frame('""')
    room, size = 100 - len(bare), len(filling.encode())
    text = filling * (room // size) + "y" * (room % size)
    assert small.decode(frame(f'"{text}"')).text == text
    with pytest.raises(RefusedFrame) as caught:
        small.decode(frame(f'"{text}z"'))
    assert caught.value.error.code == "frame_too_large"
    assert (caught.value.id, caught.value.chat) == (None, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{'type':'ping'}",
        '{"type":"ping","id":"a",}',
        '{"type":"ping","id":"a"}{}',
        '{"type":"ping","id":"a"',
        '{"type":"ping","id":"a","x":NaN}',
        '{"type":"ping","id":"a","x":-Infinity}',
        '{"type":"ping","id":"a","x":01}',
        '{"type":"ping","id":"a\n"}',
        '\ufeff{"type":"ping","id":"a"}',
        "\ud800",
        "[" * 60_000,
        '{"a":' * 10_000,
        '{"type":"ping","id":"a","x":' + "[" * 20_000 + "]" * 20_000 + "}",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_is_no_json_or_too_deep_is_bad_json(text):
    refused = refusal_of(text)
    assert (refused.error.code, refused.id, refused.chat) == ("bad_json", None, None)


@pytest.mark.parametrize(
    "text", ["[]", '[{"type":"ping","id":"a"}]', "1", "-0.5", '"ping"', "null", "true", "1" * 5_000]
)
def test_json_that_is_no_object_is_a_bad_frame(text):
    expect_bad_field(text, None)


@pytest.mark.parametrize(
    ("text", "id", "chat"),
    [
        ('{"type":"nope","id":"a","chat":7}', "a", 7),
        ('{"type":"nope"}', None, None),
        ('{"type":"","id":"a b","chat":-7}', None, None),
        ('{"type":"PING","id":5,"chat":true}', None, None),
        ('{"type":"nope","id":"a","x":%s}' % ("1" * 5_000), "a", None),
    ],
)
def test_an_unknown_type_is_told_with_the_id_that_could_be_read(text, id, chat):
    refused = refusal_of(text)
    assert (refused.error.code, refused.id, refused.chat) == ("unknown_type", id, chat)


def test_a_frame_of_an_unknown_type_is_not_made_into_objects():
    text = '{"type":"nope","id":"a","x":[%s[]]}' % ("[]," * 20_000)
    tracemalloc.start()
    try:
        assert refusal_of(text).error.code == "unknown_type"
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 2 * len(text)


@pytest.mark.parametrize("fields", [r'"type":"\ud800"', r'"type":"nope","x":"\ud800"', r'"x":"\ud800","type":"nope"'])
def test_what_is_not_text_is_a_bad_frame_whatever_its_type(fields):
    refused = refusal_of(f'{{"id":"a","chat":7,{fields}}}')
    assert (refused.error.code, refused.id, refused.chat) == ("bad_frame", "a", 7)


@pytest.mark.parametrize("type_", ["5", "null", "[]", "{}", "true"])
def test_a_type_is_a_string(type_):
    refused = refusal_of(f'{{"type":{type_},"id":"a"}}')
    assert (refused.error.code, refused.error.field, refused.id) == ("bad_frame", "type", "a")


@pytest.mark.parametrize(
    ("fields", "named"),
    [(r'"x":"\ud800"', "x"), (r'"\ud800":1', None), (r'"\ud800":"\ud800"', None), (r'"\u0000\udc00":"\udc00"', None)],
)
def test_a_refusal_of_lone_surrogates_holds_none_itself(fields, named):
    refused = refusal_of(f'{{"type":"ping","id":"a",{fields}}}')
    assert (refused.error.code, refused.error.field, refused.id) == ("bad_frame", named, "a")
    encode(refused.error.as_body())


def test_the_body_of_a_rest_message_is_checked_alike():
    body = {"id": "a", "chat": 7, "text": " hi\r\n"}
    assert codec.convert_message(body) == MessageSend(id="a", chat=7, text="hi")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "a b"}, "id"),
        ({"text": "\x00"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"text": ""}, "text"),
        ({"text": 5}, "text"),
        ({"reply_to": True}, "reply_to"),
        ({"reply_to": 2**53}, "reply_to"),
        ({"attachments": ["x"]}, "attachments"),
    ],
)
def test_a_bad_field_of_a_rest_body_is_named(change, field):
    with pytest.raises(BadFrame) as caught:
        codec.convert_message({"id": "a", "chat": 7, "text": "hi", **change})
    assert caught.value.field == field
