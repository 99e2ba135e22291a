"""How a log line looks: text for people or JSON for programs, one line a record that no client can forge.

A record says what happened and where, never what a client wrote: of an error only the first words are kept, because a
database quotes the row that it refused.
"""

import json
import logging
import time
import traceback
from collections.abc import Iterator
from typing import Any

from messaging.request_id import current_request

# What a line may say beside its message; anything else that a record carries is left out.
FIELDS = ("connection", "request_id", "user", "seconds", "frames_in", "frames_out", "commands", "code")

_ERROR_CHARS = 200


class TextFormatter(logging.Formatter):
    """`2026-01-01 12:00:00,000 INFO    name: message  field=value`, and a traceback indented below it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the lines of a traceback."""
        at = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(record.created))},{int(record.msecs):03d}"
        line = f"{at} {record.levelname:<7} {record.name}: {_escape(_message(record))}"
        fields = "".join(f" {name}={_escape(str(value))}" for name, value in _fields(record).items())
        trace = "".join(f"\n    {_escape(line)}" for line in _tell_error(record))
        return line + fields + trace


class JsonFormatter(logging.Formatter):
    """An object a line: at, level, logger, message, the fields that there are, and error, a traceback in one string."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, in ASCII."""
        at = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03d}Z"
        line: dict[str, Any] = {"at": at, "level": record.levelname, "logger": record.name}
        line |= {"message": _message(record)} | _fields(record)
        if trace := list(_tell_error(record)):
            line["error"] = "\n".join(trace)
        return json.dumps(line, default=str)


def _message(record: logging.LogRecord) -> str:
    message = record.getMessage()
    # asyncio lists below its first line what failed, with all that was in it.
    return message.partition("\n")[0] if record.name == "asyncio" else message


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found = {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None}
    if request := current_request.get():
        found.setdefault("request_id", request)
    return found


def _escape(text: str) -> str:
    """Return `text` with everything that is no printable character written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _tell_error(record: logging.LogRecord) -> Iterator[str]:
    """Yield the lines of a record's error, its causes first."""
    error = record.exc_info[1] if record.exc_info else None
    chain: list[BaseException] = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    for error in reversed(chain):
        for entry in traceback.format_tb(error.__traceback__):
            yield from entry.rstrip().splitlines()
        yield name_error(error)


def name_error(error: BaseException) -> str:
    """Return the type of an error and the first words of what it says."""
    said = (str(error).splitlines() or [""])[0][:_ERROR_CHARS]
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    return f"{name}: {said}" if said else name
