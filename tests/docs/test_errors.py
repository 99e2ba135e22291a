"""docs/errors.md has a row for every error code, and the tests it names are there and reach the code."""

from __future__ import annotations

import ast

import pytest

from messaging.protocol.codes import ErrorCode
from tests.docs.markdown import ROOT, Document, codes

ERRORS = Document("docs/errors.md")
ROWS = ERRORS.tables()[0]
NAMED = [(codes(code)[0], test) for code, _, _, *cells in ROWS for cell in cells for test in codes(cell)]
# Where the tests of the two columns stand.
EDGES = (("tests/consumers/", "tests/protocol/"), ("tests/messaging/api/",))
LATER = {ErrorCode.ATTACHMENT_TOO_LARGE, ErrorCode.ATTACHMENT_TYPE}


def source_of(test: str) -> str:
    """Return the code of a test, decorators included; fails where there is no such test."""
    path, _, name = test.partition("::")
    code = (ROOT / path).read_text(encoding="utf-8")
    functions = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    (function,) = [function for function in functions if function.name == name]
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    return "\n".join(code.splitlines()[first - 1 : function.end_lineno])


def test_every_code_has_its_row():
    rows = [(codes(code)[0], int(status), retry) for code, status, retry, *_ in ROWS]
    assert rows == [(code.value, code.status, "yes" if code.retry else "no") for code in ErrorCode]


def test_every_code_but_those_of_later_is_reached():
    assert {code for code, _ in NAMED} == set(ErrorCode) - LATER
    assert all(f"`{code.value}`" in ERRORS.prose.split("|")[0] for code in LATER)


def test_each_column_names_tests_of_its_own_edge():
    for _, _, _, *cells in ROWS:
        for cell, folders in zip(cells, EDGES, strict=True):
            assert all(test.startswith(folders) for test in codes(cell))


@pytest.mark.parametrize(("code", "test"), NAMED)
def test_the_test_that_is_named_exists_and_speaks_of_the_code(code, test):
    assert code in source_of(test)
