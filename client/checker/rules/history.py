"""History shows every message as it is now: the log up to some one head, folded, no older than what was seen before (§2)."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator

from client.checker.fold import Fold
from client.checker.history import Entry
from client.checker.index import Index
from client.checker.logs import Log
from client.checker.pages import Page, page_of, pages_of
from client.checker.report import Violation
from client.checker.rules.once import attempts_of
from client.frames import Frame, event_of, is_event


def check_pages(index: Index) -> Iterator[Violation]:
    """A page of history is what the log comes to at one moment between the question and the answer."""
    originals = _originals(index)
    folds = {chat: Fold(log, originals[chat].values()) for chat, log in index.logs.items()}
    for page in pages(index):
        fold = folds.get(page.chat)
        if fold is not None and _is_judged(fold.log, page):
            yield from _check(fold, page)


def pages(index: Index) -> Iterator[Page]:
    """Yield every page of history that anybody was answered."""
    for socket in index.sockets:
        yield from pages_of(socket)
    for call in index.calls:
        if page := page_of(call):
            yield page


def _is_judged(log: Log, page: Page) -> bool:
    # What was answered after the log was read may be of later, and a stranger should have got no page at all.
    return page.answered.at <= log.entry.at and not log.is_absent(page.user, page.asked.at, page.answered.at)


def _originals(index: Index) -> dict[int, dict[int, Frame]]:
    """Return by chat and seq the events that brought a text, as they were written, where that is known for certain."""
    known: defaultdict[int, dict[int, Frame]] = defaultdict(dict)
    for socket in index.sockets:
        for entry in socket.received:
            for event in [entry.frame] if is_event(entry.frame) else entry.frame.get("events", []):
                log = index.logs.get(event["chat"])
                if log is not None and "text" in event and not _was_edited(log, event):
                    known[event["chat"]][event["seq"]] = event
    for (user, chat, _), tries in attempts_of(index).items():
        for each in tries:
            # The answer to a repeat is no word about its content, which is forgotten with a deleted message.
            if each.is_acked and not each.answer.get("duplicate"):
                place = {"chat": chat, "seq": each.answer["seq"], "at": each.answer["at"]}
                known[chat][place["seq"]] = event_of(each.command, place, user)
    return known


def _was_edited(log: Log, event: Frame) -> bool:
    # Replayed events show the present; the text of an edit itself stays what it is.
    return event["type"] == "message.created" and event["seq"] in log.changed


def _check(fold: Fold, page: Page) -> Iterator[Violation]:
    seqs = [message["seq"] for message in page.messages]
    if strange := [seq for seq in seqs if seq not in fold.log.events]:
        yield _violation(fold, page, strange[:1], f"shows {strange[0]}, which is in no log", rule="C4")
        return
    if seqs != sorted(set(seqs), reverse=True) or not all(_is_asked(page, seq) for seq in seqs):
        yield _violation(fold, page, seqs, f"shows {seqs}, which is not what was asked for, newest first")
        return
    since = bisect_right(fold.log.stored, page.asked.at) - 1
    if missing := _missing(fold, page, seqs, since):
        yield _violation(fold, page, missing, f"leaves out {missing[:5]}")
        return
    yield from _check_messages(fold, page, since)


def _is_asked(page: Page, seq: int) -> bool:
    return (page.before is None or seq < page.before) and (page.after is None or seq > page.after)


def _missing(fold: Fold, page: Page, seqs: list[int], since: int) -> list[int]:
    """Return what is not on the page and has to be, of what was stored before it was asked for."""
    low, high = 0, since
    if page.more:
        # It goes on behind the last that is there, and of an empty one nobody knows where.
        low = min(seqs, default=since + 1) if page.after is None else 0
        high = min(since, max(seqs, default=0)) if page.after is not None else since
    due = fold.places[bisect_left(fold.places, low) : bisect_right(fold.places, high)]
    return [seq for seq in due if seq not in seqs and _is_asked(page, seq) and not _may_be_hidden(fold, page, seq)]


def _may_be_hidden(fold: Fold, page: Page, seq: int) -> bool:
    """Tell whether an event stands before a joining, where history may begin; the log does not say whether it does."""
    log = fold.log
    return not log.is_known(page.user) or any(each.first > seq for each in log.memberships_of(page.user))


def _check_messages(fold: Fold, page: Page, since: int) -> Iterator[Violation]:
    heads = [_heads(fold, page, since)]
    for message in page.messages:
        spans = list(fold.spans(message, page.user))
        late = [span for span in spans if span[1] >= since]
        if not late:
            yield _wrong(fold, page, message, max(since, message["seq"]), was_so=bool(spans))
            return
        before, heads = heads, _common(heads, late)
        if not heads:
            what = f"shows {message['seq']} as of heads {late}, and the rest as of {before}: no one moment"
            yield _violation(fold, page, [message["seq"]], what)
            return


def _heads(fold: Fold, page: Page, since: int) -> tuple[float, float]:
    """Return between which heads the page was read, as far as what is and is not on it shows."""
    newest = max((message["seq"] for message in page.messages), default=0)
    later = fold.places[bisect_right(fold.places, newest) :][:1]
    ends = bool(newest and later and page.after is None and _is_asked(page, later[0]))
    return max(since, newest), later[0] - 1 if ends else math.inf


def _common(some: list[tuple[float, float]], others: list[tuple[float, float]]) -> list[tuple[float, float]]:
    both = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return [(begin, end) for begin, end in both if begin <= end]


def _wrong(fold: Fold, page: Page, message: Frame, head: int, *, was_so: bool) -> Violation:
    seq, wrong = message["seq"], ", ".join(fold.wrong(message, page.user, head))
    what = f"shows {seq} with the {wrong} of before head {head}" if was_so else f"shows {seq} with another {wrong}"
    return _violation(fold, page, [seq], what)


def _violation(fold: Fold, page: Page, seqs: list[int], what: str, *, rule: str = "history") -> Violation:
    log = fold.log
    events = [log.events[seq] for seq in sorted(log.events) if seq in seqs or log.events[seq].get("target") in seqs]
    proof = Entry(log.entry.at, "log", frame={"chat": log.chat, "head": log.head, "events": events})
    text = f"chat {page.chat}: a page of history of user {page.user} {what}"
    return Violation(rule, text, [page.asked, page.answered, proof])
