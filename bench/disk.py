"""Whether the disk stood still: one that is shared with others does at times, and what is measured then is not the server."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# A run is spoilt by one write of a block that takes longer than this; on a disk that is well most take less than 1 ms.
STILL_MS = 50.0

_BLOCK = bytes(8192)
_PAUSE_SECONDS = 0.02


@dataclass
class Watch:
    """The longest time that a write took so far, in ms."""

    longest_ms: float = 0.0


@contextmanager
def watch_disk(folder: Path) -> Iterator[Watch]:
    """Write a block to the disk of `folder` over and over, and yield how long that takes."""
    watch, over = Watch(), threading.Event()
    file = os.open(folder / "disk", os.O_WRONLY | os.O_CREAT)

    def keep_writing() -> None:
        while True:
            begun = time.perf_counter()
            os.pwrite(file, _BLOCK, 0)
            os.fdatasync(file)
            watch.longest_ms = max(watch.longest_ms, 1000 * (time.perf_counter() - begun))
            if over.wait(_PAUSE_SECONDS):
                return

    writer = threading.Thread(target=keep_writing, name="disk")
    writer.start()
    try:
        yield watch
    finally:
        over.set()
        writer.join()
        os.close(file)
