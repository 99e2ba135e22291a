"""Whatever comes, the codec gives a command or a refusal that can be sent, and nothing else ever comes out of it."""

from __future__ import annotations

import json
import string

from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.protocol.codec import Codec, RefusedFrame, encode
from messaging.protocol.frames import MAX_INTEGER, AnyCommand, MessageSend

codec = Codec(frame_bytes=65_536, text_chars=4_000)

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec=None)), inner, max_size=4),
    max_leaves=12,
)
_types = st.sampled_from([*(command.__struct_config__.tag for command in AnyCommand.__args__), "nope"])
_almost_frames = st.fixed_dictionaries(
    {"type": _types | _json, "id": st.text(string.printable, max_size=4) | _json},
    optional=dict.fromkeys(
        [*sorted({name for command in AnyCommand.__args__ for name in command.__struct_fields__} - {"id"}), "\ud800"],
        _json,
    ),
)


def expect_command_or_refusal(text: str) -> None:
    try:
        codec.decode(text)
    except RefusedFrame as refused:
        encode({"type": "error", "id": refused.id, "chat": refused.chat, **refused.error.as_body()})


@settings(deadline=None)
@given(st.text(st.characters(codec=None)))
def test_any_text_is_a_command_or_a_refusal(text):
    expect_command_or_refusal(text)


@settings(deadline=None)
@given(_json | _almost_frames, st.booleans())
def test_any_json_is_a_command_or_a_refusal(value, ascii_only):
    expect_command_or_refusal(json.dumps(value, ensure_ascii=ascii_only))


_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=50).map(str.strip).filter(bool)
_integers = st.integers(0, MAX_INTEGER)


@settings(deadline=None)
@given(
    st.text(string.digits + string.ascii_letters + "!~-", min_size=1, max_size=64),
    _integers,
    _texts,
    st.none() | _integers,
)
def test_a_good_message_comes_through_as_it_was(id, chat, text, reply_to):
    sent = MessageSend(id=id, chat=chat, text=text, reply_to=reply_to)
    assert codec.decode(encode(sent).decode()) == sent
