"""C3: what was acked is stored, once, whatever way and however often it was sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from client.checker.history import Entry
from client.checker.index import Index
from client.checker.logs import Call, Log
from client.checker.report import Violation
from client.checker.rules.stored import is_changed, is_unread
from client.checker.sockets import WRITES
from client.frames import Frame, event_of, is_event

# Sender, chat and id.
Key = tuple[int, int, str]

# Refusals that the first answer to an id goes before (C3).
_FORGETTING = frozenset({"not_a_member", "forbidden", "message_not_found", "limit_reached", "id_conflict"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a write, over a socket or over REST."""

    sent: Entry
    command: Frame
    # The ack or error, empty where there was none, and when it came.
    answer: Frame
    answered: Entry | None = None

    @property
    def user(self) -> int:
        """Who wrote."""
        return self.sent.user

    @property
    def is_acked(self) -> bool:
        """Whether it has a place in the chat."""
        return self.answer.get("type") == "ack" and "seq" in self.answer

    @property
    def is_refused(self) -> bool:
        """Whether nothing was written by it, for certain."""
        return self.answer.get("type") == "error" and self.answer.get("retry") is False

    @property
    def at(self) -> float:
        """When it was over; for one without an answer, when it began."""
        return (self.answered or self.sent).at

    @property
    def entries(self) -> list[Entry]:
        """What shows it."""
        return [self.sent, self.answered] if self.answered else [self.sent]


# The attempts at a message, by sender and text.
Texts = dict[tuple[int, str], list[Attempt]]


def check_once(index: Index) -> Iterator[Violation]:
    """Every ack is for the one event of the log that the write made."""
    attempts = attempts_of(index)
    seen = _seen_ids(index)
    for key, tries in attempts.items():
        log = index.logs.get(key[1])
        acked = [each for each in tries if each.is_acked]
        yield from _one_place(key, acked, seen.get(key, {}))
        yield from _forgotten(key, tries, acked)
        if log is not None:
            for each in acked:
                yield from _as_stored(key, each, log)
    sent = _sent_texts(attempts)
    for log in index.logs.values():
        yield from _texts(log, sent[log.chat])


def attempts_of(index: Index) -> dict[Key, list[Attempt]]:
    """Return every try at a write, by sender, chat and id."""
    attempts: defaultdict[Key, list[Attempt]] = defaultdict(list)
    for socket in index.sockets:
        for question in socket.questions:
            command = question.command
            if question.kind in WRITES and question.chat:
                answer = question.answer
                each = Attempt(question.sent, command, answer.frame if answer else {}, answer)
                attempts[socket.user, question.chat, command["id"]].append(each)
    for call in index.calls:
        if call.is_a("POST", "/messages/") and isinstance(call.asked.frame["json"], dict) and call.chat is not None:
            command = call.asked.frame["json"] | {"type": "message.send", "chat": call.chat}
            if isinstance(command.get("id"), str):
                each = Attempt(call.asked, command, _rest_answer(call), call.answered)
                attempts[call.asked.user, call.chat, command["id"]].append(each)
    return attempts


def _rest_answer(call: Call) -> Frame:
    if call.good:
        return {"type": "ack", **call.body}
    error = call.body.get("error")
    return {"type": "error", **error} if isinstance(error, dict) else {}


def _seen_ids(index: Index) -> dict[Key, dict[int, Entry]]:
    """Return where events that carry an id were seen."""
    seen: defaultdict[Key, dict[int, Entry]] = defaultdict(dict)
    for socket in index.sockets:
        for entry in socket.received:
            frame = entry.frame
            events = [frame] if is_event(frame) else frame.get("events", [])
            for event in events:
                if "id" in event and "sender" in event:
                    seen[event["sender"], frame["chat"], event["id"]].setdefault(event["seq"], entry)
    for log in index.logs.values():
        for seq, event in log.events.items():
            if "id" in event:
                seen[event["sender"], log.chat, event["id"]].setdefault(seq, log.entry)
    return seen


