"""docs/security.md names for every threat tests that exist, and its numbers are those of the code."""

from __future__ import annotations

import inspect
import re

import pytest

from messaging import checks
from messaging.admin import tables
from messaging.logins import Try
from project import checks as project_checks
from tests.docs.markdown import Document, codes
from tests.docs.test_errors import source_of

SECURITY = Document("docs/security.md")
THREATS = [(row[0], codes(row[2])) for row in SECURITY.tables("Threats")[0]]


@pytest.mark.parametrize(("threat", "tests"), THREATS)
def test_every_threat_has_a_test_that_exists(threat, tests):
    assert tests, threat
    for test in tests:
        assert "assert" in source_of(test) or "expect" in source_of(test) or "raises" in source_of(test), test


def test_what_has_to_be_there_is_there():
    told = " ".join(threat for threat, _ in THREATS).lower()
    for word in (
        "cswsh",
        "stolen",
        "replayed",
        "race",
        "tickets without end",
        "names",
        "resume",
        "watch",
        "slow handshakes",
    ):
        assert word in told
    for word in ("poisoned frames", "lines of a log", "redis"):
        assert word in told


def test_the_counts_of_tries_are_those_of_the_code():
    attempt = Try("ada", "there")
    told = [(int(free), int(most.removesuffix(" s"))) for _, free, most in SECURITY.tables("Tries of passwords")[0]]
    assert told == [(count.free, count.most) for count in (attempt._pair, attempt._network, attempt._account)]


def test_the_admin_pages_as_far_as_is_told():
    assert f"pages go {tables._FAR} rows back" in SECURITY.text


def test_every_check_of_a_deployment_is_told():
    told = {name for row in Document("docs/operations.md").rows("Before it is let out") for name in codes(row[0])}
    sources = "".join(inspect.getsource(module) for module in (checks, project_checks))
    assert told == set(re.findall(r'id="(onesocket\.\w+)"', sources))
