"""`python -m client.conformance` as a program, against a real server."""

from __future__ import annotations

import asyncio
import json
import sys

import pytest

from client.conformance.verdict import RULES
from messaging.protocol.codes import ErrorCode
from tests.server import PASSWORD, ROOT
from tests.servers import on_each_server

pytestmark = pytest.mark.services

# What nobody can provoke from outside, or not without waiting or without knowing the limits of the server.
UNPROVOKED = {
    ErrorCode.TOKEN_EXPIRED,
    ErrorCode.LIMIT_REACHED,
    ErrorCode.ATTACHMENT_TOO_LARGE,
    ErrorCode.ATTACHMENT_TYPE,
    ErrorCode.INTERNAL,
    ErrorCode.UNAVAILABLE,
}


async def run(*arguments: str) -> tuple[int, str, str]:
    """Run the program; return its exit status and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "client.conformance", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@on_each_server
async def test_a_server_where_everybody_may_register_conforms(server):
    status, out, err = await run(server.url, "--json")
    assert status == 0, out + err
    verdict = json.loads(out)
    assert verdict["conforms"]
    assert verdict["violations_by_rule"] == dict.fromkeys(RULES, 0)
    assert {each["code"] for each in verdict["errors"]} - {"—"} == set(ErrorCode) - UNPROVOKED
    assert all(verdict["figures"][name] for name in ("events_streamed", "duplicates", "resumes", "resets", "removals"))


async def test_a_server_is_judged_with_accounts_that_are_given(start_server, sign_up):
    server = await start_server(CONNECTION_POLICY="replace", HISTORY_FOR_NEWCOMERS="since_join")
    people = await sign_up(server, "ann", "bob", "cat")
    accounts = [part for person in people for part in ("--user", f"{person.name}:{PASSWORD}")]
    status, out, err = await run(server.url, *accounts)
    assert status == 0, out + err
    assert f"{server.url}: conforms to chat.v1" in out
    assert all(f"  holds   {rule} " in out for rule in RULES)


async def test_where_nobody_can_talk_there_is_no_verdict(start_server):
    server = await start_server(OPEN_REGISTRATION="0")
    assert (await run(server.url))[0] == 2
    status, out, err = await run("http://127.0.0.1:9")
    assert (status, out) == (2, "")
    assert "no verdict on http://127.0.0.1:9" in err
