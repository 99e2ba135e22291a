"""What the servers counted, of things that no client sees: each process leaves its counters in a file, even if killed."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import REGISTRY

_WRITE_SECONDS = 0.5
_COUNTED = frozenset(
    {
        "chat_holes_total",
        "chat_tail_catches_total",
        "chat_publish_failures_total",
        "chat_transactions_retried_total",
        "chat_nodes_swept_total",
    }
)


def keep_counters(folder: Path) -> None:
    """Write this process's counters into `folder` from now on, from a thread of its own."""
    file = folder / f"counters-{os.getpid()}.json"

    def write_forever() -> None:
        while True:
            fresh = file.with_suffix(".new")
            fresh.write_text(json.dumps(dict(_read())))
            fresh.replace(file)
            time.sleep(_WRITE_SECONDS)

    threading.Thread(target=write_forever, daemon=True).start()


def sum_counters(folder: Path) -> dict[str, int]:
    """Return the sums over all processes that wrote into `folder`."""
    sums: Counter[str] = Counter()
    for file in folder.glob("counters-*.json"):
        sums.update(json.loads(file.read_text()))
    return dict(sorted(sums.items()))


def _read() -> Iterator[tuple[str, int]]:
    for metric in REGISTRY.collect():
        for sample in metric.samples:
            if sample.name in _COUNTED:
                name = "_".join([sample.name.removeprefix("chat_").removesuffix("_total"), *sample.labels.values()])
                yield f"server_{name}", int(sample.value)
