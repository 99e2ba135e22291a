"""The rules of the contract, each a function from the index of a history to what breaks it there."""

from collections.abc import Callable, Iterator

from client.checker.index import Index
from client.checker.report import Violation
from client.checker.rules import answers, claim, fence, heal, history, once, resume, stored, streams

Rule = Callable[[Index], Iterator[Violation]]

RULES: tuple[Rule, ...] = (
    stored.check_log,
    streams.check_order,
    streams.check_opened,
    streams.check_caught_up,
    streams.check_duplicates,
    streams.check_ids,
    once.check_once,
    stored.check_events,
    history.check_pages,
    fence.check_membership,
    fence.check_senders,
    fence.check_joined,
    fence.check_answers,
    fence.check_calls,
    resume.check_from,
    resume.check_reset,
    resume.check_chats,
    resume.check_heads,
    heal.check_events,
    heal.check_joined,
    claim.check_probes,
    claim.check_single,
    answers.check_asked,
    answers.check_answered,
    answers.check_hello_first,
    answers.check_ends,
)

__all__ = ["RULES", "Rule"]
