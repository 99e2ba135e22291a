"""What goes wrong: one fault after another and some at the same time, drawn from a seed and written into the history.

Faults are dealt like cards from a pack that is shuffled when it is empty, so that a short run has most of them too. A fault
takes hold of what it harms: no two of them have the same server, store or user in hand.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from client.checker.history import History
from tests.faults.cluster import Cluster, Node
from tests.faults.layer import LayerFaults
from tests.faults.population import Population
from tests.faults.resident import Resident

# Of a process that does not answer a balancer hears this much later.
_BALANCER_SECONDS = 2.0
_LOSSY = LayerFaults(drop=0.2, repeat=0.2, reorder=0.2, late=0.2)
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
        pace: Pace,
        draw: random.Random,
        tell: Callable[[str], None],
    ) -> None:
        self.cluster = cluster
        self.population = population
        self.history = history
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
            self._pack = list(FAULTS)
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


# Servers


async def server_killed(nemesis: Nemesis) -> None:
    """Kill -9, and a start some time later."""
    if (node := nemesis.some_node()) is not None:
        async with nemesis.span("server_killed", node.name, node.name):
            await node.kill()
            await asyncio.sleep(nemesis.length())
            await node.start()


async def server_drained(nemesis: Nemesis) -> None:
    """SIGTERM, after which it ends well and in time, and a start."""
    if (node := nemesis.some_node()) is not None:
        async with nemesis.span("server_drained", node.name, node.name):
            await node.stop()
            await node.start()


async def server_paused(nemesis: Nemesis) -> None:
    """SIGSTOP for a moment; the balancer goes on sending people there for a while."""
    await _pause(nemesis, nemesis.length())


async def server_paused_past_its_sweep(nemesis: Nemesis) -> None:
    """SIGSTOP until others have taken the process for dead."""
    await _pause(nemesis, nemesis.pace.sweep)


async def _pause(nemesis: Nemesis, seconds: float) -> None:
    if (node := nemesis.some_node()) is None:
        return
    async with nemesis.span("server_paused", node.name, node.name):
        node.server.pause()
        await asyncio.sleep(min(seconds, _BALANCER_SECONDS))
        node.up = False
        await asyncio.sleep(max(0.0, seconds - _BALANCER_SECONDS))
        node.server.resume()
        node.up = True


# Stores


async def redis_killed(nemesis: Nemesis) -> None:
    """Redis is gone with all it had, and another comes in its place."""
    async with nemesis.span("redis_killed", "redis", "redis") as free:
        if free:
            await nemesis.cluster.redis.kill()
            await asyncio.sleep(nemesis.length())
            await nemesis.cluster.redis.start()


async def redis_paused(nemesis: Nemesis) -> None:
    """Redis stands still."""
    async with nemesis.span("redis_paused", "redis", "redis") as free:
        if free:
            nemesis.cluster.redis.pause()
            await asyncio.sleep(nemesis.length())
            nemesis.cluster.redis.resume()


def _cut_off(store: str, how: str) -> Fault:
    """Return the fault in which one server, or all of them, do not reach a store."""

    async def fault(nemesis: Nemesis) -> None:
        target, nodes = nemesis.some_nodes(store)
        ways = [(store, node.name) for node in nodes]
        async with nemesis.span(f"{store}_{how}", target, *ways) as free:
            proxies = [getattr(node, store) for node in nodes] if free else []
            for proxy in proxies:
                getattr(proxy, _HOW[how])(*_ARGUMENTS.get(how, ()))
            await asyncio.sleep(nemesis.length() if free else 0.0)
            for proxy in proxies:
                proxy.heal()

    fault.__name__ = f"{store}_{how}"
    return fault


_HOW = {"cut": "cut", "severed": "sever", "stalled": "stall", "delayed": "delay"}
_ARGUMENTS = {"delayed": (0.1,)}


async def postgresql_restarted(nemesis: Nemesis) -> None:
    """PostgreSQL crashes and recovers."""
    async with nemesis.span("postgresql_restarted", "postgresql", "postgresql") as free:
        if free:
            await nemesis.cluster.database.restart_server()


async def epoch_renewed(nemesis: Nemesis) -> None:
    """The store's history is given another name."""
    async with nemesis.span("epoch_renewed", "store", "epoch") as free:
        if free:
            with suppress(AssertionError):  # the database may be away
                await nemesis.cluster.database.manage("new_epoch")


async def layer_lossy(nemesis: Nemesis) -> None:
    """Messages of the channel layer are dropped, repeated, reordered and late."""
    async with nemesis.span("layer_lossy", "layer", "layer") as free:
        if free:
            nemesis.cluster.layer.write(_LOSSY)
            await asyncio.sleep(2 * nemesis.length())
            nemesis.cluster.layer.write(LayerFaults())


# People


async def reader_stalled(nemesis: Nemesis) -> None:
    """Nothing that a server sends reaches somebody for a while."""
    if (resident := nemesis.some_resident()) is not None:
        async with nemesis.span("reader_stalled", resident.id, resident.id):
            resident.recorder.stalled()
            resident.door.stall()
            await asyncio.sleep(nemesis.length())
            resident.door.read_on()
            resident.recorder.reading()


async def sockets_cut(nemesis: Nemesis) -> None:
    """A third of the sockets are cut, some of them in the middle of a frame."""
    nemesis.moment("sockets_cut", "sockets")
    for resident in nemesis.population.residents:
        if nemesis.draw.random() < 1 / 3:
            nemesis.draw.choice((resident.door.sever, resident.door.cut_in_mid_frame))()


async def app_crashed(nemesis: Nemesis) -> None:
    """An app is gone, and comes back with what it had kept, or with nothing."""
    if (resident := nemesis.some_resident()) is not None:
        async with nemesis.span("app_crashed", resident.id, resident.id):
            await resident.crash(forgets=nemesis.draw.random() < 0.4)


async def device_changed(nemesis: Nemesis) -> None:
    """An app is gone, and its user comes back on another device."""
    if (resident := nemesis.some_resident()) is not None:
        async with nemesis.span("device_changed", resident.id, resident.id):
            await resident.change_device()


async def device_intruded(nemesis: Nemesis) -> None:
    """Another device takes a user's connection for a while."""
    if (resident := nemesis.some_resident()) is not None:
        async with nemesis.span("device_intruded", resident.id, resident.id):
            await resident.intrude(nemesis.length())


FAULTS: list[Fault] = [
    server_killed,
    server_drained,
    server_paused,
    server_paused_past_its_sweep,
    redis_killed,
    redis_paused,
    _cut_off("redis", "cut"),
    _cut_off("redis", "severed"),
    _cut_off("redis", "stalled"),
    _cut_off("redis", "delayed"),
    postgresql_restarted,
    _cut_off("postgresql", "cut"),
    _cut_off("postgresql", "severed"),
    _cut_off("postgresql", "stalled"),
    _cut_off("postgresql", "delayed"),
    epoch_renewed,
    layer_lossy,
    layer_lossy,
    reader_stalled,
    sockets_cut,
    app_crashed,
    device_changed,
    device_intruded,
]