def _one_place(key: Key, acked: list[Attempt], seen: Mapping[int, Entry]) -> Iterator[Violation]:
    places: dict[tuple[object, object], list[Entry]] = {}
    for each in acked:
        places.setdefault((each.answer["seq"], each.answer["at"]), each.entries)
    seqs = {seq for seq, _ in places}
    for seq, entry in seen.items():
        if seq not in seqs:
            places[seq, None] = [entry]
            seqs.add(seq)
    if len(places) > 1:
        text = f"chat {key[1]}: id {key[2]} of user {key[0]} has more than one place: {sorted(map(str, places))}"
        yield Violation("C3", text, [entry for entries in places.values() for entry in entries if entry.kind != "log"])


def _forgotten(key: Key, tries: list[Attempt], acked: list[Attempt]) -> Iterator[Violation]:
    first = min(acked, key=lambda each: each.at, default=None)
    if first is None:
        return
    for each in tries:
        refused = each.is_refused and each.answer["code"] in _FORGETTING
        if refused and each.sent.at > first.at and _same(each, first):
            what = f"id {key[2]} of user {key[0]} was acked, and then refused with {each.answer['code']}"
            yield Violation("C3", f"chat {key[1]}: {what}", [*first.entries, *each.entries])


def _same(one: Attempt, other: Attempt) -> bool:
    place = {"chat": 0, "seq": 0, "at": ""}
    return event_of(one.command, place, 0) == event_of(other.command, place, 0)


def _as_stored(key: Key, each: Attempt, log: Log) -> Iterator[Violation]:
    seq = each.answer["seq"]
    logged = log.events.get(seq)
    if logged is None:
        if not is_unread(log, seq, each.answered or each.sent):
            what = f"id {key[2]} of user {key[0]} was acked with seq {seq}, which is in no log"
            yield Violation("C4", f"chat {log.chat}: {what}", each.entries)
        return
    place = {"chat": log.chat, "seq": seq, "at": each.answer["at"]}
    expected = event_of(each.command, place, each.user)
    names = ["type", "sender", "at"] if is_changed(log, logged) else [name for name in expected if name != "id"]
    wrong = [name for name in names if name != "attachments" and expected[name] != logged.get(name, _UNSET.get(name))]
    if wrong:
        proof = Entry(log.entry.at, "log", frame={"chat": log.chat, "head": log.head, "events": [logged]})
        what = f"id {key[2]} of user {key[0]} was acked with seq {seq}, which has another {', '.join(wrong)} in the log"
        yield Violation("C3", f"chat {log.chat}: {what}", [*each.entries, proof])


# What stands for a field that an event leaves out.
_UNSET: Frame = {"text": ""}


def _sent_texts(attempts: Mapping[Key, list[Attempt]]) -> dict[int, Texts]:
    sent: defaultdict[int, Texts] = defaultdict(lambda: defaultdict(list))
    for (user, chat, _), tries in attempts.items():
        for each in tries:
            if each.command["type"] == "message.send" and isinstance(each.command.get("text"), str):
                place = {"chat": chat, "seq": 0, "at": ""}
                sent[chat][user, event_of(each.command, place, user)["text"]].append(each)
    return sent


def _texts(log: Log, sent: Texts) -> Iterator[Violation]:
    """A text is stored once for each id it was sent under, and not at all where every attempt was refused."""
    stored: defaultdict[tuple[int, str], list[Frame]] = defaultdict(list)
    for event in log.events.values():
        if event["type"] == "message.created" and event.get("text") and event["seq"] not in log.changed:
            stored[event["sender"], event["text"]].append(event)
    for (user, text), events in stored.items():
        tries = sent.get((user, text), [])
        problem = _problem(tries, events)
        if problem:
            entries = [entry for each in tries for entry in each.entries]
            proof = Entry(log.entry.at, "log", frame={"chat": log.chat, "head": log.head, "events": events})
            yield Violation("C3", f"chat {log.chat}: {text!r} of user {user} {problem}", [*entries, proof])


def _problem(tries: list[Attempt], events: list[Frame]) -> str | None:
    if not tries:
        return None
    if len(events) > len({each.command["id"] for each in tries}):
        return f"is stored {len(events)} times, as {[event['seq'] for event in events]}"
    return "was refused and is stored" if all(each.is_refused for each in tries) else None
