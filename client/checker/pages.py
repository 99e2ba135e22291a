"""The pages of history that anybody was answered, over a socket and over REST, in one form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from client.checker.history import Entry
from client.checker.logs import Call
from client.checker.sockets import Question, Socket
from client.frames import Frame

_BOUND = re.compile(r"[?&](before|after)=(\d+)")


@dataclass(frozen=True, slots=True)
class Page:
    """Folded messages, newest first: the newest below `before`, or the oldest above `after`."""

    chat: int
    user: int
    asked: Entry
    answered: Entry
    messages: list[Frame]
    before: int | None
    after: int | None
    # Whether there are more of them, in the direction in which the page was turned.
    more: bool


def pages_of(socket: Socket) -> Iterator[Page]:
    """Yield what a socket was answered to `history`."""
    for question in socket.questions:
        answer = question.answer
        if question.kind == "history" and answer is not None and "messages" in answer.frame:
            yield _page_of_question(socket, question, answer)


def page_of(call: Call) -> Page | None:
    """Return what a REST call was answered, None where it did not ask for messages or got none."""
    answered = call.answered
    if answered is None or call.chat is None or not (call.good and call.is_a("GET", "/messages/")):
        return None
    bounds = {name: int(seq) for name, seq in _BOUND.findall(call.asked.frame["path"])}
    return Page(
        chat=call.chat,
        user=call.asked.user,
        asked=call.asked,
        answered=answered,
        messages=call.body.get("results", []),
        before=bounds.get("before"),
        after=bounds.get("after"),
        more=call.body.get("next") is not None,
    )


def _page_of_question(socket: Socket, question: Question, answer: Entry) -> Page:
    return Page(
        chat=question.chat,
        user=socket.user,
        asked=question.sent,
        answered=answer,
        messages=answer.frame["messages"],
        before=question.command.get("before"),
        after=None,
        more=answer.frame["more"],
    )
