"""The fingerprint of a write's content is stored: it is the same in every process, on every version, for ever."""

from __future__ import annotations

from typing import Any

import pytest

from messaging.protocol.codec import Codec, hash_content
from messaging.protocol.frames import AnyWrite, MessageDelete, MessageEdit, MessageSend, ReactionSet


@pytest.mark.parametrize(
    ("command", "fingerprint"),
    [
        (MessageSend(id="a", chat=7, text="hi"), "1c3b84728fd16e4829ed2fc66c681128"),
        (MessageSend(id="a", chat=7, text="hi", reply_to=3), "c10b865d0706b55af6b419be9a8961fd"),
        (MessageEdit(id="a", chat=7, seq=3, text="hi"), "b0bb4b5aa46b1e9cfb7079cf22bb99cb"),
        (MessageDelete(id="a", chat=7, seq=3), "94969283f86ba44a34c8c9cf187838e4"),
        (ReactionSet(id="a", chat=7, seq=3, emoji="👍", on=True), "55419ca8fe891fdbe13e562f918c2d99"),
        (MessageSend(id="a", chat=7, text='Grüße 😀\n\t"\\'), "262bcab8d8a488e7533540b712ce996e"),
    ],
)
def test_the_content_hash_is_stable(command, fingerprint):
    assert hash_content(command) == fingerprint


def test_equal_content_has_one_hash_whatever_its_id_and_chat():
    codec: Any = Codec(frame_bytes=1_000, text_chars=10)
    one = codec.decode('{"type":"message.send","id":"a","chat":7,"text":" hi"}')
    two = codec.decode(
        '{"type":"message.send","id":"b","chat":8,"text":"hi\\r\\n","reply_to":null,"attachments":[],"new":1}'
    )
    assert hash_content(one) == hash_content(two)


def test_other_content_has_another_hash():
    commands: list[AnyWrite] = [
        MessageSend(id="a", chat=7, text=text, reply_to=reply_to)
        for text in ("hi", "Hi", "hi!", '{"reply_to":1}')
        for reply_to in (None, 0, 1, 10)
    ]
    commands += [MessageEdit(id="a", chat=7, seq=seq, text=text) for seq in (0, 1) for text in ("hi", "Hi")]
    commands += [MessageDelete(id="a", chat=7, seq=seq) for seq in (0, 1)]
    commands += [ReactionSet(id="a", chat=7, seq=0, emoji=emoji, on=on) for emoji in "👍🎉" for on in (True, False)]
    assert len({hash_content(command) for command in commands}) == len(commands)
