"""C6: `ready` lists the chats of the user, and each goes on where the protocol says (§2)."""

from __future__ import annotations

from collections.abc import Iterator

from client.checker.history import Entry
from client.checker.index import Index, name_of
from client.checker.logs import Log
from client.checker.report import Violation
from client.checker.sockets import Socket
from client.frames import Frame


def check_from(index: Index) -> Iterator[Violation]:
    """`from` is the largest of cursor + 1, the own member.added, and head + 1 where too much is missing."""
    for socket, ready, hello in _greetings(index):
        left = index.bounds.resume_events
        for told in ready.frame["chats"]:
            most = min(left, index.bounds.resume_chat_events)
            left -= max(0, told["head"] + 1 - told["from"])
            if told.get("reset"):
                continue
            cursor = _cursor(hello, told["chat"])
            expected = _expected(index, socket, told, cursor, most)
            if expected is not None and told["from"] != expected:
                what = f"ready told {name_of(socket)} from {told['from']}, and {expected} is due after cursor {cursor}"
                yield Violation("C6", f"chat {told['chat']}: {what} and head {told['head']}", [hello, ready])


def check_reset(index: Index) -> Iterator[Violation]:
    """`reset` is told for another epoch and for a cursor above the head, and for nothing else."""
    for socket, ready, hello in _greetings(index):
        foreign = "epoch" in hello.frame and hello.frame["epoch"] != ready.frame["epoch"]
        for told in ready.frame["chats"]:
            reason = foreign or (_cursor(hello, told["chat"]) or 0) > told["head"]
            if bool(told.get("reset")) != reason:
                what = "a reset without a reason" if told.get("reset") else "no reset"
                yield Violation("C6", f"chat {told['chat']}: ready told {name_of(socket)} {what}", [hello, ready])
            elif reason and told["from"] != told["head"] + 1:
                what = f"from {told['from']} with a reset at head {told['head']}"
                yield Violation("C6", f"chat {told['chat']}: ready told {name_of(socket)} {what}", [hello, ready])


def check_chats(index: Index) -> Iterator[Violation]:
    """`ready` lists exactly the chats the user is in."""
    for socket, ready, hello in _greetings(index):
        listed = {told["chat"] for told in ready.frame["chats"]}
        for log in index.logs.values():
            if log.chat in listed and log.is_absent(socket.user, hello.at, ready.at):
                text = f"chat {log.chat}: ready lists it for {name_of(socket)}, who is not in it"
                yield Violation("C6", text, [hello, ready])
            if log.chat not in listed and log.is_present(socket.user, hello.at, ready.at):
                text = f"chat {log.chat}: ready leaves it out for {name_of(socket)}, who is in it"
                yield Violation("C6", text, [hello, ready])


def check_heads(index: Index) -> Iterator[Violation]:
    """The head told in `ready` holds everything that was stored before the hello."""
    for socket, ready, hello in _greetings(index):
        for told in ready.frame["chats"]:
            log, head = index.logs.get(told["chat"]), told["head"]
            if log is not None and head < log.head and log.stored_at(head + 1) < hello.at:
                text = f"chat {log.chat}: ready told {name_of(socket)} head {head}, and {head + 1} was stored before"
                yield Violation("C6", text, [hello, ready])


def _greetings(index: Index) -> Iterator[tuple[Socket, Entry, Entry]]:
    for socket in index.sockets:
        if socket.ready and socket.hello:
            yield socket, socket.ready, socket.hello


def _cursor(hello: Entry, chat: int) -> int | None:
    cursor: int | None = hello.frame.get("resume", {}).get(str(chat))
    return cursor


def _expected(index: Index, socket: Socket, told: Frame, cursor: int | None, most: int) -> int | None:
    """Return where a stream has to begin, None where nobody can say."""
    head = told["head"]
    if cursor is None:
        return int(head) + 1
    log = index.logs.get(told["chat"])
    if log is None or not log.is_known(socket.user):
        return None
    joined = _joined(log, socket.user, head)
    start = max(cursor + 1, joined)
    return start if head - start < most else int(head) + 1


def _joined(log: Log, user: int, head: int) -> int:
    """Return the newest own member.added up to `head`, 0 for an initial member."""
    return max((each.first for each in log.memberships_of(user) if each.first <= head), default=0)
