"""C8: a user is connected while a connection is open, soon no longer after it, and never twice."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from client.checker.clock import STORE, WAY, is_server
from client.checker.history import Entry
from client.checker.index import Index
from client.checker.logs import Call
from client.checker.report import Violation
from client.checker.sockets import Socket
from client.frames import is_event

TICKET = "/api/ws-ticket/"
# How long an end may be on its way to the client while the server knows it already.
_UNDER_WAY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Probe:
    """A question whether a user is connected, and its answer."""

    user: int
    connected: bool
    began: float
    entry: Entry


def check_probes(index: Index) -> Iterator[Violation]:
    """Probes say what is so."""
    sockets: defaultdict[int, list[Socket]] = defaultdict(list)
    for socket in index.sockets:
        sockets[socket.user].append(socket)
    calls = {call.asked.frame["call"]: call for call in index.calls}
    probes = [entry for entry in index.entries if entry.kind == "probe"]
    probing = {entry.frame.get("call") for entry in probes}
    tickets = [call for number, call in calls.items() if TICKET in call.asked.frame["path"] and number not in probing]
    for entry in probes:
        probe = _probe(entry, calls)
        yield from _denied(index, probe, sockets[probe.user])
        yield from _stuck(index, probe, sockets[probe.user], tickets)


def check_single(index: Index) -> Iterator[Violation]:
    """Of two connections of one user the older is closed in time."""
    newest: dict[int, list[Socket]] = defaultdict(list)
    for socket in index.sockets:
        for older in newest[socket.user]:
            if entry := _outlived(index, older, socket):
                text = f"user {socket.user} heard of chats on sockets {older.number} and {socket.number} at once"
                yield Violation("C8", text, [older.opened, socket.opened, entry])
        newest[socket.user].append(socket)


def _probe(entry: Entry, calls: dict[int, Call]) -> Probe:
    frame = entry.frame
    call = calls.get(frame.get("call", 0))
    began = call.asked.at if call else frame.get("began", entry.at)
    return Probe(frame["user_probed"], frame["connected"], began, entry)


def _denied(index: Index, probe: Probe, sockets: list[Socket]) -> Iterator[Violation]:
    if probe.connected:
        return
    margin = _UNDER_WAY_SECONDS * index.bounds.factor
    free = index.bounds.free_seconds * index.bounds.factor
    for socket in sockets:
        is_open = socket.opened.at < probe.began and index.end_of(socket) > probe.entry.at + margin
        replaced = any(socket.opened.at < other.opened.at < probe.entry.at for other in sockets)
        # A process that was away may have been swept meanwhile.
        if is_open and not replaced and not index.clock.excused(socket, probe.began - free, probe.entry.at + margin):
            text = f"user {probe.user} counted as not connected while socket {socket.number} was open"
            yield Violation("C8", text, [socket.opened, probe.entry])


def _stuck(index: Index, probe: Probe, sockets: list[Socket], tickets: list[Call]) -> Iterator[Violation]:
    earlier = [socket for socket in sockets if socket.opened.at < probe.entry.at]
    if not probe.connected or not earlier or any(socket.ended is None for socket in earlier):
        return
    last = max(earlier, key=lambda socket: socket.ended.at if socket.ended else 0.0)
    since = max([last.ended.at if last.ended else 0.0, *_attempts(probe, sockets, tickets)])
    if _calm(index, since, probe.began):
        text = f"user {probe.user} still counted as connected {probe.began - since:.1f} s after the last connection"
        yield Violation("C8", text, [last.opened, *([last.ended] if last.ended else []), probe.entry])


def _attempts(probe: Probe, sockets: list[Socket], tickets: list[Call]) -> Iterator[float]:
    """Yield when the user's own devices got tickets: a claim may come of each, though no socket did."""
    devices = {socket.opened.frame.get("path", "").partition("?")[2] for socket in sockets} - {""}
    for call in tickets:
        frame = call.asked.frame
        if (
            call.asked.user == probe.user
            and call.asked.at < probe.began
            and any(each in frame["path"] for each in devices)
        ):
            yield min(call.done, probe.began)


def _calm(index: Index, since: float, until: float) -> bool:
    """Tell whether some one server ran, and had the store, for as long as it takes to free a claim."""
    needed = index.bounds.free_seconds * index.bounds.factor
    for server in _servers(index):
        begin = since
        for away, back in sorted(_absences(index, server)):
            if min(away, until) - begin >= needed:
                return True
            begin = max(begin, back)
        if until - begin >= needed:
            return True
    return False


def _servers(index: Index) -> set[str]:
    """Return the servers by name; one without a name stands for all where none has one."""
    names: set[object] = {socket.server for socket in index.sockets}
    names |= {span.target for span in index.clock.spans if isinstance(span.target, str)}
    return {name for name in names if isinstance(name, str) and is_server(name)} or {""}


def _absences(index: Index, server: str) -> Iterator[tuple[float, float]]:
    """Yield from when to when a server did not go on with its work."""
    for span in index.clock.spans:
        if _concerns(span.name, span.target, server):
            yield span.begin, span.end
    moments = [each for each in index.clock.moments if _concerns(each.frame["name"], each.frame.get("target"), server)]
    for entry, following in zip_longest(moments, moments[1:]):
        killed = bool(server) and "kill" in entry.frame["name"]
        yield entry.at, (following.at if following else math.inf) if killed else entry.at


def _concerns(name: str, target: object, server: str) -> bool:
    if name.startswith((STORE, *WAY)):
        return True
    return target in (server, None) or (not server and not name.startswith(("redis", "layer")))


def _outlived(index: Index, older: Socket, newer: Socket) -> Entry | None:
    """Return what the older of two sockets got when it should have been closed."""
    if not older.ready or not newer.ready or older.end <= newer.opened.at:
        return None
    due = index.clock.deadline(older, newer.opened.at, index.bounds.event_seconds)
    for entry in older.received:
        live = is_event(entry.frame) or entry.frame["type"] == "ack"
        if live and due < entry.at < min(newer.end, older.end) and entry.at > newer.ready.at:
            return entry
    return None
