"""The servers under test: how each is started, on a core of its own, and what it costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench import prosody
from bench.fill import fill_baseline, fill_ours
from bench.machine import CACHE, ROOT, SERVER_CORE, cpu_seconds, memory_kb
from bench.ports import free_port
from bench.stores import Store
from bench.world import World

KEY = "bench-" * 8

# The command of each, to which a port is added.
COMMANDS = {
    ("ours", "daphne"): "python -m project.server -b 127.0.0.1 -p",
    ("ours", "uvicorn"): "python -m project.uvicorn_server -b 127.0.0.1 -p",
    ("baseline", "daphne"): (
        "daphne bench.baseline.asgi:application -v 0 --websocket_timeout -1 --websocket_connect_timeout 60"
        " -b 127.0.0.1 -p"
    ),
    ("baseline", "uvicorn"): (
        "uvicorn bench.baseline.asgi:application --ws websockets-sansio --loop uvloop --ws-per-message-deflate false"
        " --log-level warning --no-access-log --host 127.0.0.1 --port"
    ),
}
SERVERS = ("daphne", "uvicorn")
# Not on our servers; it has the tables of the baseline.
_SOCKET_IO = {"socket.io, storing": "1", "socket.io, storing nothing": "0"}

# A user of the benchmark stands for many, so what one user may do in a second or a minute is raised; it is still counted.
_LIMITS = {
    "COMMANDS_PER_SECOND": "100000",
    "COMMANDS_BURST": "100000",
    "THROTTLE_TICKET": "1000000/min",
    "THROTTLE_USER": "1000000/min",
    "CONNECTIONS": "20000",
    "OPENINGS_WAITING": "20000",
}


@dataclass
class Server:
    """A running server process."""

    kind: str
    server: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self.process.pid

    def cpu(self) -> float:
        """Return the processor seconds it has used."""
        return cpu_seconds(self.pid)

    def memory(self) -> int:
        """Return its resident memory in kB."""
        return memory_kb(self.pid)


@dataclass(frozen=True)
class Place:
    """What a server is started on: its store, and the URL of Redis where it stands beside it."""

    store: Store
    redis: str | None = None
    more: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return the variables of the server process."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {
            "DOTENV": os.devnull,
            "DATABASE_URL": self.store.url,
            "SECRET_KEY": KEY,
            "JWT_SIGNING_KEY": KEY,
            "LOG_LEVEL": "WARNING",
        }
        redis = {"REDIS_URL": self.redis} if self.redis else {}
        return kept | own | _LIMITS | redis | self.more


def migrate(kind: str, place: Place) -> None:
    """Make the tables; Prosody makes its own."""
    if kind == prosody.KIND:
        return
    settings = {"ours": "project.settings", "baseline": "bench.baseline.settings"}[kind]
    command = [sys.executable, "-m", "django", "migrate", "--verbosity=0", f"--settings={settings}"]
    # The baseline has no migrations, and what has none is made after what has.
    for more in ([], ["--run-syncdb"]):
        subprocess.run([*command, *more], cwd=ROOT, env=place.environment() | {"STATEMENT_TIMEOUT_MS": "0"}, check=True)


def fill(kind: str, store: Store, world: World) -> None:
    """Fill the tables; those of Prosody fill when people join."""
    if kind == prosody.KIND:
        return
    {"ours": fill_ours, "baseline": fill_baseline}[tables_of(kind)](store, world)


def make_command(kind: str, server: str, port: int, place: Place, folder: Path) -> list[str]:
    """Return the command that starts a server at a port; what it has to be told in a file is written into the folder."""
    if kind in _SOCKET_IO:
        return ["node", "bench/socketio/server.js", str(port)]
    if kind == prosody.KIND:
        config = prosody.write_config(folder / f"prosody-{port}", port, place.store.url)
        return ["prosody", "-F", "--config", str(config)]
    program, *arguments = COMMANDS[kind, server].split()
    return [str(Path(sys.executable).parent / program), *arguments, str(port)]


def tables_of(kind: str) -> str:
    """Return whose tables a server uses: `ours`, those of the baseline, or its own."""
    return "baseline" if kind in _SOCKET_IO else kind


def _peer_environment(kind: str) -> dict[str, str]:
    if kind not in _SOCKET_IO:
        return {}
    # Node looks for modules beside the file, and they are not installed there.
    return {"STORE": _SOCKET_IO[kind], "NODE_PATH": str(CACHE / "socketio/node_modules")}


@contextmanager
def serve(kind: str, server: str, place: Place, folder: Path, *, prefix: Sequence[str] = ()) -> Iterator[Server]:
    """Run a server on its core; yield it when it answers."""
    port = free_port()
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*prefix, "taskset", "-c", str(SERVER_CORE), *make_command(kind, server, port, place, folder)],
            cwd=ROOT,
            env=place.environment() | {"PORT": str(port)} | _peer_environment(kind),
            stdout=output,
            stderr=output,
        )
    running = Server(kind, server, port, process, log)
    try:
        _wait_until_ready(running)
        yield running
    finally:
        _stop(process)


def _wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + 30
    while not _is_ready(server):
        if server.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{server.kind} on {server.server} did not start:\n{server.log.read_text()}")
        time.sleep(0.1)


def _is_ready(server: Server) -> bool:
    path = prosody.PATH if server.kind == prosody.KIND else "/readyz"
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(3)
    process.kill()
    process.wait()
