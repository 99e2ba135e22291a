"""A history, socket by socket: what was asked and answered on each, and the streams of chats it carried."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from client.checker.history import Entry
from client.frames import Frame, is_event

WRITES = frozenset({"message.send", "message.edit", "message.delete", "reaction.set"})
# What may come with an id and is no answer: events carry the id of their write.
_ANSWERS = frozenset({"ack", "error", "ready"})


@dataclass(slots=True)
class Question:
    """A command with an id, and what was answered."""

    sent: Entry
    answer: Entry | None = None
    # Sent before any hello.
    early: bool = False

    @property
    def command(self) -> Frame:
        """The frame that was sent."""
        return self.sent.frame

    @property
    def kind(self) -> str:
        """Its type, empty where that is no text: a client may send anything."""
        kind = self.command.get("type")
        return kind if isinstance(kind, str) else ""

    @property
    def chat(self) -> int:
        """Its chat, 0 where it names none."""
        chat = self.command.get("chat")
        return chat if isinstance(chat, int) else 0


@dataclass(slots=True)
class Stream:
    """One chat on one socket, from `ready` or `chat.joined` on."""

    chat: int
    # Its first seq, and the head told with it.
    start: int
    head: int
    opener: Entry
    # Events, and acks in their place, as they came.
    items: list[Entry] = field(default_factory=list)
    # The seq that is due next.
    place: int = 0
    # The own `member.removed`, or the `chat.joined` that came while the stream was open.
    ended_by: Entry | None = None

    def take(self, entry: Entry) -> None:
        """Take what came."""
        self.items.append(entry)
        self.place = max(self.place, entry.frame["seq"] + 1)


@dataclass(slots=True)
class Duplicate:
    """An ack outside the stream, and where the stream stood then; None where there was none."""

    ack: Entry
    stream: Stream | None
    place: int


@dataclass(slots=True)
class Socket:
    """One connection of one user, as it was seen from this end."""

    user: int
    number: int
    opened: Entry
    sent: list[Entry] = field(default_factory=list)
    received: list[Entry] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    # Answers without a question.
    unasked: list[Entry] = field(default_factory=list)
    # The hello that was answered with `ready`.
    hello: Entry | None = None
    ready: Entry | None = None
    caught_up: list[Entry] = field(default_factory=list)
    bye: Entry | None = None
    ended: Entry | None = None
    streams: dict[int, list[Stream]] = field(default_factory=lambda: defaultdict(list))
    duplicates: list[Duplicate] = field(default_factory=list)
    # Events and acks for which no stream was open, with the last stream of the chat, if there was one.
    strays: list[tuple[Entry, Stream | None]] = field(default_factory=list)

    @property
    def server(self) -> str | None:
        """The server it leads to, where that is known."""
        return self.opened.frame.get("server")

    @property
    def end(self) -> float:
        """When it ended or was about to, infinity while it has not."""
        return min((entry.at for entry in (self.bye, self.ended) if entry), default=math.inf)

    @property
    def every_stream(self) -> Iterable[Stream]:
        """All streams, those that ended too."""
        return (stream for streams in self.streams.values() for stream in streams)


def read_sockets(entries: Iterable[Entry]) -> dict[tuple[int, int], Socket]:
    """Return the sockets by user and number."""
    sockets: dict[tuple[int, int], Socket] = {}
    for entry in entries:
        key = (entry.user, entry.connection)
        if entry.kind == "opened":
            sockets[key] = Socket(entry.user, entry.connection, entry)
        elif key in sockets and entry.kind in ("sent", "received", "ended"):
            _add(sockets[key], entry)
    for socket in sockets.values():
        _match_answers(socket)
        _read_streams(socket)
    return sockets


def _add(socket: Socket, entry: Entry) -> None:
    if entry.kind == "ended":
        socket.ended = entry
    elif entry.kind == "sent":
        socket.sent.append(entry)
    else:
        socket.received.append(entry)
        if entry.frame["type"] == "bye":
            socket.bye = socket.bye or entry


def _match_answers(socket: Socket) -> None:
    open_questions: defaultdict[str, list[Question]] = defaultdict(list)
    greeted = False
    for entry in sorted(socket.sent + socket.received, key=lambda entry: entry.at):
        frame = entry.frame
        if entry.kind == "sent":
            greeted = greeted or frame.get("type") == "hello"
            if isinstance(frame.get("id"), str):
                question = Question(entry, early=not greeted)
                open_questions[frame["id"]].append(question)
                socket.questions.append(question)
        elif frame["type"] in _ANSWERS and frame.get("id") is not None:
            _answer(socket, open_questions, entry)


def _answer(socket: Socket, open_questions: dict[str, list[Question]], entry: Entry) -> None:
    for question in open_questions.get(entry.frame["id"], []):
        if question.answer is None and _agree(question.command, entry.frame):
            question.answer = entry
            if entry.frame["type"] == "ready":
                socket.ready, socket.hello = entry, question.sent
            return
    socket.unasked.append(entry)


def _agree(command: Frame, answer: Frame) -> bool:
    if answer["type"] == "ready" and command.get("type") != "hello":
        return False
    # An error may come without `chat` where the server could not read it.
    return "chat" not in command or "chat" not in answer or command["chat"] == answer["chat"]


def _read_streams(socket: Socket) -> None:
    open_streams: dict[int, Stream] = {}
    writes = _acks_of_writes(socket)
    for entry in socket.received:
        frame = entry.frame
        if frame["type"] == "ready":
            for told in frame["chats"]:
                _open(socket, open_streams, told, entry)
        elif frame["type"] == "chat.joined":
            _open(socket, open_streams, frame, entry)
        elif frame["type"] == "caught_up":
            socket.caught_up.append(entry)
        elif is_event(frame):
            _place(socket, open_streams, entry)
        elif id(entry) in writes and "seq" in frame and not frame.get("noop"):
            if frame.get("duplicate"):
                stream = open_streams.get(frame["chat"])
                socket.duplicates.append(Duplicate(entry, stream, stream.place if stream else 0))
            else:
                _place(socket, open_streams, entry)


def _acks_of_writes(socket: Socket) -> set[int]:
    answers = [question.answer for question in socket.questions if question.kind in WRITES]
    acks = [answer for answer in answers if answer and answer.frame["type"] == "ack"]
    return {id(ack) for ack in acks + [ack for ack in socket.unasked if ack.frame["type"] == "ack"]}


def _open(socket: Socket, open_streams: dict[int, Stream], told: Frame, opener: Entry) -> None:
    stream = Stream(told["chat"], told["from"], told["head"], opener, place=told["from"])
    if earlier := open_streams.get(stream.chat):
        earlier.ended_by = opener
    open_streams[stream.chat] = stream
    socket.streams[stream.chat].append(stream)


def _place(socket: Socket, open_streams: dict[int, Stream], entry: Entry) -> None:
    frame = entry.frame
    stream = open_streams.get(frame["chat"])
    if stream is None:
        earlier = socket.streams.get(frame["chat"])
        socket.strays.append((entry, earlier[-1] if earlier else None))
        return
    stream.take(entry)
    if frame["type"] == "member.removed" and frame["user"] == socket.user:
        stream.ended_by = entry
        del open_streams[frame["chat"]]
