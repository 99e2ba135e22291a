"""The logs of the chats as they were in the end, since when each event was surely stored, and who was a member when."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from client.checker.history import Entry
from client.checker.sockets import Socket
from client.frames import Frame, is_event

_CHAT_PATH = re.compile(r"/api/chats/(\d+)/")
_MEMBERS_PATH = re.compile(r"/api/chats/(\d+)/members/(?:(\d+)/)?(?:\?|$)")


@dataclass(slots=True)
class Call:
    """One REST call; one that failed may have had its effect all the same, and at any later time."""

    asked: Entry
    answered: Entry | None = None

    @property
    def done(self) -> float:
        """When it was over for sure."""
        return self.answered.at if self.answered else math.inf

    @property
    def good(self) -> bool:
        """Whether the answer was a success."""
        return self.answered is not None and 200 <= self.answered.frame["status"] < 300

    @property
    def refused(self) -> bool:
        """Whether the answer says that nothing was done."""
        return self.answered is not None and 400 <= self.answered.frame["status"] < 500

    @property
    def body(self) -> Frame:
        """The answer's body, empty where there is none."""
        body = self.answered.frame["body"] if self.answered else None
        return body if isinstance(body, dict) else {}

    @property
    def chat(self) -> int | None:
        """The chat its path names."""
        found = _CHAT_PATH.search(self.asked.frame["path"])
        return int(found[1]) if found else None

    def is_a(self, method: str, path: str) -> bool:
        """Tell whether it is this call, whatever its query."""
        frame = self.asked.frame
        return bool(frame["method"] == method and frame["path"].partition("?")[0].endswith(path))


@dataclass(slots=True)
class Membership:
    """One time for which one user was in one chat."""

    chat: int
    user: int
    # The own member.added, 0 for an initial member, and the own member.removed, infinity without one.
    first: int
    last: float = math.inf
    # It began between these two moments …
    not_before: float = -math.inf
    since: float = math.inf
    # … and was over between these.
    until: float = math.inf
    over: float = math.inf

    def has(self, seq: int) -> bool:
        """Tell whether the event `seq` was theirs to see."""
        return self.first <= seq <= self.last


@dataclass(slots=True)
class Log:
    """One chat in the end."""

    chat: int
    entry: Entry
    head: int
    events: dict[int, Frame]
    # Final members, None where nobody told.
    members: set[int] | None = None
    memberships: dict[int, list[Membership]] = field(default_factory=dict)
    stored: list[float] = field(default_factory=list)
    # Messages that were edited or deleted: their text is not what it was.
    changed: set[int] = field(default_factory=set)

    def stored_at(self, seq: int) -> float:
        """Return since when an event was surely stored; 0 stands for the chat itself."""
        return self.stored[seq]

    def memberships_of(self, user: int) -> list[Membership]:
        """Return the times for which a user was in the chat, in order."""
        return self.memberships.get(user, [])

    def is_known(self, user: int) -> bool:
        """Tell whether it is known when the user was in the chat, or that it never was so."""
        return self.members is not None or user in self.memberships

    def was_in(self, user: int, seq: int) -> bool:
        """Tell whether the event `seq` was the user's to see."""
        return any(membership.has(seq) for membership in self.memberships_of(user))

    def is_present(self, user: int, begin: float, end: float) -> bool:
        """Tell whether the user was in the chat all the time between two moments, for certain."""
        return any(each.since <= begin and each.until >= end for each in self.memberships_of(user))

    def is_absent(self, user: int, begin: float, end: float) -> bool:
        """Tell whether the user was not in the chat at any time between two moments, for certain."""
        times = self.memberships_of(user)
        return self.is_known(user) and all(each.over <= begin or each.not_before >= end for each in times)


def read_calls(entries: Iterable[Entry]) -> list[Call]:
    """Return the REST calls in the order they began."""
    calls: dict[int, Call] = {}
    for entry in entries:
        if entry.kind == "asked":
            calls[entry.frame["call"]] = Call(entry)
        elif entry.kind == "answered" and entry.frame["call"] in calls:
            calls[entry.frame["call"]].answered = entry
    return list(calls.values())


