"""A worker in a process of its own writes and tells, and open sockets of the server hear of it."""

from __future__ import annotations

import asyncio
import sys

import pytest

from tests.server import PATIENCE, ROOT, Server

# A worker without a loop, and one whose tasks are async; the names are put in front.
SYNC = """
for n in range(2):
    assert host.send_message(ann, chat, "hi", id="task-1").seq == 1
    host.notify(bob, "app.order_shipped", {"n": n})
"""
ASYNC = """
import asyncio

async def work():
    for n in range(2):
        assert (await host.asend_message(ann, chat, "hi", id="task-1")).seq == 1
        await host.anotify(bob, "app.order_shipped", {"n": n})

asyncio.run(work())
"""
_SETUP = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'project.settings'; django.setup()"


async def run_worker(server: Server, task: str, **names: int) -> None:
    """Run a task in a process of its own, where every warning is an error; it ends well and prints nothing."""
    given = "; ".join(f"{name} = {value}" for name, value in names.items())
    code = f"{_SETUP}\nfrom messaging import host\n{given}\n{task}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error::ResourceWarning", "-c", code),
        cwd=ROOT,
        env=server._environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(3 * PATIENCE):
        printed, _ = await process.communicate()
    assert (process.returncode, printed.decode()) == (0, "")


@pytest.mark.services
@pytest.mark.parametrize("task", [SYNC, ASYNC], ids=["sync", "async"])
async def test_a_worker_writes_once_and_tells_the_user(server, sign_up, task):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("group", [bob.id], title="Order")).id
    talk = await bob.join()
    await run_worker(server, task, ann=ann.id, bob=bob.id, chat=chat)
    frames = [await talk.take() for _ in range(3)]
    assert [frame.get("n", frame.get("text")) for frame in frames] == ["hi", 0, 1]
    await talk.expect_nothing()
