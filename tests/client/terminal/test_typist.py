"""The others are told that somebody types often enough, and not more often."""

from __future__ import annotations

from client.terminal.typist import IDLE_SECONDS, REPEAT_SECONDS, Typist


def test_a_beginning_is_told_and_repeated_while_it_goes_on() -> None:
    typist = Typist()
    told = [typist.typed("h" * n, n) for n in range(1, 9)]
    assert REPEAT_SECONDS == 3
    assert told == [True, None, None, True, None, None, True, None]


def test_an_end_is_told_once() -> None:
    typist = Typist()
    typist.typed("h", 0)
    assert [typist.typed("", 1), typist.typed("", 2), typist.stop()] == [False, None, None]


def test_commands_are_no_messages() -> None:
    typist = Typist()
    assert [typist.typed(text, 0) for text in ("/", "/open", "  ", "//etc")] == [None, None, None, True]


def test_who_stops_in_the_middle_is_not_typing_any_more() -> None:
    typist = Typist()
    typist.typed("h", 10)
    assert [typist.look(10 + IDLE_SECONDS - 1), typist.look(10 + IDLE_SECONDS)] == [None, False]
