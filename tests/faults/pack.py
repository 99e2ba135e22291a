"""Every fault that a nemesis deals: to servers, to stores and to people. Some lie in the pack twice."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tests.faults.layer import LayerFaults
from tests.faults.nemesis import Fault, Nemesis

# Of a process that does not answer a balancer hears this much later.
_BALANCER_SECONDS = 2.0
_LOSSY = LayerFaults(drop=0.2, repeat=0.2, reorder=0.2, late=0.2)


# Servers


async def server_killed(nemesis: Nemesis) -> None:
    """Kill -9, and a start some time later."""
    if (node := nemesis.some_node()) is not None:
        async with nemesis.span("server_killed", node.name, node.name):
            await node.kill()
            await asyncio.sleep(nemesis.length())
            await node.start()


async def server_drained(nemesis: Nemesis) -> None:
    """SIGTERM, after which it ends well and in time, and a start."""
    if (node := nemesis.some_node()) is not None:
        async with nemesis.span("server_drained", node.name, node.name):
            await node.stop()
            await node.start()


async def server_paused(nemesis: Nemesis) -> None:
    """SIGSTOP for a moment; the balancer goes on sending people there for a while."""
    await _pause(nemesis, nemesis.length())


async def server_paused_past_its_sweep(nemesis: Nemesis) -> None:
    """SIGSTOP until others have taken the process for dead."""
    await _pause(nemesis, nemesis.pace.sweep)


async def _pause(nemesis: Nemesis, seconds: float) -> None:
    if (node := nemesis.some_node()) is None:
        return
    async with nemesis.span("server_paused", node.name, node.name):
        node.server.pause()
        await asyncio.sleep(min(seconds, _BALANCER_SECONDS))
        node.up = False
        await asyncio.sleep(max(0.0, seconds - _BALANCER_SECONDS))
        node.server.resume()
        node.up = True


# Stores


async def redis_killed(nemesis: Nemesis) -> None:
    """Redis is gone with all it had, and another comes in its place."""
    async with nemesis.span("redis_killed", "redis", "redis") as free:
        if free:
            await nemesis.cluster.redis.kill()
            await asyncio.sleep(nemesis.length())
            await nemesis.cluster.redis.start()


async def redis_paused(nemesis: Nemesis) -> None:
    """Redis stands still."""
    async with nemesis.span("redis_paused", "redis", "redis") as free:
        if free:
            nemesis.cluster.redis.pause()
            await asyncio.sleep(nemesis.length())
            nemesis.cluster.redis.resume()


def _cut_off(store: str, how: str) -> Fault:
    """Return the fault in which one server, or all of them, do not reach a store."""

    async def fault(nemesis: Nemesis) -> None:
        target, nodes = nemesis.some_nodes(store)
        ways = [(store, node.name) for node in nodes]
        async with nemesis.span(f"{store}_{how}", target, *ways) as free:
            proxies = [getattr(node, store) for node in nodes] if free else []
            for proxy in proxies:
                getattr(proxy, _HOW[how])(*_ARGUMENTS.get(how, ()))
            await asyncio.sleep(nemesis.length() if free else 0.0)
            for proxy in proxies:
                proxy.heal()

    fault.__name__ = f"{store}_{how}"
    return fault


_HOW = {"cut": "cut", "severed": "sever", "stalled": "stall", "delayed": "delay"}
_ARGUMENTS = {"delayed": (0.1,)}


async def postgresql_restarted(nemesis: Nemesis) -> None:
    """PostgreSQL crashes and recovers."""
    async with nemesis.span("postgresql_restarted", "postgresql", "postgresql") as free:
        if free:
            await nemesis.cluster.database.restart_server()


async def epoch_renewed(nemesis: Nemesis) -> None:
    """The store's history is given another name."""
    async with nemesis.span("epoch_renewed", "store", "epoch") as free:
        if free:
            with suppress(AssertionError):  # the database may be away
                await nemesis.cluster.database.manage("new_epoch")


async def layer_lossy(nemesis: Nemesis) -> None:
    """Messages of the channel layer are dropped, repeated, reordered and late."""
    async with nemesis.span("layer_lossy", "layer", "layer") as free:
        if free:
            nemesis.cluster.layer.write(_LOSSY)
            await asyncio.sleep(2 * nemesis.length())
            nemesis.cluster.layer.write(LayerFaults())


# People


async def reader_stalled(nemesis: Nemesis) -> None:
    """Nothing that a server sends reaches somebody for a while."""
    if (resident := nemesis.some_resident()) is not None:
        async with nemesis.span("reader_stalled", resident.id, resident.id):
            resident.recorder.stalled()
            resident.door.stall()
            await asyncio.sleep(nemesis.length())
            resident.door.read_on()
            resident.recorder.reading()


async def sockets_cut(nemesis: Nemesis) -> None:
    """A third of the sockets are cut, some of them in the middle of a frame."""
    nemesis.moment("sockets_cut", "sockets")
    for resident in nemesis.population.residents:
        if nemesis.draw.random() < 1 / 3:
            nemesis.draw.choice((resident.door.sever, resident.door.cut_in_mid_frame))()


async def app_crashed(nemesis: Nemesis) -> None:
    """An app is gone, and comes back with what it had kept, or with nothing."""
    if (resident := nemesis.some_resident()) is not None:
        async with nemesis.span("app_crashed", resident.id, resident.id):
            await resident.crash(forgets=nemesis.draw.random() < 0.4)


async def device_changed(nemesis: Nemesis) -> None:
    """An app is gone, and its user comes back on another device."""
    if (resident := nemesis.some_resident()) is not None:
        async with nemesis.span("device_changed", resident.id, resident.id):
            await resident.change_device()


async def device_intruded(nemesis: Nemesis) -> None:
    """Another device takes a user's connection for a while."""
    if (resident := nemesis.some_resident()) is not None:
        async with nemesis.span("device_intruded", resident.id, resident.id):
            await resident.intrude(nemesis.length())


PACK: list[Fault] = [
    server_killed,
    server_drained,
    server_paused,
    server_paused_past_its_sweep,
    redis_killed,
    redis_paused,
    _cut_off("redis", "cut"),
    _cut_off("redis", "severed"),
    _cut_off("redis", "stalled"),
    _cut_off("redis", "delayed"),
    postgresql_restarted,
    _cut_off("postgresql", "cut"),
    _cut_off("postgresql", "severed"),
    _cut_off("postgresql", "stalled"),
    _cut_off("postgresql", "delayed"),
    epoch_renewed,
    layer_lossy,
    layer_lossy,
    reader_stalled,
    sockets_cut,
    app_crashed,
    device_changed,
    device_intruded,
]
