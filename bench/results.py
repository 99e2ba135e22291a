"""Results as JSON files: figures with the commit, the versions, the machine and the command they come from."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from bench.machine import ROOT, commit, describe

FOLDER = ROOT / "bench/results"


def write(scenario: str, server: str, figures: dict[str, Any], *, quick: bool, folder: Path = FOLDER) -> Path:
    """Write one result, over an older one of the same scenario and server."""
    result = {
        "scenario": scenario,
        "server": server,
        "quick": quick,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": commit(),
        "command": "python -m bench " + shlex.join(sys.argv[1:]),
        "machine": describe(),
        "figures": figures,
    }
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{scenario}-{server}.json"
    file.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return file


def read(folder: Path = FOLDER) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the results by scenario and server."""
    found = (msgspec.json.decode(file.read_bytes()) for file in sorted(folder.glob("*.json")))
    return {(result["scenario"], result["server"]): result for result in found}
