"""docs/vectors.md describes the vectors that are there, and how they are written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, Document, codes
from tests.protocol import vector
from tests.protocol.vector import FILES, FOLDER, ServerVector

VECTORS = Document("docs/vectors.md")
CLIENTS = VECTORS.tables("Frames of a client")
SERVERS = VECTORS.tables("Frames of a server")


def names(table: list[list[str]]) -> set[str]:
    """Return what the rows of a table are about."""
    return {codes(row[0])[0] for row in table}


def test_every_file_is_listed_with_how_many_vectors_it_has():
    listed = {codes(file)[0]: int(count) for file, count, _ in VECTORS.tables()[0]}
    assert listed == {f"{stem}.json": len(vectors) for stem, vectors in FILES.items()}


@pytest.mark.parametrize(
    ("table", "struct", "common"),
    [
        (CLIENTS[0], vector.GoodFrame, {"name", "direction"}),
        (CLIENTS[1], vector.Command, set()),
        (CLIENTS[2], vector.Refusal, set()),
        (SERVERS[0], vector.ServerVector, {"name", "direction"}),
        (SERVERS[1], vector.Given, set()),
        (SERVERS[2], vector.Step, set()),
        (SERVERS[3], vector.Outcome, set()),
    ],
)
def test_every_field_is_described(table, struct, common):
    assert names(table) == set(struct.__struct_fields__) - common


def test_every_action_is_described_with_its_fields():
    described = {codes(action)[0]: set(codes(fields)) for action, fields, _ in SERVERS[4]}
    done: dict[str, set[str]] = {action: set() for action in described}
    for vectors in FILES.values():
        for each in (each for each in vectors if isinstance(each, ServerVector)):
            for action in (action for step in each.steps for action in step.expect.actions):
                done[action["do"]] |= action.keys() - {"do"}
    assert done == described


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_names_of_vectors_say_one_thing_each(path: Path):
    given = [each["name"] for each in json.loads(path.read_text(encoding="utf-8"))]
    assert len(given) == len(set(given))


def test_the_tests_that_are_named_exist():
    assert all((ROOT / codes(row[0])[0]).is_file() for row in VECTORS.rows("How this project plays them"))
