"""The figures of a history: how much there was of everything, and how late it was at worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from client.checker.index import Index
from client.checker.rules.heal import live_since
from client.checker.rules.history import pages
from client.checker.sockets import Socket


def count_figures(index: Index) -> dict[str, float | int]:
    """Count what happened; delays are in seconds, from first sight of an event.

    `worst_delay` is of events that no outage of the store, pause of the process or of the reader touched, nor its aftermath.
    """
    received = Counter(entry.frame["type"] for socket in index.sockets for entry in socket.received)
    resumed = [socket for socket in index.sockets if socket.ready and socket.hello and "resume" in socket.hello.frame]
    kinds = Counter(event["type"] for log in index.logs.values() for event in log.events.values())
    undisturbed, disturbed = _worst_delays(index)
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
        "pages": sum(1 for _ in pages(index)),
        "resumes": len(resumed),
        "resets": sum(bool(each.get("reset")) for each in told),
        "probes": sum(entry.kind == "probe" for entry in index.entries),
        "worst_delay": undisturbed,
        "worst_delay_in_outages": disturbed,
    }
    return figures | {f"fault_{name}": count for name, count in sorted(faults.items())}


def _worst_delays(index: Index) -> tuple[float, float]:
    worst = [0.0, 0.0]
    grace = index.bounds.event_seconds * index.bounds.factor
    for socket, since, at in _deliveries(index):
        # Most are in time; only for the late is it worth asking why.
        if at - since > min(worst):
            disturbed = index.clock.excused(socket, since - grace, at)
            worst[disturbed] = max(worst[disturbed], at - since)
    return worst[False], worst[True]


def _deliveries(index: Index) -> Iterator[tuple[Socket, float, float]]:
    """Yield (socket, since when it was due, when it came) of every event that was streamed live."""
    for socket, stream, log in index.logged_streams():
        begin = live_since(socket, stream)
        if begin is None:
            continue
        for entry in stream.items:
            if entry.frame["seq"] <= log.head:
                yield socket, max(begin, log.stored_at(entry.frame["seq"])), entry.at
