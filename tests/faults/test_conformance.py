"""The conformance kit finds nothing on a sound server, and what is broken on each that breaks C1 to C6."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from client.conformance import Verdict, judge
from client.conformance.__main__ import register
from tests.faults.broken import RULES, VARIANTS
from tests.faults.cluster import Cluster
from tests.faults.directed import WAITS
from tests.faults.run import own_database

pytestmark = [pytest.mark.services, pytest.mark.timeout(180)]

SOUND = "sound"
# C7 and C8 need faults and time.
JUDGED = [name for name, rule in RULES.items() if rule <= "C6"]


async def _judge(url: str) -> Verdict:
    return await judge(url, await register(url))


async def _judge_all(folder: Path) -> dict[str, Verdict]:
    """Start a server of every kind, on the same stores, and judge each."""
    names = [SOUND, *JUDGED]
    async with own_database() as database:
        cluster = Cluster(folder, database, servers=0, **WAITS)
        try:
            for name in names:
                await cluster.add(name, **({"BROKEN": name} if name in VARIANTS else {}))
            await cluster.start()
            verdicts = await asyncio.gather(*(_judge(node.server.url) for node in cluster.nodes))
        finally:
            await cluster.kill()
    return dict(zip(names, verdicts, strict=True))


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """Return the verdict on every kind of server."""
    return asyncio.run(_judge_all(tmp_path_factory.mktemp("conformance")))


def test_a_sound_server_conforms_in_under_a_minute(verdicts):
    assert verdicts[SOUND].conforms, verdicts[SOUND].as_text()
    assert verdicts[SOUND].seconds < 60


@pytest.mark.parametrize("variant", JUDGED)
def test_a_broken_server_does_not_conform(verdicts, variant):
    assert not verdicts[variant].conforms
    assert RULES[variant] in verdicts[variant].broken, verdicts[variant].as_text()
