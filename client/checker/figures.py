"""The figures of a history: how much there was of everything, and how late it was at worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from client.checker.index import Index
from client.checker.rules.heal import live_since


def count_figures(index: Index) -> dict[str, float | int]:
    """Count what happened; the delay is in seconds, from first sight of an event, outages included."""
    received = Counter(entry.frame["type"] for socket in index.sockets for entry in socket.received)
    resumed = [socket for socket in index.sockets if socket.ready and socket.hello and "resume" in socket.hello.frame]
    kinds = Counter(event["type"] for log in index.logs.values() for event in log.events.values())
    told = [told for socket in index.sockets if socket.ready for told in socket.ready.frame["chats"]]
    faults = Counter(entry.frame["name"] for entry in index.entries if entry.kind in ("fault", "fault_begins"))
    figures: dict[str, float | int] = {
        "seconds": index.end - index.entries[0].at if index.entries else 0.0,
        "users": len({socket.user for socket in index.sockets}),
        "connections": len(index.sockets),
        "chats": len(index.logs),
        "messages": kinds["message.created"],
        "removals": kinds["member.removed"],
        "events_streamed": sum(len(stream.items) for _, stream in index.streams()),
        "acks": received["ack"],
        "errors": received["error"],
        "duplicates": sum(len(socket.duplicates) for socket in index.sockets),
        "answers": sum(question.answer is not None for socket in index.sockets for question in socket.questions),
        "calls": len(index.calls),
        "resumes": len(resumed),
        "resets": sum(bool(each.get("reset")) for each in told),
        "probes": sum(entry.kind == "probe" for entry in index.entries),
        "worst_delay": max(_delays(index), default=0.0),
    }
    return figures | {f"fault_{name}": count for name, count in sorted(faults.items())}


def _delays(index: Index) -> Iterator[float]:
    for socket, stream, log in index.logged_streams():
        begin = live_since(socket, stream)
        if begin is None:
            continue
        for entry in stream.items:
            if entry.frame["seq"] <= log.head:
                yield entry.at - max(begin, log.stored_at(entry.frame["seq"]))
