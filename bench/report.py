"""Write docs/performance.md and its plots from the results that are there; what was not measured says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import plot, prosody
from bench.machine import ROOT
from bench.peers import PEERS
from bench.results import FOLDER, read
from bench.servers import SERVERS

Results = dict[tuple[str, str], dict[str, Any]]

_NOTHING = "not measured"
_HEAD = """\
# Performance

Written by `python -m bench report` from the results in `bench/results/`; each of them names its commit, versions, machine
and command. `make bench` measures everything anew, `make bench QUICK=1` takes a look within three minutes, and
`make bench-peers` measures Socket.IO and Prosody.

## How it is measured

* One process of the server on a core of its own; the load generator, PostgreSQL (which waits for the disk at each commit)
  and Redis share the other. The generator is a C program that checks the `seq` of every frame and says what share of the
  core it took.
* Messages are due on a schedule, whatever became of those before (open loop), and latency counts from the moment a message
  was due. A rate is **sustained** when every ack and every delivery arrives and the p99 of both is at most 250 ms; in `hall`
  at most a second. The search goes up by steps and then halves the interval; the rate at which it ends has failed
  twice, the second time when all that is below it was known, because the machine may be busy with something else for a while.
  A shared disk stands still at times, so a block is written to it every 20 ms meanwhile: a run that fails while such a write
  takes more than 50 ms is made again, at most twice, and latency at half of the highest rate is that of the middle one of
  three runs without one, if twelve runs have so many. A result lists all runs at half, with the longest write of each.
* The **baseline** is a plain consumer as tutorials build it, in `bench/baseline/`: a membership query, `objects.create`,
  `group_send` on the default layer of channels-redis, `send_json`. It runs on the same server program, PostgreSQL, Redis
  and load, with database connections that persist. It keeps no order and no promise; this project keeps
  its whole contract while it is measured. What one user may send in a second is raised, because a user of the benchmark
  stands for many; it is still counted.
* What is compared in `chats`, `pairs`, `hall`, `mixed`, `embedded`, `connect` and `peers` is measured **by turns**: all
  servers are up, and a run of each follows a run of the one before it, until its search has ended, because a machine that
  others share changes its speed from one minute to the next. A server that waits for its turn has nothing to do but its
  pings and its watch over the store.
* The **peers** carry the same load. Socket.IO speaks the frames of this project and verifies no token. Prosody, as Debian
  packs it, is spoken to in XMPP over WebSocket: an anonymous user for each of ours, a room for each chat, and an archive of
  all rooms in the same PostgreSQL, written before a message is passed on. XMPP has no ack; the sender's own copy, which the
  room sends back, counts as one.
