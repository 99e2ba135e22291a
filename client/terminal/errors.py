"""What goes wrong for the person at the terminal, in words.

Problem   told in one line; the program goes on
Failure   told in one line; the program ends with its exit code
"""

from __future__ import annotations

from client.errors import AnswerError, ClientError, SignInRefused, TransportError
from client.frames import Frame

_TEXT = "the text is too long, or has characters in it that none may have"

# Why a connection ended or none came about, as `State.why` tells it.
_LOSSES = {
    "closed 4100": "the server stops",
    "closed 4101": "it was old",
    "closed 4201": "the server is busy",
    "closed 4202": "too much at once",
    "closed 4203": "too slow",
    "closed 4300": "the sign-in ran out",
    "closed 4302": "signed out",
}

# What an answer to a write means, where the server's own words are about fields or do not say what is in the way.
_REFUSALS = {
    ("message.send", "forbidden", None): "one of you blocks the other",
    ("reaction.set", "forbidden", None): "one of you blocks the other",
    ("message.delete", "forbidden", None): "you may not delete this message",
    ("message.send", "bad_frame", "text"): _TEXT,
    ("message.edit", "bad_frame", "text"): _TEXT,
    ("reaction.set", "bad_frame", "emoji"): "this is not one emoji",
}

# Exit codes; 0 is a program that was left, or a script whose every line was done.
FAILED = 1
USAGE = 2


class Problem(Exception):
    """A line that could not be done."""


class Failure(Exception):
    """The end of the program."""

    def __init__(self, text: str, code: int = FAILED) -> None:
        super().__init__(text)
        self.code = code


def explain(error: ClientError) -> str:
    """Say in a few words what is wrong."""
    match error:
        case AnswerError(detail=str(detail)) if detail:
            return detail.rstrip(".")
        case AnswerError():
            return error.code.replace("_", " ")
        case SignInRefused():
            return "you are signed out"
        case TransportError():
            return "the server does not answer"
        case _:
            return str(error)


def explain_refusal(write: Frame, error: AnswerError) -> str:
    """Say in a few words why a write was refused."""
    return _REFUSALS.get((write["type"], error.code, error.field)) or explain(error)


def lost(why: str) -> str:
    """Say why there is no connection."""
    if why.startswith(("no answer", "no connection")):
        return "nobody answers"
    return _LOSSES.get(why, "cut off" if why.startswith("closed") else why)
