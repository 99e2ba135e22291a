"""One, two and four server processes, each held to the same share of a core, so that the machine is not the limit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from bench import sustained
from bench.generator import Generator
from bench.quotas import QuotasUnavailable, held
from bench.servers import serve
from bench.trial import Bench, Trial, make_plan, say
from bench.world import World, by_process, make_chats

# Four of them fit on the server's core.
SHARE = 0.2


def run_processes(bench: Bench, server: str) -> dict[str, Any]:
    """`chats` with a chat's members on one process, and with members at random."""
    figures: dict[str, Any] = {"share_of_a_core": SHARE}
    random = make_chats()
    try:
        for count in (1, 4) if bench.quick else (1, 2, 4):
            figures[f"together_{count}"] = _measure(bench, server, by_process(random, count)[0], count)
            if count > 1:
                figures[f"random_{count}"] = _measure(bench, server, random, count)
    except QuotasUnavailable as error:
        return {"unavailable": str(error)}
    alone = figures["together_1"]["deliveries_per_second"]
    figures["ratios"] = {
        f"one process, {name.replace('_', ' ')}": round(figures[name]["deliveries_per_second"] / max(1.0, alone), 2)
        for name in figures
        if name.startswith(("together", "random")) and name != "together_1"
    }
    return figures


def _measure(bench: Bench, server: str, world: World, count: int) -> dict[str, Any]:
    with _trial(bench, server, world, count) as under:
        say(f"  {count} processes")
        found = sustained.measure({"ours": under}, first={"ours": 300 * count}, quick=bench.quick, seconds=2.5, most=14)
    return dict(found["ours"])


@contextmanager
def _trial(bench: Bench, server: str, world: World, count: int) -> Iterator[Trial]:
    place = bench.place("ours", world)
    with ExitStack() as stack:
        running = [stack.enter_context(serve("ours", server, place, bench.folder)) for _ in range(count)]
        plan = make_plan(bench, "ours", world, [each.port for each in running])
        generator = stack.enter_context(Generator(plan))
        under = Trial(bench, "ours", running, generator, world.users)
        under.connect()
        # From here on: starting and connecting would take a minute of such a share.
        stack.enter_context(held([each.pid for each in running], SHARE))
        yield under