"""


def write_report(*, results: Path = FOLDER, docs: Path = ROOT / "docs") -> Path:
    """Write the page and its plots; return the page."""
    found = read(results)
    plots = {name: drawing for name, draw in _PLOTS.items() if (drawing := draw(found)) is not None}
    (docs / "performance").mkdir(parents=True, exist_ok=True)
    for name, drawing in plots.items():
        (docs / f"performance/{name}.svg").write_text(drawing)
    page = docs / "performance.md"
    sections = [_HEAD, _write_targets(found), _write_plots(plots), _write_capacity(found), _write_all(found)]
    sections += [_write_profile(found), (ROOT / "bench/notes.md").read_text(), _write_origin(found)]
    page.write_text("\n".join(section.rstrip() + "\n" for section in sections if section))
    return page


def _pick(found: Results, scenario: str, server: str, *path: str) -> Any:
    value: Any = found.get((scenario, server), {}).get("figures")
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _times(value: Any) -> str:
    return _NOTHING if value is None else f"{value:,.0f} ×" if value >= 100 else f"{value:.3g} ×"


def _milliseconds(value: Any) -> str:
    return _NOTHING if value is None else f"{value:.0f} ms"


def _falls(found: Results, server: str) -> str:
    costs = [_pick(found, "sizes", server, f"members_{size}", "server_us_per_delivery") for size in (10, 100, 1000)]
    if None in costs:
        return _NOTHING
    return " → ".join(f"{cost:.3g}" for cost in costs) + " µs"


def _equal(found: Results, server: str) -> str:
    costs = [
        tuple(_pick(found, "stored", server, f"stored_{count}", f"{which}_us_per_send") for count in (10, 1_000_000))
        for which in ("server", "postgresql")
    ]
    if any(None in pair for pair in costs):
        return _NOTHING
    (few, many), (few_stored, many_stored) = costs
    return f"{few} → {many} µs of the server, {few_stored} → {many_stored} µs of PostgreSQL"


def _peer(kind: str) -> Callable[[Results, str], str]:
    return lambda found, server: _times(_pick(found, "peers", server, "ratios", kind))


def _ratio(scenario: str) -> Callable[[Results, str], str]:
    return lambda found, server: _times(_pick(found, scenario, server, "ratio"))


# What is asked: of which figure, how much on each server, and how it is found.
_TARGETS: tuple[tuple[str, tuple[str, str], Callable[[Results, str], str]], ...] = (
    ("`chats`, sustained sends, to the baseline", ("≥ 30 ×", "≥ 50 ×"), _ratio("chats")),
    ("`chats`, to Socket.IO with Redis that stores in PostgreSQL", ("≥ 1.8 ×", "≥ 3 ×"), _peer("socket.io, storing")),
    ("`chats`, to Socket.IO with Redis that stores nothing", ("—", "≥ 1 ×"), _peer("socket.io, storing nothing")),
    ("`chats`, to Prosody with its archive in PostgreSQL", ("—", "—"), _peer(prosody.KIND)),
    (
        "p99 from send to delivery at half of that rate",
        ("≤ 60 ms", "≤ 30 ms"),
        lambda found, server: _milliseconds(_pick(found, "chats", server, "ours", "half", "delivery_ms", "p99")),
    ),
    ("`hall`, deliveries, to the baseline", ("≥ 20 ×", "≥ 50 ×"), _ratio("hall")),
    ("`connect`, 50 chats each, to the baseline", ("≥ 3 ×", "≥ 3 ×"), _ratio("connect")),
    ("memory of an idle connection with 50 chats, to the baseline", ("≤ 1.2 ×", "≤ 1.2 ×"), _ratio("idle")),
    (
        "4 held processes to 1, a chat's members on one",
        ("≥ 3.4 ×", "≥ 3.4 ×"),
        lambda found, server: _times(_pick(found, "processes", server, "ratios", "one process, together 4")),
    ),
    ("cost of a delivery as a chat grows from 10 to 100 and 1,000", ("falls", "falls"), _falls),
    ("cost of a send with 10 and with 1,000,000 stored events in the chat", ("equal", "equal"), _equal),
    (
        "`embedded`: `chats` on SQLite and in memory, to the baseline on the same",
        ("≥ 5 ×", "≥ 5 ×"),
        _ratio("embedded"),
    ),
)


def _write_targets(found: Results) -> str:
    lines = ["## What is asked, and what is there", ""]
    lines += ["| figure | Daphne: asked | Daphne | uvicorn: asked | uvicorn |", "|---|---|---|---|---|"]
    for name, asked, find in _TARGETS:
        daphne, uvicorn = (find(found, server) for server in SERVERS)
        lines.append(f"| {name} | {asked[0]} | {daphne} | {asked[1]} | {uvicorn} |")
    return "\n".join(lines)


# What one process carries: of which scenario, the figure of ours, and its unit.
_CAPACITY: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("messages in chats of 10, each acked and delivered to 9", "chats", ("sends_per_second",), "/s"),
    ("p99 from send to delivery at half of that", "chats", ("half", "delivery_ms", "p99"), " ms"),
    ("deliveries in one chat of 1,000", "hall", ("deliveries_per_second",), "/s"),
    ("people who connect, with 50 chats each", "connect", ("connections_per_second",), "/s"),
    ("people who connect, with 500 chats each", "connect", ("chats_500", "connections_per_second"), "/s"),
    ("missed events replayed to those who come back", "resume", ("events_per_second",), "/s"),
    ("memory for each idle connection with 50 chats", "idle", ("kb_per_connection",), " kB"),
    ("messages sent over REST", "rest", ("send", "per_second"), "/s"),
    ("pages of history read over REST", "rest", ("history", "per_second"), "/s"),
)


def _write_capacity(found: Results) -> str:
    told = (
        "Of one process, on one core like that of the machine below; PostgreSQL, Redis and the load share a second one."
    )
    lines = ["## Capacity", "", told, "", "| one process carries | Daphne | uvicorn |", "|---|---|---|"]
    for name, scenario, path, unit in _CAPACITY:
        # A part of a scenario has a baseline of its own beside ours.
        places = (path[:1], path[1:]) if path[0] in {"chats_500", "send", "history"} else ((), path)
        values = [_pick(found, scenario, server, *places[0], "ours", *places[1]) for server in SERVERS]
        told_values = " | ".join(_NOTHING if value is None else f"{value:,.0f}{unit}" for value in values)
        lines.append(f"| {name} | {told_values} |")
    return "\n".join(lines)


def _write_all(found: Results) -> str:
    """Write what each server sustained, and the other figures of each scenario."""
    lines = [
        "## Sustained rates",
        "",
        "| scenario | server | who | sends/s | deliveries/s | µs of the server for a send |",
    ]
    lines[-1] += " p50 and p99 of delivery at half |"
    lines.append("|---|---|---|---|---|---|---|")
    for (scenario, server), result in found.items():
        for kind, seen in result["figures"].items():
            if isinstance(seen, dict) and "half" in seen:
                lines.append(_write_sustained(scenario, server, kind, seen))
    lines += [
        "",
        "## Connections and requests",
        "",
        "| scenario | server | baseline | ours | ratio |",
        "|---|---|---|---|---|",
    ]
    for scenario, unit, path in _OTHERS:
        for server in SERVERS:
            ratio = _pick(found, scenario, server, *path[0], "ratio")
            if ratio is not None:
                baseline, ours = (
                    _pick(found, scenario, server, *path[0], kind, path[1]) for kind in ("baseline", "ours")
                )
                lines.append(f"| {unit} | {server} | {baseline:,} | {ours:,} | {ratio:.3g} × |")
    return "\n".join(lines)


_OTHERS: tuple[tuple[str, str, tuple[tuple[str, ...], str]], ...] = (
    ("connect", "`connect`, connections/s with 50 chats each", ((), "connections_per_second")),
    ("connect", "`connect`, connections/s with 500 chats each", (("chats_500",), "connections_per_second")),
    ("resume", "`resume`, missed events/s", ((), "events_per_second")),
    ("idle", "`idle`, kB for a connection", ((), "kb_per_connection")),
    ("rest", "`rest`, messages/s", (("send",), "per_second")),
    ("rest", "`rest`, histories/s", (("history",), "per_second")),
)


def _write_sustained(scenario: str, server: str, kind: str, seen: dict[str, Any]) -> str:
    half = seen["half"]["delivery_ms"]
    least = "" if seen["found"] else "≥ "
    return (
        f"| `{scenario}` | {server} | {kind.replace('_', ' ')} | {least}{seen['sends_per_second']:,.4g}"
        f" | {seen['deliveries_per_second']:,.0f} | {_cost_at_limit(seen)} | {half['p50']:.0f} and {half['p99']:.0f} ms |"
    )


def _cost_at_limit(seen: dict[str, Any]) -> str:
    return f"{seen['server_us_per_send_at_half']:,.0f}"


def _write_origin(found: Results) -> str:
    lines = [
        "## Where the figures come from",
        "",
        "| scenario | server | commit | at | command |",
        "|---|---|---|---|---|",
    ]
    for (scenario, server), result in found.items():
        lines.append(f"| `{scenario}` | {server} | {result['commit']} | {result['at']} | `{result['command']}` |")
    machines = {", ".join(f"{name} {value}" for name, value in result["machine"].items()) for result in found.values()}
    return "\n".join([*lines, "", *(f"Measured on: {machine}." for machine in sorted(machines))])


def _write_profile(found: Results) -> str:
    """Write the shares by layer, and the functions that take most near the limit."""
    lines: list[str] = []
    for server in SERVERS:
        rates = _pick(found, "profile", server)
        if rates is None:
            continue
        names = [name.replace("rate_", "") for name in rates]
        lines += ["", f"On {server}:", "", f"| layer | {' | '.join(f'at {rate} sends/s' for rate in names)} |"]
        lines.append("|---" * (1 + len(rates)) + "|")
        for layer in dict.fromkeys(layer for seen in rates.values() for layer in seen["layers"]):
            shares = " | ".join(f"{seen['layers'].get(layer, 0):.0%}" for seen in rates.values())
            lines.append(f"| {layer} | {shares} |")
        lines.append(
            f"| **µs of the server for a send** | {' | '.join(str(s['server_us_per_send']) for s in rates.values())} |"
        )
        *_, last = rates.values()
        lines += ["", f"| function, at {names[-1]} sends/s | itself |", "|---|---|"]
        lines += [f"| `{name}` | {share:.1%} |" for name, share in list(last["functions"].items())[:15]]
    if not lines:
        return ""
    told = "Samples of the thread that holds the interpreter, in `chats`; the innermost frame that is known decides."
    return "\n".join(["## Where the time goes", "", told, *lines])


def _draw_latency(found: Results) -> str | None:
    lines = {
        f"{kind} on {server}": [
            (probe["rate"], max(probe["delivery_ms"]["p99"], 0.1))
            for probe in sorted(seen["probes"], key=lambda probe: probe["rate"])
        ]
        for (scenario, server), result in found.items()
        if scenario == "chats"
        for kind, seen in result["figures"].items()
        if isinstance(seen, dict) and seen.get("probes")
    }
    if not lines:
        return None
    return plot.draw_lines("Latency against rate in `chats`", "sends/s", "p99 of delivery, ms", lines, logarithmic=True)


def _draw_throughput(found: Results) -> str | None:
    bars: dict[str, float] = {}
    for scenario in ("chats", "peers"):
        for server in SERVERS:
            for kind, seen in (_pick(found, scenario, server) or {}).items():
                if isinstance(seen, dict) and "sends_per_second" in seen:
                    # The peers are the same programs beside both servers; each figure is to be read with those of its run.
                    place = f"beside {server}" if kind in PEERS else f"on {server}"
                    also = " beside the peers" if scenario == "peers" and kind not in PEERS else ""
                    bars[f"{kind} {place}{also}"] = seen["sends_per_second"]
    return plot.draw_bars("Sustained sends/s in `chats`, stored unless said", bars) if bars else None


def _draw_memory(found: Results) -> str | None:
    lines = {
        f"{kind} on {server}": [(0, seen["empty_kb"] / 1024), *((count, kb / 1024) for count, kb in seen["memory_kb"])]
        for server in SERVERS
        for kind, seen in (_pick(found, "idle", server) or {}).items()
        if isinstance(seen, dict)
    }
    return (
        plot.draw_lines("Memory by idle connections with 50 chats each", "connections", "MB", lines) if lines else None
    )


_PLOTS: dict[str, Callable[[Results], str | None]] = {
    "latency": _draw_latency,
    "throughput": _draw_throughput,
    "memory": _draw_memory,
}
_CAPTIONS = {
    "latency": "Latency against rate",
    "throughput": "Throughput by server",
    "memory": "Memory by connections",
}


def _write_plots(plots: dict[str, str]) -> str:
    return "\n\n".join(f"![{_CAPTIONS[name]}](performance/{name}.svg)" for name in plots)
