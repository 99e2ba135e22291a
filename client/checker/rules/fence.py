"""C5: what happens in a chat reaches nobody who is not in it."""

from __future__ import annotations

from collections.abc import Iterator

from client.checker.history import Entry
from client.checker.index import Index, name_of
from client.checker.logs import Log
from client.checker.report import Violation
from client.checker.sockets import Question, Socket

# They tell a stranger that there is such a chat.
_TELLING = frozenset({"forbidden", "message_not_found", "limit_reached"})


def check_membership(index: Index) -> Iterator[Violation]:
    """Nobody is streamed an event from a time when they were not in the chat."""
    for socket, stream, log in index.logged_streams():
        if not log.is_known(socket.user):
            continue
        for entry in stream.items:
            seq = entry.frame["seq"]
            if seq <= log.head and not log.was_in(socket.user, seq):
                text = f"chat {log.chat}: {name_of(socket)} got event {seq}, which is outside the membership"
                yield Violation("C5", text, [stream.opener, entry, *_memberships(log, socket.user)])
                break


def check_senders(index: Index) -> Iterator[Violation]:
    """Nobody writes who is not in the chat."""
    for log in index.logs.values():
        for seq, event in log.events.items():
            if not event["type"].startswith(("message.", "reaction.")):
                continue
            sender = event["sender"]
            if log.is_known(sender) and not log.was_in(sender, seq):
                text = f"chat {log.chat}: event {seq} is by user {sender}, who was not in the chat"
                yield Violation("C5", text, _memberships(log, sender))


def check_joined(index: Index) -> Iterator[Violation]:
    """`chat.joined` opens a stream at an own member.added, or at 1 for an initial member."""
    for socket, stream, log in index.logged_streams():
        if stream.opener.frame["type"] != "chat.joined" or not log.is_known(socket.user):
            continue
        starts = {max(1, each.first) for each in log.memberships_of(socket.user)}
        if stream.start not in starts and stream.start <= log.head:
            what = f"chat.joined told {name_of(socket)} from {stream.start}, memberships begin at {sorted(starts)}"
            yield Violation("C5", f"chat {log.chat}: {what}", [stream.opener, *_memberships(log, socket.user)])


def check_answers(index: Index) -> Iterator[Violation]:
    """From the removal on, every command about the chat is refused, save the first answer to an old id."""
    for socket in index.sockets:
        for question in socket.questions:
            log, answer = index.logs.get(question.chat), question.answer
            if log is None or answer is None or not _leaks(answer):
                continue
            if log.is_absent(socket.user, question.sent.at, answer.at):
                yield _violation(log, socket, question, answer)


def check_calls(index: Index) -> Iterator[Violation]:
    """The same over REST."""
    for call in index.calls:
        log = index.logs.get(call.chat or 0)
        user, frame = call.asked.user, call.asked.frame
        if log is None or call.answered is None or not call.good or call.body.get("duplicate"):
            continue
        if log.is_absent(user, call.asked.at, call.done):
            text = f"chat {log.chat}: user {user}, who is not in it, called {frame['method']} {frame['path']}"
            yield Violation("C5", text, [*_memberships(log, user), call.asked, call.answered])


def _leaks(answer: Entry) -> bool:
    if answer.frame["type"] == "ack":
        return not answer.frame.get("duplicate")
    return answer.frame.get("code") in _TELLING


def _violation(log: Log, socket: Socket, question: Question, answer: Entry) -> Violation:
    what = f"{question.kind} of {name_of(socket)}, who is not in it, was answered"
    kind = answer.frame.get("code", answer.frame["type"])
    proof = [*_memberships(log, socket.user), question.sent, answer]
    return Violation("C5", f"chat {log.chat}: {what} with {kind}", proof)


def _memberships(log: Log, user: int) -> list[Entry]:
    """Return the part of the log that tells when the user was in the chat."""
    kinds = ("member.added", "member.removed")
    events = [event for event in log.events.values() if event["type"] in kinds and event["user"] == user]
    return [Entry(log.entry.at, "log", frame={"chat": log.chat, "head": log.head, "events": events})]
