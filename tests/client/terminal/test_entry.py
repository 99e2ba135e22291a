"""What a typed line means, and that the documents say the same."""

from __future__ import annotations

import pytest

from client.terminal.entry import USAGES, Order, Say, parse, split_group, split_names, split_target
from client.terminal.errors import Problem
from tests.docs.markdown import Document, codes


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("hello", Say("hello")),
        ("  hello there \r", Say("hello there")),
        ("//etc is a folder", Say("/etc is a folder")),
        ("", None),
        ("   ", None),
        ("/open 7", Order("open", "7")),
        ("/OPEN  Tea and cake ", Order("open", "Tea and cake")),
        ("/chats", Order("chats", "")),
        ("/who", Order("who", "")),
    ],
)
def test_a_line_is_a_message_or_a_command(line: str, meaning: object) -> None:
    assert parse(line) == meaning


@pytest.mark.parametrize(
    ("line", "why"), [("/dance", "no /dance"), ("/ open", "no /"), ("/open", "/open CHAT"), ("/new ", "/new")]
)
def test_what_is_no_command_is_explained(line: str, why: str) -> None:
    with pytest.raises(Problem, match=why):
        parse(line)


@pytest.mark.parametrize(
    ("text", "names"),
    [("grace", ["grace"]), ("grace, linus", ["grace", "linus"]), ("a b,a,,c ", ["a", "b", "c"]), ("", [])],
)
def test_names_stand_between_commas_or_spaces(text: str, names: list[str]) -> None:
    assert split_names(text) == names


def test_a_title_stands_behind_a_colon() -> None:
    assert split_group("grace, linus: Tea: at five ") == (["grace", "linus"], "Tea: at five")


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("#12 hello there", (12, "hello there")),
        ("#12", (12, "")),
        ("#12   👍 off", (12, "👍 off")),
        ("12 monkeys", (None, "12 monkeys")),
        ("#12th of May", (None, "#12th of May")),
        ("#tea", (None, "#tea")),
        ("", (None, "")),
    ],
)
def test_a_message_is_named_by_its_number(text: str, target: tuple[int | None, str]) -> None:
    assert split_target(text) == target


def test_the_document_has_every_command_and_no_other() -> None:
    rows = Document("docs/terminal.md").rows("Commands")
    documented = {codes(cell)[0]: does for cell, does in rows}
    assert documented == {f"/{name} {usage.argument}".strip(): usage.does for name, usage in USAGES.items()}
