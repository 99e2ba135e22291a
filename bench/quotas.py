"""Hold processes to a share of a core, by a cgroup quota with a short period."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PERIOD_US = 10_000
_VERSION_1 = Path("/sys/fs/cgroup/cpu")
_VERSION_2 = Path("/sys/fs/cgroup")


class QuotasUnavailable(Exception):
    """This machine lets us make no cgroup with a processor quota."""


@contextmanager
def held(pids: list[int], share: float) -> Iterator[None]:
    """Hold each of the processes to `share` of a core; raises QuotasUnavailable."""
    groups: list[Path] = []
    try:
        try:
            groups.extend(_make(pid, round(share * _PERIOD_US)) for pid in pids)
        except OSError as error:
            raise QuotasUnavailable(str(error)) from error
        yield
    finally:
        for pid, group in zip(pids, groups, strict=False):
            # A group goes when it is empty, and the processes end after it.
            (group.parent / "cgroup.procs").write_text(str(pid))
            group.rmdir()


def _make(pid: int, quota_us: int) -> Path:
    first = (_VERSION_1 / "cpu.cfs_quota_us").exists() or (_VERSION_1 / "cpu.shares").exists()
    parent = _VERSION_1 if first else _VERSION_2
    if not os.access(parent, os.W_OK):
        raise PermissionError(f"{parent} is not writable")
    group = parent / f"bench-{pid}"
    group.mkdir()
    if first:
        (group / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(quota_us))
    else:
        (group / "cpu.max").write_text(f"{quota_us} {_PERIOD_US}")
    (group / "cgroup.procs").write_text(str(pid))
    return group
