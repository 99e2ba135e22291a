"""Send and history over HTTP: so many connections that are kept open, each with one request under way."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench.servers import KEY
from bench.tokens import mint
from bench.trial import KINDS, Bench, say, trial
from bench.world import World, make_chats

_CONNECTIONS = 20
_TEXT = "z" * 100

Request = Callable[[int], bytes]


def run_rest(bench: Bench, server: str) -> dict[str, Any]:
    """`POST` a message, and `GET` the newest fifty, in the chats of `chats` with a hundred messages each."""
    chats = make_chats()
    world = World(chats.users, tuple(replace(room, stored=100) for room in chats.rooms))
    figures: dict[str, Any] = {}
    for kind in KINDS:
        with trial(bench, kind, server, world) as under:
            makers = {"send": _make_send(world), "history": _make_history(world)}
            for name, make in makers.items():
                asyncio.run(_measure(under.servers[0].port, make, seconds=1))
                seen = asyncio.run(_measure(under.servers[0].port, make, seconds=2 if bench.quick else 8))
                say(
                    f"  {kind:8} {name:7} {seen['per_second']:7.1f}/s, p99 {seen['p99_ms']:.1f} ms, {seen['failed']} failed"
                )
                figures.setdefault(name, {})[kind] = seen
    for each in figures.values():
        each["ratio"] = round(each["ours"]["per_second"] / max(1.0, each["baseline"]["per_second"]), 2)
    return figures


def _make_send(world: World) -> Request:
    numbers, head = itertools.count(), _heads(world)

    def make(which: int) -> bytes:
        body = json.dumps({"id": f"rest-{next(numbers)}-{time.monotonic_ns()}", "text": _TEXT})
        more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"POST {head(which)}{more}\r\n{body}".encode()

    return make


def _make_history(world: World) -> Request:
    head = _heads(world)
    return lambda which: f"GET {head(which)}\r\n".encode()


def _heads(world: World) -> Callable[[int], str]:
    tokens = [mint(user + 1, KEY) for user in range(world.users)]

    def head(which: int) -> str:
        room = which % len(world.rooms)
        token = tokens[world.rooms[room].members[0]]
        return f"/api/chats/{room + 1}/messages/ HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"

    return head


async def _measure(port: int, make: Request, *, seconds: float) -> dict[str, Any]:
    latencies: list[float] = []
    failed = [0]
    deadline = time.monotonic() + seconds
    await asyncio.gather(*(_ask(port, make, which, deadline, latencies, failed) for which in range(_CONNECTIONS)))
    latencies.sort()
    p99 = latencies[int(0.99 * len(latencies))] if latencies else 0.0
    return {"per_second": round(len(latencies) / seconds, 1), "p99_ms": round(1000 * p99, 1), "failed": failed[0]}


async def _ask(
    port: int, make: Request, which: int, deadline: float, latencies: list[float], failed: list[int]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in itertools.count(which, _CONNECTIONS):
        start = time.monotonic()
        if start > deadline:
            break
        writer.write(make(number))
        if await _read_status(reader) in (200, 201):
            latencies.append(time.monotonic() - start)
        else:
            failed[0] += 1
    writer.close()


async def _read_status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    if fields.get("transfer-encoding") == "chunked":
        while size := int(await reader.readline(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        await reader.readexactly(int(fields["content-length"]))
    return int(head.split()[1])
