"""The same load on Socket.IO with its Redis adapter, with and without storing, and on Prosody: `make bench-peers`."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from bench import prosody, sustained
from bench.machine import CACHE, ROOT
from bench.trial import Bench, trials
from bench.world import make_chats

# What stores, and what does not: kinds of servers, with the first rate of the search.
PEERS = {"socket.io, storing": 1000, "socket.io, storing nothing": 2000, prosody.KIND: 200}


def install() -> Path:
    """Install Socket.IO with npm, below var/; return its folder."""
    folder = CACHE / "socketio"
    if shutil.which("npm") is None:
        subprocess.run([ROOT / "scripts/apt-install.sh", "nodejs", "npm"], check=True)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = (ROOT / "bench/socketio/package.json").read_text()
    installed = folder / "package.json"
    if not (folder / "node_modules").exists() or installed.read_text() != wanted:
        installed.write_text(wanted)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        subprocess.run(command, cwd=folder, env=os.environ | {"NODE_ENV": "production"}, check=True)
    return folder


def run_peers(bench: Bench, server: str) -> dict[str, Any]:
    """`chats` on Socket.IO, storing each message in PostgreSQL and storing nothing, on Prosody, and on this project."""
    install()
    figures: dict[str, Any] = {"versions": {"prosody": prosody.install()}}
    first = {**PEERS, "ours": 1000}
    with trials(bench, first, server, make_chats()) as under:
        for each in under.values():
            each.connect()
        figures |= sustained.measure(under, first=first, quick=bench.quick)
    ours = figures["ours"]["sends_per_second"]
    figures["ratios"] = {kind: round(ours / max(1.0, figures[kind]["sends_per_second"]), 2) for kind in PEERS}
    return figures
