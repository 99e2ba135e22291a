"""The client for browsers needs nothing of a browser to be loaded: Node imports it and talks to a server over HTTP."""

from __future__ import annotations

import asyncio
import json
import shutil
from typing import Any

import pytest

from tests.server import PASSWORD, ROOT

pytestmark = [pytest.mark.services, pytest.mark.skipif(not shutil.which("node"), reason="without Node")]

MODULE = ROOT / "messaging/static/messaging/chat-client.js"


async def run(script: str) -> Any:
    """Return what a module prints as JSON; nothing goes to stderr."""
    process = await asyncio.create_subprocess_exec(
        *("node", "--input-type=module", "-e", f"import * as library from '{MODULE.as_uri()}';\n{script}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, errors) == (0, b"")
    return json.loads(out)


async def test_node_imports_it_and_finds_nobody_signed_in():
    told = await run(
        "const client = new library.ChatClient({ base: 'http://127.0.0.1:1' });"
        "console.log(JSON.stringify([Object.keys(library), client.session, client.state]));"
    )
    assert told == [
        ["ApiError", "ChatClient", "cleanText", "lengthOf", "makeId"],
        None,
        {"state": "stopped", "reason": "idle"},
    ]


async def test_node_signs_in_with_a_token_in_the_body_and_keeps_writes_in_memory(server, sign_up):
    await sign_up(server, "ann")
    told = await run(
        f"const client = new library.ChatClient({{ base: '{server.url}' }});"
        f"await client.login('ann', '{PASSWORD}');"
        "const { refresh } = client.session;"
        "client.sendMessage(7, ' kept ');"
        "console.log(JSON.stringify([refresh.length > 100, (await client.api.me()).username, client.unanswered]));"
        "await client.logout();"
    )
    assert told[:2] == [True, "ann"]
    assert (told[2][0]["text"], told[2][0]["chat"]) == ("kept", 7)
