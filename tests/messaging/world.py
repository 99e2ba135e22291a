"""Users, chats and writes in the database, as the tests of this folder speak of them; all of it synchronous."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from prometheus_client import REGISTRY

from messaging.database import Statement, fetch
from messaging.log import Position, append, read
from messaging.models import Chat, Membership, User
from messaging.policy import Role
from messaging.protocol.frames import MAX_INTEGER, Event, MessageDelete, MessageEdit, MessageSend, ReactionSet
from messaging.protocol.kinds import Kind
from messaging.write import Outcome, Write
from tests.vocabulary import PATIENCE

T = TypeVar("T")

_ids = itertools.count(1)


def make_users(*names: str) -> list[int]:
    """Make users; return their ids."""
    return [User.objects.create(username=name).pk for name in names]


def make_group(owner: int, *others: int, title: str = "Group") -> int:
    """Make a group whose owner is `owner`."""
    chat = Chat.objects.create(kind="group", title=title, creator_id=owner)
    _enter(chat, owner, Role.OWNER)
    for user in others:
        _enter(chat, user, Role.MEMBER)
    return chat.pk


def make_private(one: int, other: int) -> int:
    """Make the private chat of two users."""
    chat = Chat.objects.create(kind="private", pair=f"{min(one, other)}:{max(one, other)}", creator_id=one)
    for user in (one, other):
        _enter(chat, user, Role.MEMBER)
    return chat.pk


def _enter(chat: Chat, user: int, role: str) -> None:
    Membership.objects.create(chat=chat, user_id=user, role=role)


def message(chat: int, sender: int, text: str = "hi", *, id: str | None = None, reply_to: int | None = None) -> Write:
    """Return a message to write, with an id of its own unless one is given."""
    command = MessageSend(id=id or f"m{next(_ids)}", chat=chat, text=text, reply_to=reply_to)
    return Write.from_command(sender, command)


def edition(chat: int, sender: int, seq: int, text: str, *, id: str | None = None) -> Write:
    """Return the edit of a message."""
    return Write.from_command(sender, MessageEdit(id=id or f"e{next(_ids)}", chat=chat, seq=seq, text=text))


def deletion(chat: int, sender: int, seq: int, *, id: str | None = None) -> Write:
    """Return the deletion of a message."""
    return Write.from_command(sender, MessageDelete(id=id or f"d{next(_ids)}", chat=chat, seq=seq))


def reaction(chat: int, sender: int, seq: int, emoji: str = "👍", *, on: bool = True, id: str | None = None) -> Write:
    """Return a reaction to a message, or the end of one."""
    return Write.from_command(sender, ReactionSet(id=id or f"r{next(_ids)}", chat=chat, seq=seq, emoji=emoji, on=on))


def addition(chat: int, actor: int, user: int, role: str = "member") -> Write:
    """Return the adding of a member."""
    return Write(chat, actor, Kind.MEMBER_ADDED, {"user": user, "role": role})


def removal(chat: int, actor: int, user: int) -> Write:
    """Return the removing of a member."""
    return Write(chat, actor, Kind.MEMBER_REMOVED, {"user": user})


def promotion(chat: int, actor: int, user: int, role: str) -> Write:
    """Return the change of a role."""
    return Write(chat, actor, Kind.MEMBER_ROLE, {"user": user, "role": role})


def renaming(chat: int, actor: int, title: str) -> Write:
    """Return the change of a title."""
    return Write(chat, actor, Kind.CHAT_UPDATED, {"title": title})


def outcomes(*writes: Write) -> list[Any]:
    """Append a batch; return what it answers."""
    return list(append(writes).outcomes)


def answers(*writes: Write) -> list[Any]:
    """Append a batch; return a seq, "noop" or the code of an error for each."""
    return [_in_short(outcome) for outcome in outcomes(*writes)]


def _in_short(outcome: Any) -> Any:
    if not isinstance(outcome, Outcome):
        return outcome.code.value
    return "noop" if outcome.seq is None else outcome.seq


def say(chat: int, sender: int, *texts: str) -> None:
    """Write messages, which are taken."""
    assert all(isinstance(answer, int) for answer in answers(*(message(chat, sender, text) for text in texts)))


def events_of(chat: int, *, after: int = 0) -> list[Event]:
    """Return what the log of a chat holds."""
    return read([Position(chat, after, MAX_INTEGER - after)])[0].events


def seqs_of(chat: int) -> list[int]:
    """Return the numbers of a chat's events, in order."""
    return [event.seq for event in events_of(chat)]


def membership(chat: int, user: int) -> Membership:
    """Return the membership of `user`, as it is now."""
    return Membership.objects.get(chat=chat, user=user)


def count_statements(work: Callable[[], Any]) -> int:
    """Return how many statements `work` executes, BEGIN and COMMIT left out."""
    with CaptureQueriesContext(connection) as captured:
        work()
    # Of what was prepared the driver does not keep the text.
    return len([query for query in captured if not (query["sql"] or "").startswith(("BEGIN", "COMMIT"))])


def plans_of(work: Callable[[], Any]) -> str:
    """Return how PostgreSQL would run each statement of `work`."""
    statements: list[Statement] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        work()
    own = [(sql, params) for sql, params in statements if sql.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")]
    return "\n".join(row[0] for sql, params in own for row in fetch("EXPLAIN " + sql, params))


def metric(name: str, **labels: str) -> float:
    """Return what a counter stands at."""
    return REGISTRY.get_sample_value(name, labels) or 0.0


def in_threads(count: int, work: Callable[[int], T]) -> list[T]:
    """Call `work(n)` in so many threads at the same moment; return what each returned, in order."""
    barrier = threading.Barrier(count)

    def start(n: int) -> T:
        barrier.wait(PATIENCE)
        return work(n)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(_in_own_connection(start), range(count)))


def start(work: Callable[[], T]) -> Callable[[], T]:
    """Start `work` in another thread; return a function that waits for what it returns."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(_in_own_connection(work))
    pool.shutdown(wait=False)
    return lambda: future.result(PATIENCE)


def wait_for_a_waiter() -> int:
    """Wait until a connection of PostgreSQL waits for a lock; return its process id."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = fetch("SELECT pid FROM pg_locks WHERE NOT granted", [])
        if found:
            return found[0][0]
        time.sleep(0.01)
    raise AssertionError("Nobody waits.")


def _in_own_connection(work: Callable[..., T]) -> Callable[..., T]:
    def call(*args: Any) -> T:
        try:
            return work(*args)
        finally:
            connections.close_all()

    return call
