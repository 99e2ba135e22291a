"""One server under one load: a filled store, the server on its core, the generator's plan; and the progress of it all."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator as Steps
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from bench import prosody, stores
from bench.generator import Generator, Opened, Probe, write_plan
from bench.machine import cpu_seconds_under
from bench.servers import KEY, Place, Server, fill, migrate, serve, tables_of
from bench.world import World

KINDS = ("baseline", "ours")

T = TypeVar("T")


def say(text: str) -> None:
    """Show progress."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


@dataclass
class Bench:
    """What all trials of a run share; `quick` is for a look, not for a figure."""

    folder: Path
    quick: bool = False
    templates: dict[str, stores.Postgresql] = field(default_factory=dict)
    # The database of Redis of each kind, so that those that take turns find nothing of each other.
    redis_databases: dict[str, int] = field(default_factory=dict)

    @cached_property
    def postmaster(self) -> int:
        """The id of PostgreSQL's first process, which waits for the disk from here on."""
        return stores.make_durable()

    def store_cpu(self) -> float:
        """Return the processor seconds that PostgreSQL has used."""
        return cpu_seconds_under(self.postmaster)

    def place(self, kind: str, world: World, *, embedded: bool = False, **more: str) -> Place:
        """Return a store filled with a world, of its own for each trial."""
        if embedded:
            folder = self.folder / f"{kind}-{time.monotonic_ns()}"
            folder.mkdir()
            place = Place(stores.Sqlite(folder), more=more)
            migrate(kind, place)
        else:
            place = Place(self._template(tables_of(kind)).copy(), redis=self._make_redis(kind), more=more)
        fill(kind, place.store, world)
        return place

    def _make_redis(self, kind: str) -> str:
        number = self.redis_databases.setdefault(kind, len(self.redis_databases))
        return stores.empty_redis(number)

    def _template(self, kind: str) -> stores.Postgresql:
        if kind not in self.templates:
            assert self.postmaster
            store = stores.Postgresql.create()
            migrate(kind, Place(store, redis=self._make_redis(kind)))
            self.templates[kind] = store
        return self.templates[kind]


@dataclass
class Trial:
    """The running processes of a server and the generator that is to load them."""

    bench: Bench
    kind: str
    servers: list[Server]
    generator: Generator
    users: int

    def cpu(self) -> float:
        """Return the processor seconds that the server has used."""
        return sum(server.cpu() for server in self.servers)

    def memory(self) -> int:
        """Return the resident memory of the server in kB."""
        return sum(server.memory() for server in self.servers)

    def connect(self, *, parallel: int = 50, seconds: float = 60) -> Opened:
        """Open all connections; raises where some could not be."""
        opened = self.generator.connect(parallel=parallel, seconds=seconds)
        if opened.opened != self.users:
            said = "".join(server.log.read_text()[-2000:] for server in self.servers)
            raise RuntimeError(f"Only {opened.opened} of {self.users} connections were opened: {opened}\n{said}")
        return opened

    def run(self, rate: float, seconds: float, *, drain: float = 6, **signals: float) -> tuple[Probe, float]:
        """Return what a run saw and the processor seconds that it cost the server."""
        before = self.cpu()
        probe = self.generator.run(rate, seconds, drain=drain, **signals)
        return probe, self.cpu() - before

    def settle(self, *, seconds: float = 15) -> None:
        """Wait until the server has nothing more to do, but no longer than `seconds`."""
        deadline = time.monotonic() + seconds
        busy = 1.0
        while busy > 0.05 and time.monotonic() < deadline:
            before = self.cpu()
            time.sleep(1)
            busy = self.cpu() - before

    def recover(self) -> None:
        """Begin anew after an overload, so that what it left does not count against the next run."""
        self.generator.close()
        self.settle()
        self.connect()


@contextmanager
def trial(
    bench: Bench, kind: str, server: str, world: World, *, embedded: bool = False, resume: bool = False
) -> Iterator[Trial]:
    """Run a server on a world of its own; with `resume` its users come back having seen nothing."""
    place = bench.place(kind, world, embedded=embedded)
    epoch = _find_epoch(kind, place.store) if resume else None
    with serve(kind, server, place, bench.folder) as running:
        plan = make_plan(bench, kind, world, [running.port], epoch=epoch)
        with Generator(plan) as generator:
            yield Trial(bench, kind, [running], generator, world.users)


@contextmanager
def trials(
    bench: Bench, kinds: Iterable[str], server: str, world: World, *, embedded: bool = False
) -> Iterator[dict[str, Trial]]:
    """Run a server of each kind, each on a world of its own, so that they can be measured by turns."""
    with ExitStack() as stack:
        yield {kind: stack.enter_context(trial(bench, kind, server, world, embedded=embedded)) for kind in kinds}


def take_turns(measured: Mapping[str, Steps[None, None, T]]) -> dict[str, T]:
    """Take a step of each in turn until all have ended; return what each returned.

    A machine that is shared with others changes its speed from one minute to the next. What is to be compared is measured
    within the same minutes, so that the ratio says little of the machine.
    """
    ended: dict[str, T] = {}
    while len(ended) < len(measured):
        for kind in [kind for kind in measured if kind not in ended]:
            try:
                next(measured[kind])
            except StopIteration as stop:
                ended[kind] = stop.value
    return ended


def _find_epoch(kind: str, store: stores.Store) -> str:
    return str(store.ask("SELECT epoch FROM messaging_store")[0]) if kind == "ours" else "-"


def make_plan(bench: Bench, kind: str, world: World, ports: Sequence[int], *, epoch: str | None = None) -> Path:
    """Write the plan for servers at these ports."""
    plan = bench.folder / f"{ports[0]}.plan"
    if kind.startswith("socket.io"):
        path = "/socket.io/?EIO=4&transport=websocket"
        write_plan(plan, world, dialect="socket.io", ports=ports, key=KEY, path=path, ticket=None)
    elif kind == prosody.KIND:
        write_plan(plan, world, dialect="xmpp", ports=ports, key=KEY, path=prosody.PATH, ticket=None)
    else:
        dialect = "chat.v1" if kind == "ours" else "plain"
        write_plan(plan, world, dialect=dialect, ports=ports, key=KEY, epoch=epoch)
    return plan
