"""C1 and C2: what arrives of a chat arrives in order, in a stream that was opened, and duplicates stand outside it."""

from __future__ import annotations

from collections.abc import Iterator

from client.checker.history import Entry
from client.checker.index import Index, name_of
from client.checker.report import Violation
from client.checker.sockets import Socket, Stream


def check_order(index: Index) -> Iterator[Violation]:
    """Events and acks in their place come as `from`, `from` + 1 and so on."""
    for socket, stream in index.streams():
        due, last = stream.start, stream.opener
        for entry in stream.items:
            seq = entry.frame["seq"]
            if seq != due:
                what = f"{entry.frame['type']} with seq {seq} came to {name_of(socket)} where {due} was due"
                yield Violation("C1", f"chat {stream.chat}: {what}", [stream.opener, last, entry])
                break
            due, last = seq + 1, entry


def check_opened(index: Index) -> Iterator[Violation]:
    """Nothing of a chat comes before its stream is opened or after it ended, and none is opened twice."""
    for socket in index.sockets:
        for entry, earlier in socket.strays:
            yield _stray(socket, entry, earlier)
        for stream in socket.every_stream:
            end = stream.ended_by
            if end is not None and end.frame["type"] == "chat.joined":
                text = f"chat {stream.chat}: chat.joined came to {name_of(socket)} while its stream was open"
                yield Violation("C1", text, [stream.opener, *stream.items[-1:], end])


def check_caught_up(index: Index) -> Iterator[Violation]:
    """`caught_up` comes once, when every chat has reached the head told in `ready`."""
    for socket in index.sockets:
        if socket.ready is None:
            continue
        if len(socket.caught_up) > 1:
            text = f"caught_up came {len(socket.caught_up)} times to {name_of(socket)}"
            yield Violation("C1", text, socket.caught_up)
        if socket.caught_up:
            yield from _behind(socket, socket.caught_up[0])
        elif _waited(index, socket, socket.ready):
            yield Violation("C1", f"caught_up never came to {name_of(socket)}", [socket.ready])


def check_duplicates(index: Index) -> Iterator[Violation]:
    """An ack with `duplicate` is for what lies before the stream's place, or for a chat the user is not in."""
    for socket in index.sockets:
        for duplicate in socket.duplicates:
            seq, stream = duplicate.ack.frame["seq"], duplicate.stream
            if stream is None or seq < duplicate.place or _ends(index, socket, stream):
                continue
            what = f"the ack of {seq} to {name_of(socket)} says duplicate where {duplicate.place} was due"
            yield Violation("C2", f"chat {stream.chat}: {what}", [stream.opener, *stream.items[-1:], duplicate.ack])


def check_ids(index: Index) -> Iterator[Violation]:
    """Only the sender's own connections see the id of a write."""
    for socket, stream in index.streams():
        for entry in stream.items:
            frame = entry.frame
            if frame["type"] != "ack" and "id" in frame and frame["sender"] != socket.user:
                text = (
                    f"chat {stream.chat}: event {frame['seq']} shows {name_of(socket)} the id of user {frame['sender']}"
                )
                yield Violation("C2", text, [entry])


def _stray(socket: Socket, entry: Entry, earlier: Stream | None) -> Violation:
    frame = entry.frame
    what = f"chat {frame['chat']}: {frame['type']} with seq {frame['seq']} came to {name_of(socket)}"
    if earlier is None or earlier.ended_by is None:
        return Violation("C1", f"{what}, for whom it was not opened", [entry])
    return Violation("C5", f"{what} after the own member.removed", [earlier.ended_by, entry])


def _behind(socket: Socket, caught_up: Entry) -> Iterator[Violation]:
    for stream in socket.every_stream:
        if stream.opener is socket.ready and not _reached(stream, caught_up.at):
            what = f"caught_up came to {name_of(socket)} before event {stream.head}, the head told in ready"
            yield Violation("C1", f"chat {stream.chat}: {what}", [stream.opener, *stream.items[-1:], caught_up])


def _reached(stream: Stream, at: float) -> bool:
    if stream.head < stream.start or (stream.ended_by is not None and stream.ended_by.at <= at):
        return True
    return any(entry.frame["seq"] >= stream.head and entry.at <= at for entry in stream.items)


def _waited(index: Index, socket: Socket, ready: Entry) -> bool:
    return index.clock.deadline(socket, ready.at, index.bounds.answer_seconds) < index.end_of(socket)


def _ends(index: Index, socket: Socket, stream: Stream) -> bool:
    # A removal that the stream has not reached: the chat is one the user is no longer in, and nobody knows since when.
    log = index.logs.get(stream.chat)
    times = log.memberships_of(socket.user) if log else []
    return any(each.has(stream.start) and each.last >= stream.place and each.over < float("inf") for each in times)
