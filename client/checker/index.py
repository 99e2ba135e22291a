"""A history prepared for the rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from client.checker.clock import Clock
from client.checker.history import Entry, History
from client.checker.logs import Call, Log, read_calls, read_logs
from client.checker.report import Bounds
from client.checker.sockets import Socket, Stream, read_sockets


@dataclass(frozen=True, slots=True)
class Index:
    """What the rules look things up in."""

    entries: list[Entry]
    bounds: Bounds
    sockets: list[Socket]
    calls: list[Call]
    logs: dict[int, Log]
    clock: Clock
    # When the history ends.
    end: float

    def streams(self) -> Iterator[tuple[Socket, Stream]]:
        """Yield every stream with its socket."""
        for socket in self.sockets:
            for stream in socket.every_stream:
                yield socket, stream

    def logged_streams(self) -> Iterator[tuple[Socket, Stream, Log]]:
        """Yield the streams of the chats whose log is known."""
        for socket, stream in self.streams():
            log = self.logs.get(stream.chat)
            if log is not None:
                yield socket, stream, log

    def end_of(self, socket: Socket) -> float:
        """Return until when a socket was open, as far as the history goes."""
        return min(socket.end, self.end)


def build_index(history: History, bounds: Bounds) -> Index:
    """Read a history."""
    entries = history.entries
    sockets = list(read_sockets(entries).values())
    calls = read_calls(entries)
    logs = read_logs(entries, sockets, calls)
    end = entries[-1].at if entries else 0.0
    return Index(entries, bounds, sockets, calls, logs, Clock(entries, bounds), end)


def name_of(socket: Socket) -> str:
    """Return how a socket is called in a sentence."""
    return f"user {socket.user} on socket {socket.number}"
