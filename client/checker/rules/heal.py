"""C7: what happens in a chat arrives in time at everybody who is connected and in it, whatever the layer loses."""

from __future__ import annotations

import math
from collections.abc import Iterator

from client.checker.history import Entry
from client.checker.index import Index, name_of
from client.checker.logs import Log, Membership
from client.checker.report import Violation
from client.checker.sockets import Socket, Stream


def check_events(index: Index) -> Iterator[Violation]:
    """An event reaches every open stream in time."""
    for socket, stream, log in index.logged_streams():
        begin = live_since(socket, stream)
        if begin is None:
            continue
        violation = _late(index, socket, stream, log, begin) or _missing(index, socket, stream, log, begin)
        if violation:
            yield violation


def check_joined(index: Index) -> Iterator[Violation]:
    """A chat one was added to while connected is told in time."""
    for log in index.logs.values():
        for socket in index.sockets:
            for membership in log.memberships_of(socket.user):
                if socket.ready and membership.since < index.end_of(socket):
                    yield from _untold(index, socket, socket.ready, log, membership)


def live_since(socket: Socket, stream: Stream) -> float | None:
    """Return since when a stream has to be in time, None where it never was so."""
    return max(stream.opener.at, socket.caught_up[0].at) if socket.caught_up else None


def _late(index: Index, socket: Socket, stream: Stream, log: Log, begin: float) -> Violation | None:
    for entry in stream.items:
        seq = entry.frame["seq"]
        if seq > log.head:
            return None
        since = max(log.stored_at(seq), begin)
        if entry.at - since > index.bounds.event_seconds * index.bounds.factor and entry.at > _due(
            index, socket, since
        ):
            text = f"chat {log.chat}: event {seq} reached {name_of(socket)} after {entry.at - since:.3f} s"
            return Violation("C7", text, [*_first_sight(index, log, seq), entry])
    return None


def _missing(index: Index, socket: Socket, stream: Stream, log: Log, begin: float) -> Violation | None:
    seq = stream.place
    if stream.ended_by or seq > min(log.head, _last(log, socket, stream)):
        return None
    since = max(log.stored_at(seq), begin)
    open_after = index.end_of(socket) > _due(index, socket, since)
    if not open_after and not _is_lost_tail(index, socket, log, begin):
        return None
    text = f"chat {log.chat}: event {seq} never reached {name_of(socket)}"
    return Violation("C7", text, [stream.opener, *stream.items[-1:], *_first_sight(index, log, seq)])


def _is_lost_tail(index: Index, socket: Socket, log: Log, begin: float) -> bool:
    """Tell whether a socket was open and undisturbed when the log was read, and stayed so."""
    at = log.entry.at
    ended = socket.ended is not None and not socket.ended.frame.get("own")
    if begin > at or ended or socket.end <= at:
        return False
    return not index.clock.excused(socket, at - index.bounds.event_seconds * index.bounds.factor, at)


def _last(log: Log, socket: Socket, stream: Stream) -> float:
    """Return the last seq that a stream has to bring."""
    times = log.memberships_of(socket.user)
    return max(
        (each.last for each in times if each.has(stream.start)), default=0 if log.is_known(socket.user) else math.inf
    )


def _due(index: Index, socket: Socket, since: float) -> float:
    return index.clock.deadline(socket, since, index.bounds.event_seconds)


def _first_sight(index: Index, log: Log, seq: int) -> list[Entry]:
    """Return the entry that proves an event stored."""
    at = log.stored_at(seq)
    seen = [entry for entry in index.entries if entry.at == at and entry.kind in ("received", "answered", "log")]
    return seen[:1]


def _untold(index: Index, socket: Socket, ready: Entry, log: Log, membership: Membership) -> Iterator[Violation]:
    since = max(membership.since, ready.at)
    due = _due(index, socket, since)
    if membership.until <= due or index.end_of(socket) <= due:
        return
    first = max(1, membership.first)
    told = [stream.opener for stream in socket.streams.get(log.chat, []) if first <= stream.start <= membership.last]
    if not told or min(entry.at for entry in told) > due:
        what = "was told late" if told else "was never told"
        text = f"chat {log.chat}: {name_of(socket)}, in it since {first}, {what} of it"
        yield Violation("C7", text, [ready, *_first_sight(index, log, membership.first), *told[:1]])
