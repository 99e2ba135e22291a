"""C4: what anybody saw of a chat is in its log, and is there as it was seen."""

from __future__ import annotations

from collections.abc import Iterator

from client.checker.history import Entry
from client.checker.index import Index, name_of
from client.checker.logs import Log
from client.checker.report import Violation
from client.checker.sockets import Socket
from client.frames import Frame, is_event

# What an edit or the deletion of a message changes in what is replayed of it (§2).
_PRESENT = frozenset({"text", "attachments", "mentions", "deleted", "reply_to"})


def check_log(index: Index) -> Iterator[Violation]:
    """The log itself has every number from 1 to its head."""
    for log in index.logs.values():
        missing = sorted(set(range(1, log.head + 1)) ^ log.events.keys())
        if missing:
            text = f"chat {log.chat}: the log has a head of {log.head}, and {missing[:5]} missing or above it"
            yield Violation("C1", text, [log.entry])


def check_events(index: Index) -> Iterator[Violation]:
    """Events that were streamed, or read with `sync`, are those of the log."""
    for socket in index.sockets:
        for entry in socket.received:
            frame = entry.frame
            log = index.logs.get(frame.get("chat", 0))
            if log is None:
                continue
            events = [frame] if is_event(frame) else frame.get("events", []) if frame["type"] == "ack" else []
            for event in events:
                if problem := _problem(log, event, entry):
                    yield _violation(log, socket, entry, event, problem)


def is_changed(log: Log, event: Frame) -> bool:
    """Tell whether the content of an event is not what it was when it was written."""
    return event["seq"] in log.changed or event.get("target") in log.changed


def is_unread(log: Log, seq: int, entry: Entry) -> bool:
    """Tell whether the log was read too early to show what an entry speaks of."""
    return seq > log.head and entry.at > log.entry.at


def _problem(log: Log, event: Frame, entry: Entry) -> str | None:
    logged = log.events.get(event["seq"])
    if logged == event or is_unread(log, event["seq"], entry):
        return None
    if logged is None:
        return "is in no log"
    names = (event.keys() | logged.keys()) - {"id"}
    if is_changed(log, logged):
        names -= _PRESENT
    wrong = sorted(name for name in names if _value(event, name) != _value(logged, name))
    return f"has another {', '.join(wrong)} than in the log" if wrong else None


def _value(event: Frame, name: str) -> object:
    value = event.get(name)
    if name == "attachments" and isinstance(value, list):
        # Their addresses are signed for whoever reads them.
        return [each.get("id") if isinstance(each, dict) else each for each in value]
    return value


def _violation(log: Log, socket: Socket, entry: Entry, event: Frame, problem: str) -> Violation:
    logged = log.events.get(event["seq"])
    proof = [
        Entry(log.entry.at, "log", frame={"chat": log.chat, "head": log.head, "events": [logged] if logged else []})
    ]
    return Violation(
        "C4", f"chat {log.chat}: event {event['seq']}, seen by {name_of(socket)}, {problem}", [entry, *proof]
    )
