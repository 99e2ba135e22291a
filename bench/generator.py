"""The load generator, a C program (bench/load/): built here, told what to do line by line, answering in JSON."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import msgspec

from bench.machine import CACHE, ROOT
from bench.tokens import mint
from bench.world import World

_SOURCES = ROOT / "bench/load"
TEXT_BYTES = 100


class Quantiles(msgspec.Struct, frozen=True):
    """Latencies in milliseconds."""

    p50: float
    p90: float
    p99: float
    largest: float


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What one open-loop run saw; latencies count from the moment a message was due."""

    rate: Annotated[float, "messages a second that were due"]
    seconds: Annotated[float, "until everything had come, or the wait for it was over"]
    sent: int
    acks: int
    expected: Annotated[int, "deliveries to members other than the sender"]
    deliveries: int
    errors: int
    violations: Annotated[int, "events that were not the next of their chat"]
    signals: int
    closed: Annotated[int, "connections that the server ended"]
    overload: Annotated[bool, "sending ended early, with too much outstanding"]
    complete: bool
    ack_ms: Quantiles
    delivery_ms: Quantiles
    lag_ms: Annotated[Quantiles, "from the moment a message was due until it left"]
    cpu_share: Annotated[float, "of a core, taken by the generator"]
    ceiling: Annotated[float, "frames a second the generator would take with a whole core"]


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What opening all connections took: ticket, handshake, hello, until `caught_up`."""

    opened: int
    failed: int
    unfinished: int
    seconds: float
    replayed: int
    violations: int
    opened_ms: Quantiles
    cpu_share: float
    ceiling: float


def build() -> Path:
    """Compile the generator unless that was done; return the program."""
    program = CACHE / "load"
    sources = sorted(_SOURCES.glob("*.c"))
    newest = max(file.stat().st_mtime for file in _SOURCES.iterdir())
    if program.exists() and program.stat().st_mtime > newest:
        return program
    if shutil.which("gcc") is None:
        subprocess.run([ROOT / "scripts/apt-install.sh", "gcc", "libc6-dev"], check=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        made = Path(folder) / "load"
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", made, *sources], check=True)
        made.replace(program)
    return program


def write_plan(
    file: Path,
    world: World,
    *,
    dialect: str = "chat.v1",
    ports: Sequence[int],
    key: str,
    path: str = "/ws/?device=bench",
    ticket: str | None = "/api/ws-ticket/?device=bench",
    epoch: str | None = None,
) -> None:
    """Write what the generator is to know; user n connects to the n-th of `ports`, which begin anew."""
    lines = [f"dialect {dialect}", f"path {path}", f"text {TEXT_BYTES}"]
    lines += [f"ticket {ticket}"] if ticket else []
    lines += [f"epoch {epoch}"] if epoch else []
    lines += [f"user {ports[user % len(ports)]} {mint(user + 1, key)}" for user in range(world.users)]
    lines += [
        f"chat {at} {room.weight:.6f} {' '.join(map(str, room.members))}" for at, room in enumerate(world.rooms, 1)
    ]
    file.write_text("\n".join(lines) + "\n")


class Generator:
    """A running generator; one command at a time."""

    def __init__(self, plan: Path) -> None:
        self._process = subprocess.Popen(
            [build(), plan], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def connect(self, *, parallel: int = 50, seconds: float = 60) -> Opened:
        """Open every connection that is not open, for at most `seconds`."""
        return msgspec.json.decode(self._ask(f"connect {parallel} {seconds}"), type=Opened)

    def run(self, rate: float, seconds: float, *, drain: float = 5, typing: float = 0, reading: float = 0) -> Probe:
        """Send `rate` messages a second, and `typing` and `reading` signals for each."""
        return msgspec.json.decode(self._ask(f"run {rate:.3f} {seconds} {drain} {typing} {reading}"), type=Probe)

    def close(self) -> None:
        """Drop every connection."""
        self._ask("close")

    def _ask(self, command: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + os.linesep)
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"The load generator ended with {self._process.wait()} at `{command}`.")
        return answer