def read_logs(entries: Iterable[Entry], sockets: Iterable[Socket], calls: list[Call]) -> dict[int, Log]:
    """Return the logs by chat."""
    logs: dict[int, Log] = {}
    members: dict[int, set[int]] = {}
    for entry in entries:
        frame = entry.frame
        if entry.kind == "log":
            events = {event["seq"]: event for event in frame["events"]}
            logs[frame["chat"]] = Log(frame["chat"], entry, frame["head"], events)
        elif entry.kind == "members":
            members[frame["chat"]] = set(frame["users"])
    seen = _first_seen(sockets, calls)
    changes = _membership_calls(calls)
    for chat, log in logs.items():
        log.members = members.get(chat)
        log.stored = _stored(log, seen[chat])
        kinds = ("message.edited", "message.deleted")
        log.changed = {event["target"] for event in log.events.values() if event["type"] in kinds}
        log.memberships = _memberships(log, changes)
    return logs


def _first_seen(sockets: Iterable[Socket], calls: list[Call]) -> dict[int, list[tuple[int, float]]]:
    seen: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
    for socket in sockets:
        for entry in socket.received:
            for chat, seq in _told(entry.frame):
                seen[chat].append((seq, entry.at))
    for call in calls:
        if not call.good:
            continue
        if call.is_a("POST", "/api/chats/") and "id" in call.body:
            seen[call.body["id"]].append((0, call.done))
        elif call.chat is not None and "seq" in call.body:
            seen[call.chat].append((call.body["seq"], call.done))
    return seen


def _told(frame: Frame) -> Iterator[tuple[int, int]]:
    """Yield what a frame proves to be in the log of a chat: everything up to a seq."""
    if frame["type"] == "ready":
        yield from ((told["chat"], told["head"]) for told in frame["chats"])
    elif frame["type"] == "chat.joined" or (frame["type"] == "ack" and "head" in frame):
        yield frame["chat"], frame["head"]
    elif (is_event(frame) or frame["type"] == "ack") and "seq" in frame:
        yield frame["chat"], frame["seq"]


def _stored(log: Log, seen: list[tuple[int, float]]) -> list[float]:
    stored = [log.entry.at] * (log.head + 1)
    for seq, at in seen:
        # What is above the head was never stored: other rules say so.
        if seq <= log.head:
            stored[seq] = min(stored[seq], at)
    for seq in range(log.head - 1, -1, -1):
        stored[seq] = min(stored[seq], stored[seq + 1])
    return stored


def _membership_calls(calls: list[Call]) -> dict[tuple[int, int, str], list[Call]]:
    changes: defaultdict[tuple[int, int, str], list[Call]] = defaultdict(list)
    for call in calls:
        frame = call.asked.frame
        found = _MEMBERS_PATH.search(frame["path"])
        if found is None:
            continue
        if frame["method"] == "POST" and isinstance(frame["json"], dict) and "user" in frame["json"]:
            changes[int(found[1]), frame["json"]["user"], "member.added"].append(call)
        elif frame["method"] == "DELETE" and found[2]:
            changes[int(found[1]), int(found[2]), "member.removed"].append(call)
    return changes


def _memberships(log: Log, changes: dict[tuple[int, int, str], list[Call]]) -> dict[int, list[Membership]]:
    steps: defaultdict[int, list[Frame]] = defaultdict(list)
    for seq in sorted(log.events):
        event = log.events[seq]
        if event["type"] in ("member.added", "member.removed"):
            steps[event["user"]].append(event)
    users = set(steps) | (log.members or set())
    return {user: list(_times(log, user, steps[user], changes)) for user in users}


def _times(
    log: Log, user: int, steps: list[Frame], changes: dict[tuple[int, int, str], list[Call]]
) -> Iterator[Membership]:
    """Yield the memberships of a user, with the times between which each step was made."""
    present: Membership | None = None
    if not steps or steps[0]["type"] == "member.removed":
        present = Membership(log.chat, user, 0, since=log.stored_at(0))
    earliest = -math.inf
    for step in steps:
        calls = changes.get((log.chat, user, step["type"]), [])
        # The call that made this step was not over before the step before it.
        possible = [call.asked.at for call in calls if call.done >= earliest and not call.refused]
        earliest = max(earliest, min(possible, default=-math.inf))
        surely = log.stored_at(step["seq"])
        if step["type"] == "member.added":
            present = Membership(log.chat, user, step["seq"], not_before=earliest, since=surely)
        elif present:
            present.last, present.until, present.over = step["seq"], earliest, surely
            yield present
            present = None
    if present:
        yield present
