"""Nothing that others write reaches the terminal as anything but letters."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.terminal.text import clip, harmless, split_harmless, width_of, window

ANY_TEXT = st.text(st.characters())  # halves of surrogate pairs included


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain – and “quoted” 🚀", "plain – and “quoted” 🚀"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("\x1b]0;title\x07", "]0;title"),
        ("\x9b2J\x90q\x9c", "2Jq"),
        ("back\x08\x7fspace", "backspace"),
        ("a\rb\nc\r\nd\x85e\u2028f", "a b c d e f"),
        ("a\tb", "a    b"),
        ("safe \u202eexe.txt\u202c", "safe exe.txt"),
        ("\u2066isolated\u2069", "isolated"),
        ("half \ud83d a pair", "half  a pair"),
        ("👩\u200d💻 می\u200cخواهم", "👩\u200d💻 می\u200cخواهم"),
    ],
)
def test_a_text_is_shown_without_what_a_terminal_obeys(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(ANY_TEXT)
def test_no_text_has_controls_or_turns_or_leaves_utf_8(text: str) -> None:
    for line in [harmless(text), *split_harmless(text)]:
        assert "Cc" not in map(unicodedata.category, line)
        assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")
        line.encode()


def test_the_lines_of_a_text_are_its_own() -> None:
    assert split_harmless("one\ntwo\r\n\x1bthree") == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("日本", 4),
        ("e\u0301", 1),
        ("🚀", 2),
        ("❤", 1),
        ("❤\ufe0f", 2),
        ("1\ufe0f\u20e3", 2),
        ("🕊\ufe0fa", 3),
        ("🚀\ufe0f", 2),
        ("\ufe0f", 0),
        ("", 0),
    ],
)
def test_a_text_is_as_wide_as_its_columns(text: str, width: int) -> None:
    assert width_of(text) == width


@given(ANY_TEXT, st.integers(1, 30))
def test_a_clipped_text_fits(text: str, columns: int) -> None:
    assert width_of(clip(text, columns)) <= columns


@given(ANY_TEXT, st.integers(0, 100), st.integers(2, 30))
def test_a_window_fits_and_has_the_cursor_in_it(text: str, cursor: int, columns: int) -> None:
    cursor = min(cursor, len(text))
    shown, column = window(text, cursor, columns)
    assert width_of(shown) <= columns
    assert column < columns
    assert shown in text
    assert any(text[start:].startswith(shown) and width_of(text[start:cursor]) == column for start in range(cursor + 1))


def test_a_long_line_is_seen_where_the_cursor_is() -> None:
    assert window("abcdefgh", 8, 4) == ("fgh", 3)
    assert window("abcdefgh", 2, 4) == ("abcd", 2)
    assert window("abc❤\ufe0f", 5, 4) == ("c❤\ufe0f", 3)
