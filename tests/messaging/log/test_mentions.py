"""The names in a text: where one begins and ends, and how many are looked at."""

from __future__ import annotations

import time

import pytest

from messaging.log.mentions import names_in


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("nobody", []),
        ("@", []),
        ("@ ann", []),
        ("@ann", [("ann",)]),
        ("hi @ann, and @Bob!", [("ann",), ("Bob",)]),
        ('(@ann) "@bob" @ann', [("ann",), ("bob",)]),
        ("@ann's", [("ann",)]),
        ("@ann.", [("ann.", "ann")]),
        ("@ann.lee...", [("ann.lee...", "ann.lee")]),
        ("mail ann@example.com", []),
        ("@ann@example.com", [("ann@example.com",)]),
        ("@@ann", [("@ann",)]),
        ("x@ann .@ann", []),
        ("@Ünal\n@名前", [("Ünal",), ("名前",)]),
        ("@" + "x" * 150, [("x" * 150,)]),
        ("@" + "x" * 151, []),
    ],
)
def test_a_name_begins_a_word_and_ends_with_what_names_are_made_of(text, names):
    assert names_in(text, most=10) == names


def test_only_so_many_are_looked_at_and_a_repeat_is_one():
    assert names_in("@a @b @a @c @d", most=3) == [("a",), ("b",), ("c",)]


@pytest.mark.parametrize("text", ["@" * 4_000, "@a" * 2_000, "@a." * 1_333, "@" + "." * 3_999, " @" * 2_000])
def test_no_text_takes_long(text):
    started = time.perf_counter()
    names_in(text, most=50)
    assert time.perf_counter() - started < 0.2
