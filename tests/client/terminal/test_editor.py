"""Keys become lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.terminal.editor import END, Editor

LEFT, RIGHT, UP, DOWN, HOME, DELETE = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B", "\x1b[H", "\x1b[3~"


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        ("hello", "hello", 5),
        ("helo" + LEFT + "l", "hello", 4),
        ("hello\x7f\x7f", "hel", 3),
        ("\x7f", "", 0),
        ("hello" + HOME + DELETE, "ello", 0),
        ("hello\x01\x06\x0b", "h", 1),
        ("one two\x17", "one ", 4),
        ("one two" + LEFT + "\x15", "o", 0),
        (LEFT + RIGHT + RIGHT + "a\x05b", "ab", 2),
        ("tab\there", "tab here", 8),
        ("\x00\x1f\x9b\x1b[99;99Hx\x1bO5y", "xy", 2),
        ("\x1bb\x1b\x1b[Cok", "ok", 2),
        ("日本🚀", "日本🚀", 3),
        ("❤\ufe0f👩\u200d💻", "❤\ufe0f👩\u200d💻", 5),
        ("🏴\U000e0067\U000e0062\U000e007f", "🏴\U000e0067\U000e0062\U000e007f", 4),
        ("one\x1b[200~two\nthree\x1b[201~", "onetwo three", 12),
    ],
)
def test_keys_change_the_line(keys: str, text: str, cursor: int) -> None:
    editor = Editor()
    assert editor.feed(keys) == []
    assert (editor.text, editor.cursor) == (text, cursor)


def test_enter_finishes_a_line() -> None:
    editor = Editor()
    assert editor.feed("one\rtwo\nthr") == ["one", "two"]
    assert editor.text == "thr"


def test_a_key_may_come_in_pieces() -> None:
    editor = Editor()
    for piece in "ab" + LEFT + "c":
        editor.feed(piece)
    assert editor.text == "acb"


def test_ctrl_d_ends_the_input_only_where_nothing_is_typed() -> None:
    editor = Editor()
    assert editor.feed("ab" + HOME + "\x04") == []
    assert editor.text == "b"
    assert editor.feed("\x7f\x0b\x04") == [END]


def test_earlier_lines_come_back_but_secrets_do_not() -> None:
    editor = Editor()
    editor.feed("one\rone\rtwo\r\r")
    editor.feed("secret\r", remember=False)
    seen = []
    for key in (UP, UP, UP, DOWN, DOWN):
        editor.feed(key)
        seen.append(editor.text)
    assert seen == ["two", "one", "one", "two", ""]


@given(st.text(st.sampled_from("ab \x1b[O;0~A\x7f\x01\x05\x15\x17\x04\r\x1b🚀é")))
def test_no_keys_break_the_editor(keys: str) -> None:
    editor = Editor()
    for key in keys:
        editor.feed(key)
        assert 0 <= editor.cursor <= len(editor.text)
        assert editor.text.isprintable()


def test_a_line_begun_before_a_question_is_there_after_the_answer() -> None:
    editor = Editor()
    editor.feed("half a li")
    editor.swap()
    assert editor.feed("secret\rmore", remember=False) == ["secret"]
    editor.swap()
    editor.feed("ne")
    assert editor.text == "half a line"
