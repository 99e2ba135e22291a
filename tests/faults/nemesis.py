"""What goes wrong: one fault after another and some at the same time, drawn from a seed and written into the history.

Faults are dealt like cards from a pack that is shuffled when it is empty, so that a short run has most of them too. A fault
takes hold of what it harms: no two of them have the same server, store or user in hand.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from client.checker.history import History
from tests.faults.cluster import Cluster, Node
from tests.faults.population import Population
from tests.faults.resident import Resident

_AT_ONCE = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast faults follow each other, and how long a process is paused to be swept; in seconds."""

    pause: float = 3.0
    sweep: float = 19.0
    longest: float = 8.0


Fault = Callable[["Nemesis"], Awaitable[None]]


class Nemesis:
    """Breaks a cluster and its people, and mends them again."""

    def __init__(
        self,
        cluster: Cluster,
        population: Population,
        history: History,
        *,
        faults: Sequence[Fault],
        pace: Pace,
        draw: random.Random,
        tell: Callable[[str], None],
    ) -> None:
        self.cluster = cluster
        self.population = population
        self.history = history
        self._faults = faults
        self.pace = pace
        self.draw = draw
        self.tell = tell
        self.held: set[object] = set()
        self._pack: list[Fault] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._errors: list[BaseException] = []

    async def rage(self) -> None:
        """Begin one fault after another, until cancelled."""
        while True:
            await asyncio.sleep(self.draw.expovariate(1 / self.pace.pause))
            self.raise_errors()
            if len(self._tasks) < _AT_ONCE:
                task = asyncio.create_task(self._commit(self._deal()))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def roll(self) -> None:
        """Replace every server, one after the other, as a deployment does."""
        for node in self.cluster.nodes:
            async with self.span("server_drained", node.name, node.name):
                seconds = await node.stop()
                self.tell(f"{node.name} has ended well after {seconds:.1f} s")
                await node.start()
            self.tell(f"{node.name} runs again")
            await asyncio.sleep(self.pace.pause)

    async def heal(self) -> None:
        """Return when the faults under way are over and everything runs."""
        if self._tasks:
            await asyncio.wait(self._tasks)
        self.raise_errors()

    def raise_errors(self) -> None:
        """Raise what went wrong that was not meant to, such as a server that did not stop in time."""
        if self._errors:
            raise self._errors[0]

    def _deal(self) -> Fault:
        if not self._pack:
            self._pack = list(self._faults)
            self.draw.shuffle(self._pack)
        return self._pack.pop()

    async def _commit(self, fault: Fault) -> None:
        try:
            await fault(self)
        except Exception as error:
            self._errors.append(error)

    # For the faults

    def length(self) -> float:
        """Draw how long a fault lasts: mostly short."""
        return 0.5 + self.draw.random() ** 2 * (self.pace.longest - 0.5)

    def some_node(self) -> Node | None:
        """Draw a server that nothing has in hand, unless it is the last one that runs."""
        free = [node for node in self.cluster.nodes if node.name not in self.held]
        return self.draw.choice(free) if len(free) > 1 else None

    def some_nodes(self, store: str) -> tuple[str, list[Node]]:
        """Draw one server, with its name, or as often all of them, which is an outage of the store itself."""
        if self.draw.random() < 0.5:
            return store, self.cluster.nodes
        node = self.draw.choice(self.cluster.nodes)
        return node.name, [node]

    def some_resident(self) -> Resident | None:
        """Draw a user that nothing has in hand."""
        free = [each for each in self.population.residents if each.id not in self.held]
        return self.draw.choice(free) if free else None

    @asynccontextmanager
    async def span(self, name: str, target: str | int, *held: object) -> AsyncIterator[bool]:
        """Write down a fault that lasts, and hold what it harms; False where something has that in hand already."""
        if self.held & set(held):
            yield False
            return
        self.held.update(held)
        self.history.add("fault_begins", frame={"name": name, "target": target})
        try:
            yield True
        finally:
            self.held.difference_update(held)
            self.history.add("fault_ends", frame={"name": name, "target": target})

    def moment(self, name: str, target: str | int) -> None:
        """Write down a fault that is over at once."""
        self.history.add("fault", frame={"name": name, "target": target})
