"""One run: a cluster and its people live, a nemesis rages, all is healed, and the history is held against the contract."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from client import ClientError, RestError
from client.checker import Bounds, History, Report, check
from tests.faults.cluster import Cluster
from tests.faults.counters import sum_counters
from tests.faults.nemesis import Nemesis, Pace
from tests.faults.pack import PACK
from tests.faults.population import Population
from tests.faults.stores import Database

# For how long everybody may take to be live again, once everything works.
_QUIET_SECONDS = 60.0
_PROBE_SECONDS = 0.5
_PROGRESS_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of; the same seed deals the same faults."""

    seconds: float
    seed: int
    users: int = 30
    servers: int = 3
    # Messages a second of each user.
    rate: float = 2.0
    pace: Pace = field(default_factory=Pace)
    bounds: Bounds = field(default_factory=Bounds)
    # What every server is started with.
    environment: dict[str, str] = field(default_factory=dict)
    # Whether all that happens is that the servers are replaced, one after the other.
    rolls: bool = False
    # Whether the PostgreSQL serves nobody else and may crash.
    alone: bool = False


# What `make test` has time for: a third or a half of the waits of a server and of the bounds that follow from them, and
# then thrice the time, for a busy machine.
SHORT = Plan(
    seconds=15.0,
    seed=20,
    users=24,
    pace=Pace(pause=0.6, sweep=5.5, longest=3.0),
    bounds=Bounds(event_seconds=2.5, free_seconds=7.0, factor=3.0),
    environment={
        "BEAT_SECONDS": "1",
        "SWEEP_SECONDS": "0.5",
        "NODE_SILENCE_SECONDS": "4",
        "TAIL_SECONDS": "1",
        "CANARY_SECONDS": "1",
    },
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: what the clients saw, and what the checker says of it."""

    history: History
    report: Report


@asynccontextmanager
async def own_database(*, alone: bool = False) -> AsyncIterator[Database]:
    """Yield a database that nobody else uses, on the PostgreSQL of DATABASE_URL."""
    database = Database(os.environ["DATABASE_URL"], f"faults_{secrets.token_hex(6)}", alone=alone)
    await database.create()
    try:
        yield database
    finally:
        await database.drop()


async def run(plan: Plan, folder: Path, *, tell: Callable[[str], None] = lambda _line: None) -> Outcome:
    """Run a plan with its files in `folder`; raises where a server does not end well or somebody is never live again."""
    history = History()
    async with own_database(alone=plan.alone) as database:
        cluster = Cluster(folder, database, servers=plan.servers, **plan.environment)
        try:
            await cluster.start()
            tell("the servers run")
            await _live(plan, cluster, history, tell)
        finally:
            history.save(folder / "history.jsonl")
            await cluster.stop()
    report = await asyncio.to_thread(check, history, plan.bounds)
    report.figures.update(sum_counters(folder))
    return Outcome(history, report)


async def _live(plan: Plan, cluster: Cluster, history: History, tell: Callable[[str], None]) -> None:
    draw = random.Random(plan.seed)
    population = Population(cluster.nodes, history, users=plan.users, rate=plan.rate, draw=random.Random(draw.random()))
    nemesis = Nemesis(
        cluster, population, history, faults=PACK, pace=plan.pace, draw=random.Random(draw.random()), tell=tell
    )
    try:
        await population.settle()
        tell(f"{plan.users} users with {len(population.chats)} chats have moved in")
        population.live()
        probing = asyncio.create_task(_probe(population, history, draw))
        try:
            await (nemesis.roll() if plan.rolls else _rage(nemesis, plan.seconds, history, tell))
        finally:
            probing.cancel()
        await _come_to_rest(plan, population)
        tell("all is healed and quiet")
        await population.read_logs()
    finally:
        await population.leave()


async def _rage(nemesis: Nemesis, seconds: float, history: History, tell: Callable[[str], None]) -> None:
    raging = asyncio.create_task(nemesis.rage())
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0 and not raging.done():
        await asyncio.wait([raging], timeout=min(left, _PROGRESS_SECONDS))
        tell(f"{max(0.0, ends - time.monotonic()):.0f} s to go, {_count(history)}")
    raging.cancel()
    with suppress(asyncio.CancelledError):
        await raging
    await nemesis.heal()


def _count(history: History) -> str:
    received = sum(entry.kind == "received" for entry in history.entries)
    faults = sum(entry.kind in ("fault", "fault_begins") for entry in history.entries)
    return f"{received} frames received, {faults} faults"


async def _come_to_rest(plan: Plan, population: Population) -> None:
    await population.rest()
    try:
        async with asyncio.timeout(_QUIET_SECONDS):
            await population.quiet()
    except TimeoutError:
        raise AssertionError(f"not live {_QUIET_SECONDS:.0f} s after all was healed: {population.restless()}") from None
    # What the last of them is still to hear has so long, and then there is no excuse.
    await asyncio.sleep(plan.bounds.event_seconds * plan.bounds.factor + 1.0)


async def _probe(population: Population, history: History, draw: random.Random) -> None:
    """Ask again and again whether somebody counts as connected, as another device would learn it."""
    while True:
        await asyncio.sleep(_PROBE_SECONDS)
        resident, began = draw.choice(population.residents), time.monotonic()
        connected = False
        try:
            await resident.client.rest.ticket("probe")
        except RestError as error:
            if error.code != "already_connected":
                continue
            connected = True
        except ClientError:
            continue
        frame = {"connected": connected, "user_probed": resident.id, "began": began}
        history.add("probe", user=resident.id, frame=frame)
