"""The text of a message: trimmed, its line ends made one kind, counted, and what it may not hold."""

from __future__ import annotations

import json

import pytest

from tests.messaging.protocol.given_frames import decode, expect_bad_field, frame, refusal_of


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (" hi ", "hi"),
        ("\u2003hi\u3000\u00a0\u0085\u2028", "hi"),
        ("\n\thi\t\n", "hi"),
        ("one\r\ntwo", "one\ntwo"),
        ("\r\nhi\r\n", "hi"),
        ("one\n\ttwo", "one\n\ttwo"),
        ("\u200bhi\ufeff", "\u200bhi\ufeff"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
        ("\x80\x9f", "\x80\x9f"),
        ("\U0010ffff", "\U0010ffff"),
    ],
)
def test_text_is_trimmed_of_unicode_white_space_and_cr_lf_is_lf(given, kept):
    assert decode(frame(json.dumps(given))).text == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\r\n \u3000",
        "a\rb",
        "a\r\r\n",
        "a\0",
        "\x1fa",
        "a\x0b",
        "\x1ba",
        "a\x7f",
        "\ud800",
        "a\udfffb",
        "\udc00\ud800",
    ],
)
def test_empty_text_controls_and_lone_surrogates_are_refused(text):
    refused = refusal_of(frame(json.dumps(text)))
    assert (refused.error.code, refused.error.field) == ("bad_frame", "text")
    assert (refused.id, refused.chat) == ("a", 7)


@pytest.mark.parametrize("text", ["5", "null", "true", "[]", '{"a":1}'])
def test_text_is_a_string(text):
    expect_bad_field(frame(text), "text")


def test_text_is_counted_in_code_points_after_trimming():
    assert len(decode(frame(json.dumps(" " + "😀" * 4_000 + "\r\n"))).text) == 4_000
    expect_bad_field(frame(json.dumps("😀" * 4_001)), "text")
