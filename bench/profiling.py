"""Where the time of the server goes, by function and by layer: samples of the thread that holds the interpreter."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.machine import CACHE
from bench.trial import Bench, say, trial
from bench.world import make_chats

_RATES = (1000, 3000)
_FUNCTIONS = 25

# The innermost frame of a sample that belongs to one of these says whose time it is; the first that matches.
LAYERS = (
    ("log: append and read", r"messaging/(log|services|writer|batcher)"),
    ("fan-out and layer", r"messaging/(fanout|layers|protocol/batch)|channels_redis|redis/|hiredis"),
    ("streams and outlet", r"consumers/(stream|outlet|subscriptions)"),
    ("frame in: decode, handlers, limits", r"consumers/|messaging/protocol"),
    ("server program", r"project/(server|frame|uvicorn|ending)|daphne/|twisted/|autobahn/|uvicorn/|websockets/"),
    ("messaging, the rest", r"messaging/|routing/|project/"),
    ("Django and psycopg", r"django/|psycopg"),
    ("Channels", r"channels/|asgiref/"),
    ("event loop", r"asyncio/|selectors|uvloop"),
    ("threads and the rest", r""),
)


def run_profile(bench: Bench, server: str) -> dict[str, Any]:
    """`chats` at a modest rate and near the limit; shares of the samples."""
    program = _install()
    figures: dict[str, Any] = {}
    with trial(bench, "ours", server, make_chats()) as under:
        under.connect()
        under.run(_RATES[0], 2)
        for rate in _RATES:
            stacks = bench.folder / f"{rate}.stacks"
            command = [str(program), "record", "--gil", "--format", "raw", "--rate", "200", "--duration", "6"]
            sampler = subprocess.Popen(
                [*command, "--output", str(stacks), "--pid", str(under.servers[0].pid)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            probe, cpu = under.run(rate, 7)
            sampler.wait(20)
            layers, functions = summarize(stacks.read_text().splitlines())
            say(f"  {rate}/s: {', '.join(f'{name} {share:.0%}' for name, share in layers.items())}")
            figures[f"rate_{rate}"] = {
                "server_us_per_send": round(1e6 * cpu / max(1, probe.sent)),
                "layers": layers,
                "functions": functions,
            }
    return figures


def summarize(stacks: Iterable[str]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the shares of layers and of functions in lines of `frame;frame;… count`, the innermost frame last."""
    layers: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        functions[re.sub(r":\d+\)$", ")", frames[-1])] += int(count)
        layers[_find_layer(frames)] += int(count)
    total = sum(layers.values()) or 1
    shares = {name: round(layers[name] / total, 3) for name, _ in LAYERS if layers[name]}
    return shares, {name: round(count / total, 3) for name, count in functions.most_common(_FUNCTIONS)}


def _find_layer(frames: list[str]) -> str:
    for frame in reversed(frames):
        for name, pattern in LAYERS[:-1]:
            if re.search(pattern, frame):
                return name
    return LAYERS[-1][0]


def _install() -> Path:
    folder = CACHE / "py-spy"
    if not (folder / "bin/py-spy").exists():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, "py-spy"], check=True)
    return folder / "bin/py-spy"
