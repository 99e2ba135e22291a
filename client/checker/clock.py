"""When something was due: outages that the contract excuses stop the clock, and it starts anew when they are over."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from client.checker.history import Entry
from client.checker.report import Bounds
from client.checker.sockets import Socket

# Of the faults that last, these excuse: while the store does not answer nothing can be told, a paused process tells
# nothing, and nothing arrives where the way to the client is cut. A lossy layer and a lost Redis excuse nothing (C7).
STORE = "postgresql"
_PROCESS = "server_paused"
WAY = ("network", "client")


@dataclass(frozen=True, slots=True)
class Span:
    """A fault that lasted."""

    name: str
    target: object
    begin: float
    end: float


class Clock:
    """The faults of a history, and the deadlines they leave."""

    def __init__(self, entries: Iterable[Entry], bounds: Bounds) -> None:
        self.bounds = bounds
        self.spans: list[Span] = []
        self.moments: list[Entry] = []
        self._stalls: defaultdict[int, list[tuple[int, Span]]] = defaultdict(list)
        self._excuses: dict[tuple[int, int, bool], list[Span]] = {}
        self._read(entries)

    def deadline(self, socket: Socket, start: float, seconds: float, *, store: bool = True) -> float:
        """Return by when what was due `seconds` after `start` has to be there, at the latest.

        With `store` an outage of the store excuses too.
        """
        grace = self.bounds.event_seconds * self.bounds.factor
        due = start + seconds * self.bounds.factor
        for span in self._excuses_of(socket, store=store):
            if span.begin <= due and span.end + grace > start:
                due = max(due, span.end + grace + seconds * self.bounds.factor)
        return due

    def excused(self, socket: Socket, begin: float, end: float) -> bool:
        """Tell whether any outage touched a socket between two moments."""
        return any(span.begin <= end and span.end >= begin for span in self._excuses_of(socket, store=True))

    def _excuses_of(self, socket: Socket, *, store: bool) -> list[Span]:
        key = (socket.user, socket.number, store)
        if key not in self._excuses:
            faults = [span for span in self.spans if _excuses(span, socket, store=store)]
            stalls = [span for number, span in self._stalls[socket.user] if number in (0, socket.number)]
            self._excuses[key] = sorted(faults + stalls, key=lambda span: span.begin)
        return self._excuses[key]

    def _read(self, entries: Iterable[Entry]) -> None:
        begun: defaultdict[object, list[Entry]] = defaultdict(list)
        for entry in entries:
            frame = entry.frame
            if entry.kind == "fault":
                self.moments.append(entry)
            elif entry.kind == "fault_begins":
                begun[frame["name"], str(frame.get("target"))].append(entry)
            elif entry.kind == "fault_ends" and begun[frame["name"], str(frame.get("target"))]:
                first = begun[frame["name"], str(frame.get("target"))].pop(0)
                self.spans.append(Span(frame["name"], frame.get("target"), first.at, entry.at))
            elif entry.kind == "stalled":
                begun[entry.user, entry.connection].append(entry)
            elif entry.kind == "reading":
                for stall in begun.pop((entry.user, entry.connection), []):
                    self._add_stall(stall, entry.at)
        for left in begun.values():
            for entry in left:
                self._add_unended(entry)

    def _add_stall(self, stall: Entry, end: float) -> None:
        self._stalls[stall.user].append((stall.connection, Span("stalled", stall.user, stall.at, end)))

    def _add_unended(self, entry: Entry) -> None:
        if entry.kind == "stalled":
            self._add_stall(entry, math.inf)
        else:
            self.spans.append(Span(entry.frame["name"], entry.frame.get("target"), entry.at, math.inf))


def _excuses(span: Span, socket: Socket, *, store: bool) -> bool:
    if span.name.startswith(STORE):
        return store and (socket.server in (None, span.target) or not is_server(span.target))
    return span.name.startswith((_PROCESS, *WAY)) and (
        socket.server is None or span.target in (None, socket.server, socket.user)
    )


def is_server(target: object) -> bool:
    """Tell servers from other targets: the outage of the store has the store, that of its way to one server the server."""
    return isinstance(target, str) and target.startswith("server")
