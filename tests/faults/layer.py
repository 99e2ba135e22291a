"""A channel layer that loses, repeats, reorders and delays messages, as much as a file says at the moment.

All servers of a cluster read the same file; who writes it is the nemesis. Without faults it is the project's own layer.
"""

from __future__ import annotations

import asyncio
import functools
import os
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from messaging.layers import RedisPubSubLayer, Sink

Message = dict[str, Any]
Publications = Sequence[tuple[str, Message]]

# How often the file is looked at.
_LOOK_SECONDS = 0.1


class LayerFaults(msgspec.Struct, frozen=True):
    """Probabilities, of each message at the sender and once more at each receiver; `late` ones wait up to `late_seconds`."""

    drop: float = 0.0
    repeat: float = 0.0
    reorder: float = 0.0
    late: float = 0.0
    late_seconds: float = 2.0

    @property
    def any(self) -> bool:
        """Whether anything at all goes wrong."""
        return bool(self.drop or self.repeat or self.reorder or self.late)


class FaultsFile:
    """The file that says what the layer does; written by one process, read by the servers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looked_at = 0.0
        self._faults = LayerFaults()

    def write(self, faults: LayerFaults) -> None:
        """Have every server do so from now on, within a tenth of a second."""
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(faults))
        fresh.replace(self._path)

    def read(self) -> LayerFaults:
        """Return what the layer is to do now."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            self._faults = msgspec.json.decode(self._path.read_bytes(), type=LayerFaults)
        return self._faults


class FaultyLayer(RedisPubSubLayer):
    """The Redis layer, with faults between it and those who use it."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        self._file = FaultsFile(Path(os.environ["LAYER_FAULTS"]))
        self._random = random.Random(os.environ.get("LAYER_SEED"))
        self._late: set[asyncio.Task[None]] = set()

    def attach(self, channel: str, sink: Sink) -> None:
        """Deliver to `sink` what gets through."""
        super().attach(channel, functools.partial(self._receive, sink))

    async def send_groups(self, publications: Publications) -> None:
        """Publish what is not lost, as often and in the order that it happens to come in."""
        faults = self._file.read()
        if not faults.any:
            await super().send_groups(publications)
            return
        now: list[tuple[str, Message]] = []
        for publication in publications:
            if self._happens(faults.late):
                self._send_late(publication, faults.late_seconds)
            else:
                now += [publication] * self._times(faults)
        if self._happens(faults.reorder):
            self._random.shuffle(now)
        await super().send_groups(now)

    def _send_late(self, publication: tuple[str, Message], most: float) -> None:
        async def send() -> None:
            await asyncio.sleep(self._random.uniform(0.0, most))
            with suppress(Exception):  # Redis may be away by then
                await super(FaultyLayer, self).send_groups([publication])

        task = asyncio.get_running_loop().create_task(send())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def _receive(self, sink: Sink, message: Message) -> None:
        faults = self._file.read()
        for _ in range(self._times(faults)):
            if self._happens(faults.late) or self._happens(faults.reorder):
                asyncio.get_running_loop().call_later(self._random.uniform(0.0, faults.late_seconds), sink, message)
            else:
                sink(message)

    def _times(self, faults: LayerFaults) -> int:
        if self._happens(faults.drop):
            return 0
        return 2 if self._happens(faults.repeat) else 1

    def _happens(self, probability: float) -> bool:
        return probability > 0.0 and self._random.random() < probability
