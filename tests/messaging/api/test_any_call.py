"""Whatever is called, and however: the answer is one that the document knows, and never an error of the server."""

from __future__ import annotations

import sys

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from tests.messaging.api.fuzz import CHECKS, EXAMPLES, Target, load_schema

SCHEMA = load_schema()
# Most often what is there, from a chat to a password: whatever is called elsewhere ends at the door.
THERE = st.fixed_dictionaries(
    {
        "chat": st.integers(0, 1),
        "user": st.integers(0, 3),
        "username": st.integers(0, 1),
        **dict.fromkeys(("reply_to", "seq", "password", "old", "new", "reason"), st.just(0)),
    }
)
PLACES: st.SearchStrategy[dict[str, int]] = st.one_of(THERE, THERE, st.just({}))


@pytest.fixture
def target(transactional_db, onesocket):
    """Return the API with people and chats in it, open to others."""
    onesocket(OPEN_REGISTRATION=True)
    cache.clear()
    return Target()


@pytest.mark.parametrize("operation", [each.ok() for each in SCHEMA.get_all_operations()], ids=lambda each: each.label)
@pytest.mark.timeout(600)
def test_any_call_is_answered_as_described(operation, target):
    good = operation.as_strategy()
    bad = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @given(case=st.one_of(good, good, bad), at=PLACES)
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    def make(case, at):
        case.validate_response(target.call(case, at=at), checks=CHECKS)

    make()
    assert any(status < 300 for status in target.answers), "Nothing was tried but what is refused."
    sys.stdout.write(f"{operation.label}: {target.as_text()}\n")
