"""Where a client keeps its state between two runs: the interface, and one JSON file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from client.changes import Change
from client.replica import Replica
from client.streams import Streams


class Store(Protocol):
    """The device's own database.

    `save` is called before a write leaves and before anyone hears of a change. A store that also keeps the messages
    writes the changes and `replica.export()` in one transaction: a cursor must never be ahead of the events kept.
    """

    def load(self) -> dict[str, Any] | None:
        """Return what was exported last, None if nothing was."""

    def save(self, replica: Replica, changes: Sequence[Change]) -> None:
        """Keep the state of `replica`, which `changes` have just led to."""


class JsonFile:
    """Device and outbox in one file; the cursors start anew, as no messages are kept that they could speak of."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = ""

    def load(self) -> dict[str, Any] | None:
        """Return what was exported last, None if nothing was."""
        if not self._path.exists():
            return None
        saved: dict[str, Any] = json.loads(self._path.read_text())
        return saved

    def save(self, replica: Replica, changes: Sequence[Change]) -> None:
        """Write the file anew where it differs, as a whole or not at all."""
        text = json.dumps(replica.export() | {"streams": Streams().export()})
        if text != self._written:
            fresh = self._path.with_suffix(".new")
            fresh.touch(mode=0o600)
            fresh.write_text(text)
            fresh.replace(self._path)
            self._written = text
