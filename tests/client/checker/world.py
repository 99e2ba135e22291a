"""A world that keeps the contract: users, chats and a clock of its own, and the history of all that happens there.

Every call happens at once and is seen by all it concerns; a test spoils the entries afterwards, or moves the clock.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from client.checker import Bounds, Entry, History, Report, check
from tests.client.checker.present import Present
from tests.client.server_frames import ready_frame

Frame = dict[str, Any]

# A replay of more than this begins anew, so that it happens in a short test.
BOUNDS = Bounds(resume_chat_events=6, resume_events=12)


class World:
    """What happens, in order."""

    def __init__(self) -> None:
        self.now = 100.0
        self.entries: list[Entry] = []
        self.epoch = "e1"
        self.logs: dict[int, list[Frame]] = {}
        self.joined: dict[int, dict[int, int]] = {}
        # The number of the open socket of each user, its streams, and the cursors that a user keeps.
        self.open: dict[int, int] = {}
        self.places: dict[int, set[int]] = {}
        self.cursors: dict[int, dict[int, int]] = {}
        self.epochs: dict[int, str] = {}
        self.answers: dict[tuple[int, int, str], Frame] = {}
        self.present = Present()
        self._connections: dict[int, int] = {}
        self._ids = count(1)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    def note(self, kind: str, user: int = 0, /, **frame: Any) -> Entry:
        """Write down what happens now, on the newest socket of the user."""
        self.now += 0.001
        on_socket = kind in ("opened", "sent", "received", "ended")
        entry = Entry(self.now, kind, user, self._connections.get(user, 0) if on_socket else 0, frame)
        self.entries.append(entry)
        return entry

    def create(self, chat: int, *users: int) -> None:
        """Make a chat with these members, the first its creator."""
        call = self._ask(users[0], "POST", "/api/chats/", kind="group", members=list(users[1:]), title="")
        self.logs[chat], self.joined[chat] = [], dict.fromkeys(users, 0)
        for user in users:
            self._join(user, chat, 1)
        self._answer(call, 201, id=chat)

    def connect(self, user: int, *, server: str | None = None, resume: bool = True) -> None:
        """Open a socket and catch up; the one before is replaced."""
        before = self.open.pop(user, None)
        self._connections[user] = self._connections.get(user, 0) + 1
        self.note("opened", user, **({"server": server} if server else {}))
        if before:
            self.entries.append(Entry(self.now, "ended", user, before, {"code": 4409, "reason": "replaced"}))
        hello: Frame = {"type": "hello", "id": self.new_id()}
        cursors = self.cursors.setdefault(user, {})
        if resume and cursors:
            hello |= {"epoch": self.epochs[user], "resume": {str(chat): seq for chat, seq in cursors.items()}}
        self.note("sent", user, **hello)
        self.open[user], self.places[user], self.epochs[user] = self._connections[user], set(), self.epoch
        self._greet(user, hello)

    def end(self, user: int, code: int | None = 1006, *, bye: bool = False, own: bool = False) -> None:
        """End the socket of a user."""
        if bye:
            self.note("received", user, type="bye", code=code, reason="test")
        self.note("ended", user, code=code, reason="", **({"own": True} if own else {}))
        del self.open[user]

    def send(self, user: int, chat: int, text: str, *, id: str | None = None, lost: bool = False, **fields: Any) -> str:
        """Write over the socket; what is lost never arrives."""
        id = id or self.new_id()
        self.note("sent", user, type="message.send", id=id, chat=chat, text=text, **fields)
        if lost:
            return id
        known = self.answers.get((user, chat, id))
        if known:
            self.note("received", user, **known, duplicate=True)
        elif user not in self.joined[chat]:
            self.refuse(user, chat, id)
        else:
            self.append(chat, "message.created", user, id=id, acked=True, text=text, **fields)
        return id

    def edit(self, user: int, chat: int, seq: int, text: str) -> None:
        """Give a message another text."""
        id = self.new_id()
        self.note("sent", user, type="message.edit", id=id, chat=chat, seq=seq, text=text)
        self.append(chat, "message.edited", user, id=id, acked=True, target=seq, text=text)

    def delete(self, user: int, chat: int, seq: int) -> None:
        """Take a message back."""
        id = self.new_id()
        self.note("sent", user, type="message.delete", id=id, chat=chat, seq=seq)
        self.append(chat, "message.deleted", user, id=id, acked=True, target=seq)

    def react(self, user: int, chat: int, seq: int, emoji: str = "👍", *, on: bool = True) -> None:
        """Put an emoji on a message or take it off; where it is so already, it is none of the world's business."""
        id = self.new_id()
        self.note("sent", user, type="reaction.set", id=id, chat=chat, seq=seq, emoji=emoji, on=on)
        self.append(chat, "reaction.set", user, id=id, acked=True, target=seq, emoji=emoji, on=on)

    def page(self, user: int, chat: int, *, before: int | None = None, limit: int = 50, rest: bool = False) -> Entry:
        """Page back through a chat, over the socket or over REST; return the answer."""
        asked = {"before": before, "limit": limit} if before else {"limit": limit}
        shown = self.present.fold(self.logs[chat], user)
        below = [message for message in shown if before is None or message["seq"] < before]
        messages, more = below[:limit], len(below) > limit
        if rest:
            query = "&".join(f"{name}={value}" for name, value in asked.items())
            call = self._ask(user, "GET", f"/api/chats/{chat}/messages/?{query}")
            return self._answer(call, 200, results=messages, next="http://x/?before=1" if more else None)
        id = self.new_id()
        self.note("sent", user, type="history", id=id, chat=chat, **asked)
        return self.note("received", user, type="ack", id=id, chat=chat, status=200, messages=messages, more=more)

    def send_by_rest(self, user: int, chat: int, text: str, *, id: str | None = None) -> str:
        """Write over REST."""
        id = id or self.new_id()
        call = self._ask(user, "POST", f"/api/chats/{chat}/messages/", id=id, text=text)
        known = self.answers.get((user, chat, id))
        event = known or self.append(chat, "message.created", user, id=id, text=text)
        place = {"seq": event["seq"], "at": event["at"]}
        self._answer(call, 200 if known else 201, **place, **({"duplicate": True} if known else {}))
        return id

    def sync(self, user: int, chat: int) -> None:
        """Read the whole chat over the socket."""
        id = self.new_id()
        self.note("sent", user, type="sync", id=id, chat=chat, after=0, limit=200)
        if user not in self.joined[chat]:
            self.refuse(user, chat, id)
            return
        events = [self._shown(event, user) for event in self.logs[chat]]
        ack = {"type": "ack", "id": id, "chat": chat, "status": 200}
        self.note("received", user, **ack, events=events, head=len(events), more=False)

    def refuse(self, user: int, chat: int, id: str, code: str = "not_a_member", *, retry: bool = False) -> None:
        """Answer with an error."""
        self.note("received", user, type="error", id=id, chat=chat, status=403, code=code, detail="", retry=retry)

    def add_member(self, chat: int, user: int, *, by: int = 1) -> None:
        """Add a user over REST."""
        call = self._ask(by, "POST", f"/api/chats/{chat}/members/", user=user)
        event = self.append(chat, "member.added", by, user=user, role="member")
        self.joined[chat][user] = event["seq"]
        self._join(user, chat, event["seq"])
        self._answer(call, 201, seq=event["seq"], at=event["at"])

    def remove_member(self, chat: int, user: int, *, by: int = 1) -> None:
        """Remove a user over REST."""
        call = self._ask(by, "DELETE", f"/api/chats/{chat}/members/{user}/")
        event = self.append(chat, "member.removed", by, user=user)
        del self.joined[chat][user]
        self._answer(call, 200, seq=event["seq"], at=event["at"])

    def append(self, chat: int, kind: str, sender: int, *, acked: bool = False, **content: Any) -> Frame:
        """Write an event to the log and bring it to all streams of the chat."""
        log = self.logs[chat]
        event: Frame = {
            "type": kind,
            "chat": chat,
            "seq": len(log) + 1,
            "at": f"t{self.now:.3f}",
            "sender": sender,
        } | content
        log.append(event)
        self.present.take(log, event)
        if "id" in event:
            self.answers[sender, chat, event["id"]] = _ack(event)
        for user in list(self.open):
            if chat in self.places[user]:
                self._bring(user, event, acked=acked and user == sender)
        return event

    def probe(self, user: int, *, connected: bool | None = None) -> None:
        """Ask whether a user is connected."""
        call = self._ask(user, "GET", "/api/ws-ticket/?device=probe")
        connected = user in self.open if connected is None else connected
        self._answer(call, 409 if connected else 200)
        self.note("probe", user, connected=connected, user_probed=user, call=call)

    def finish(self, quiet: float = 10.0) -> None:
        """Let it become quiet, and read the logs."""
        self.wait(quiet)
        for chat, log in self.logs.items():
            events = [dict(event) for event in log]
            for event in events:
                event.pop("id", None)
            self.note("log", chat=chat, head=len(log), events=events)
            self.note("members", chat=chat, users=sorted(self.joined[chat]))

    def check(self, bounds: Bounds = BOUNDS) -> Report:
        """Check the history of this world."""
        return check(History(self.entries), bounds)

    def find(self, kind: str, user: int = 0, /, **fields: Any) -> Entry:
        """Return the first entry of this kind and user with these fields."""
        for entry in self.entries:
            if entry.kind == kind and entry.user == user and entry.frame.items() >= fields.items():
                return entry
        raise LookupError(f"no {kind} of user {user} with {fields}")

    def drop(self, entry: Entry) -> None:
        """Take an entry out."""
        self.entries.remove(entry)

    def change(self, entry: Entry, **fields: Any) -> None:
        """Give an entry other fields; those that are None go."""
        frame = {name: value for name, value in (entry.frame | fields).items() if value is not None}
        self.entries[self.entries.index(entry)] = replace(entry, frame=frame)

    def move(self, entry: Entry, at: float) -> None:
        """Have an entry happen at another time."""
        self.entries.remove(entry)
        self.entries.append(replace(entry, at=at))
        self.entries.sort(key=lambda each: each.at)

    def new_id(self) -> str:
        """Return an id that was not there before."""
        return f"id-{next(self._ids)}"

    def _greet(self, user: int, hello: Frame) -> None:
        told, left = [], BOUNDS.resume_events
        for chat in self.joined:
            if user in self.joined[chat]:
                entry, missing = self._resume(user, chat, hello, left)
                left -= missing
                told.append(entry)
        for gone in self.cursors[user].keys() - {entry["chat"] for entry in told}:
            del self.cursors[user][gone]
        self.note("received", user, **ready_frame(id=hello["id"], user=user, epoch=self.epoch, chats=told))
        for entry in told:
            self.places[user].add(entry["chat"])
            self.cursors[user][entry["chat"]] = entry["from"] - 1
            for event in self.logs[entry["chat"]][entry["from"] - 1 :]:
                self._bring(user, event, acked=False)
        self.note("received", user, type="caught_up")

    def _resume(self, user: int, chat: int, hello: Frame, left: int) -> tuple[Frame, int]:
        head, cursor = len(self.logs[chat]), hello.get("resume", {}).get(str(chat))
        reset = "epoch" in hello and hello["epoch"] != self.epoch
        start = head + 1 if cursor is None or reset else max(cursor + 1, self.joined[chat][user])
        if head - start >= min(left, BOUNDS.resume_chat_events):
            start = head + 1
        told = {"chat": chat, "head": head, "from": start, "read": 0, "unread": 0}
        return told | ({"reset": True} if reset else {}), head + 1 - start

    def _join(self, user: int, chat: int, start: int) -> None:
        if user not in self.open:
            return
        self.places[user].add(chat)
        self.cursors[user][chat] = start - 1
        self.note("received", user, type="chat.joined", chat=chat, head=len(self.logs[chat]), **{"from": start})
        for event in self.logs[chat][start - 1 :]:
            self._bring(user, event, acked=False)

    def _bring(self, user: int, event: Frame, *, acked: bool) -> None:
        self.note("received", user, **(_ack(event) if acked else self._shown(event, user)))
        self.cursors[user][event["chat"]] = event["seq"]
        if event["type"] == "member.removed" and event["user"] == user:
            self.places[user].discard(event["chat"])
            del self.cursors[user][event["chat"]]

    def _shown(self, event: Frame, user: int) -> Frame:
        return {name: value for name, value in event.items() if name != "id" or event["sender"] == user}

    def _ask(self, user: int, method: str, path: str, /, **json: Any) -> int:
        call = next(self._ids)
        self.note("asked", user, call=call, method=method, path=path, json=json or None)
        return call

    def _answer(self, call: int, status: int, /, **body: Any) -> Entry:
        asked = next(entry for entry in reversed(self.entries) if entry.frame.get("call") == call)
        return self.note("answered", asked.user, call=call, status=status, body=body)


def _ack(event: Frame) -> Frame:
    return {name: event[name] for name in ("id", "chat", "seq", "at")} | {"type": "ack", "status": 200}


def rules_of(report: Report) -> set[str]:
    """Return the rules that a report says are broken."""
    return {violation.rule for violation in report.violations}
