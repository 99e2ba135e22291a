"""The machine: which core is whose, what runs on it, and what a process costs."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
# What is built and installed for the benchmark alone.
CACHE = ROOT / "var" / "bench"

# The server has a core to itself; the generator, the stores and this process share the other.
SERVER_CORE = 0
OTHER_CORE = 1

_PACKAGES = ("django", "channels", "channels-redis", "daphne", "uvicorn", "uvloop", "psycopg", "redis", "msgspec")
_TICKS = os.sysconf("SC_CLK_TCK")


def take_other_core() -> None:
    """Leave the server's core to the server, in this process and all that it starts."""
    if (os.cpu_count() or 1) < 2:
        raise SystemExit("bench: two cores are needed, one for the server and one for everything else.")
    os.sched_setaffinity(0, {OTHER_CORE})


def describe() -> dict[str, str]:
    """Return the machine and the versions, as results tell them."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return {
        "cpu": f"{os.cpu_count()} x {cpu[1] if cpu else platform.machine()}",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "postgresql": _ask(["psql", "--version"]),
        "redis-server": _ask(["redis-server", "--version"]),
    }


def commit() -> str:
    """Return the commit that is checked out; `+` where files differ from it, other than those a run writes."""
    name = _ask(["git", "-C", str(ROOT), "rev-parse", "--short=10", "HEAD"])
    written = (":!bench/results", ":!docs/performance*")
    changed = _ask(["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no", "--", ".", *written])
    return f"{name}+" if changed else name


def cpu_seconds(pid: int, *, children: bool = False) -> float:
    """Return the processor time of a process so far; with `children`, of those that ended under it too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(field) for field in fields[11 : 15 if children else 13]) / _TICKS


def cpu_seconds_under(pid: int) -> float:
    """Return the processor time of a process and of its children, those that have ended included."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    total = cpu_seconds(pid, children=True)
    for child in listed:
        try:
            total += cpu_seconds(int(child))
        except (FileNotFoundError, ProcessLookupError):  # it has ended since
            continue
    return total


def memory_kb(pid: int) -> int:
    """Return the resident memory of a process in kB."""
    found = re.search(r"VmRSS:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


def _ask(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
