"""Every command gets one answer, and after `bye` comes the end (§2)."""

from __future__ import annotations

from collections.abc import Iterator

from client.checker.index import Index, name_of
from client.checker.report import Violation
from client.checker.sockets import Question, Socket

# How a socket ends whose close frame was lost, whatever `bye` said.
_CUT = frozenset({None, 1005, 1006})


def check_asked(index: Index) -> Iterator[Violation]:
    """No answer comes without a question, and none twice."""
    for socket in index.sockets:
        for entry in socket.unasked:
            id = entry.frame["id"]
            earlier = [question for question in socket.questions if question.command["id"] == id]
            proof = [each for question in earlier for each in (question.sent, question.answer) if each]
            what = "a second answer" if earlier else "an answer without a question"
            yield Violation("answers", f"{name_of(socket)} got {what} to id {id}", [*proof, entry])


def check_answered(index: Index) -> Iterator[Violation]:
    """Every command is answered in time, or the connection ends."""
    for socket in index.sockets:
        nameless = [entry.at for entry in socket.received if entry.frame.get("id", 0) is None]
        for question in socket.questions:
            since = _owed_since(socket, question)
            if question.answer or since is None or any(at > question.sent.at for at in nameless):
                continue
            due = index.clock.deadline(socket, since, index.bounds.answer_seconds, store=False)
            if due < index.end_of(socket):
                what = f"{question.kind} with id {question.command['id']} of {name_of(socket)}"
                yield Violation("answers", f"{what} was never answered", [question.sent])


def check_hello_first(index: Index) -> Iterator[Violation]:
    """Nothing but the hello is done before `ready`, and what came before the hello is never done."""
    for socket in index.sockets:
        for question in socket.questions:
            answer = question.answer
            if answer is None or answer.frame["type"] != "ack":
                continue
            if question.early or socket.ready is None or answer.at < socket.ready.at:
                what = f"{question.kind} with id {question.command['id']} of {name_of(socket)}"
                yield Violation("answers", f"{what} was acked before ready", [question.sent, answer])


def check_ends(index: Index) -> Iterator[Violation]:
    """After `bye` comes nothing more, and the socket ends with its code."""
    for socket in index.sockets:
        bye, ended = socket.bye, socket.ended
        if bye is None:
            continue
        later = socket.received[socket.received.index(bye) + 1 :]
        if later:
            text = f"{name_of(socket)} got {later[0].frame['type']} after bye"
            yield Violation("ends", text, [bye, later[0]])
        if ended and not ended.frame.get("own") and ended.frame["code"] not in {bye.frame["code"], *_CUT}:
            text = f"{name_of(socket)} was told {bye.frame['code']} and ended with {ended.frame['code']}"
            yield Violation("ends", text, [bye, ended])


def _owed_since(socket: Socket, question: Question) -> float | None:
    if question.early or question.kind == "hello":
        return question.sent.at
    return max(question.sent.at, socket.ready.at) if socket.ready else None
