"""Lines go to pipes once, and to terminals above what changes."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from client.terminal.console import Live, PlainConsole
from client.terminal.tty import TtyConsole


def plain(source: int = 0, *, interactive: bool = False) -> tuple[PlainConsole, io.StringIO]:
    """Make a plain console, and what it writes to."""
    out = io.StringIO()
    return PlainConsole(source, out, interactive=interactive), out


async def read_all(console: PlainConsole) -> list[str]:
    """Read to the end."""
    return [line async for line in console.lines()]


def test_what_changes_is_printed_once() -> None:
    console, out = plain()
    for lines in (("… a",), ("… a", "… a"), ("… a", "grace is typing …"), (), ("… a",)):
        console.show(Live(lines))
    assert out.getvalue().splitlines() == ["… a", "… a", "grace is typing …", "… a"]


def test_a_person_sees_the_question_and_a_pipe_does_not() -> None:
    for interactive, printed in ((True, "Take over?\n"), (False, "")):
        console, out = plain(interactive=interactive)
        console.show(Live(prompt="Take over?"))
        console.show(Live(prompt="Take over?"))
        assert out.getvalue() == printed


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\n\nlast", ["one\r", "", "last"]),
        ("日本\n".encode() * 40_000, ["日本"] * 40_000),
        (b"\xff\xfe\n", ["\ufffd\ufffd"]),
    ],
)
async def test_a_file_is_read_line_by_line(tmp_path: Path, data: bytes, lines: list[str]) -> None:
    file = tmp_path / "input"
    file.write_bytes(data)
    with file.open("rb") as source:
        console, _ = plain(source.fileno())
        assert await read_all(console) == lines


async def test_a_pipe_is_read_while_it_is_written() -> None:
    source, sink = os.pipe()
    console, _ = plain(source)
    lines = console.lines()
    for text in ("one", "two"):
        os.write(sink, f"{text}\n".encode())
        assert await anext(lines) == text
    os.close(sink)
    assert [line async for line in lines] == []
    os.close(source)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> tuple[TtyConsole, io.StringIO]:
    """Make the console of a terminal of 40 columns, and what it writes to."""
    monkeypatch.setenv("COLUMNS", "40")
    out = io.StringIO()
    return TtyConsole(0, out), out


def test_lines_stand_above_what_changes(drawn: tuple[TtyConsole, io.StringIO]) -> None:
    console, out = drawn
    console.show(Live(("… one", "… two"), "Tea> "))
    assert out.getvalue() == "\r\x1b[J… one\n… two\nTea> \r\x1b[5C"
    out.truncate(0), out.seek(0)
    console.print("line")
    assert out.getvalue() == "\r\x1b[2A\x1b[Jline\n… one\n… two\nTea> \r\x1b[5C"


def test_nothing_is_drawn_where_nothing_changed(drawn: tuple[TtyConsole, io.StringIO]) -> None:
    console, out = drawn
    console.show(Live())
    assert out.getvalue() == ""


def test_every_line_that_changes_takes_one_row(drawn: tuple[TtyConsole, io.StringIO]) -> None:
    console, out = drawn
    console.show(Live(("日" * 50,), "x" * 50 + "> "))
    first, second = out.getvalue().removeprefix("\r\x1b[J").split("\n")
    assert first == "日" * 19 + "…"
    assert second.startswith("x" * 19 + "…")


def test_no_escape_but_our_own_is_written(drawn: tuple[TtyConsole, io.StringIO]) -> None:
    console, out = drawn
    console.show(Live(("\x1b[2J",), "\x9b> "))
    console.print("\x1b]0;title\x07")
    assert out.getvalue().count("\x1b[2J") == out.getvalue().count("\x1b]") == out.getvalue().count("\x9b") == 0
