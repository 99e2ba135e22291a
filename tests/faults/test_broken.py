"""The checker sees what is wrong with each server that breaks the contract, and nothing wrong with one that does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from client.checker import Report, check
from tests.faults.broken import RULES, VARIANTS
from tests.faults.cluster import Cluster
from tests.faults.directed import BOUNDS, WAITS, converse
from tests.faults.run import own_database

pytestmark = [pytest.mark.services, pytest.mark.timeout(180)]

SOUND = "sound"


async def _converse_with_all(folder: Path) -> dict[str, Report]:
    """Start a server of every kind, on the same stores, and have three people of its own talk over each."""
    names = [SOUND, *VARIANTS]
    async with own_database() as database:
        cluster = Cluster(folder, database, servers=0, **WAITS)
        try:
            for name in names:
                await cluster.add(name, **({"BROKEN": name} if name in VARIANTS else {}))
            await cluster.start()
            urls = [node.server.url for node in cluster.nodes]
            histories = await asyncio.gather(*(converse(url, name) for url, name in zip(urls, names, strict=True)))
        finally:
            await cluster.kill()
    return {name: check(history, BOUNDS) for name, history in zip(names, histories, strict=True)}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Return what the checker says of every kind of server."""
    return asyncio.run(_converse_with_all(tmp_path_factory.mktemp("broken")))


def test_a_sound_server_is_clean(reports):
    assert not reports[SOUND].violations, reports[SOUND].as_text()


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_broken_server_is_caught(reports, variant):
    assert RULES[variant] in {violation.rule for violation in reports[variant].violations}, reports[variant].as_text()
