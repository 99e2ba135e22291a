"""Log lines: fields, one line a record, and nothing that a client wrote."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from project.logs import JsonFormatter, TextFormatter

FORGED = "ann\n2026-01-01 00:00:00,000 ERROR   project: all is lost\r\x1b[2J\u2028\u202e\x85\ud800"

# As PostgreSQL does: the row that it refused stands in the second line.
QUOTED = f"refused\nDETAIL:  the row ({FORGED})"


def record_of(message, *args, error=None, **fields):
    record = logging.LogRecord("consumers", logging.WARNING, __file__, 1, message, args, error and sys.exc_info())
    record.__dict__.update(fields)
    return record


def failed(message, *args):
    """Return the record of a ValueError that quotes a client, and that another one caused."""
    try:
        try:
            raise KeyError(FORGED)
        except KeyError as error:
            raise ValueError(QUOTED) from error
    except ValueError as error:
        return record_of(message, *args, error=error)


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_a_record_is_one_line_whatever_a_client_wrote(formatter):
    line = formatter.format(record_of("Refused: %s", FORGED, connection=FORGED))
    assert line.isprintable()


def test_lines_of_a_traceback_look_like_no_record():
    first, *rest = TextFormatter().format(failed("It failed.")).split("\n")
    assert first.endswith("consumers: It failed.")
    assert len(rest) > 4
    assert all(line.startswith("    ") and line.isprintable() for line in rest)


def test_json_has_the_traceback_in_one_string():
    line = JsonFormatter().format(failed("It failed."))
    assert line.isascii()
    assert line.isprintable()
    error = json.loads(line)["error"]
    assert 0 < error.index("KeyError: ") < error.index("ValueError: refused")


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_of_an_error_only_the_first_line_is_told(formatter):
    assert "DETAIL" not in formatter.format(failed("It failed."))


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_what_asyncio_lists_of_a_failed_task_is_not_told(formatter):
    record = record_of("Task exception was never retrieved\nfuture: <Task exception=ValueError('kumquat')>")
    record.name = "asyncio"
    line = formatter.format(record)
    assert "Task exception was never retrieved" in line
    assert "kumquat" not in line


def test_json_has_the_known_fields_and_no_others():
    record = record_of("Said %d.", 7, connection="c1", user=3, request={"a": "request"}, text="hello")
    line = json.loads(JsonFormatter().format(record))
    assert line.pop("at").endswith("Z")
    assert line == {
        "level": "WARNING",
        "logger": "consumers",
        "message": "Said 7.",
        "connection": "c1",
        "user": 3,
    }


def test_text_has_the_fields_behind_the_message():
    line = TextFormatter().format(record_of("It ended.", connection="c1", code=1000))
    assert line.endswith("WARNING consumers: It ended. connection=c1 code=1000")
