"""Several servers on one PostgreSQL and one Redis, each with a proxy of its own to either of them."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

from tests.faults.layer import FaultsFile, LayerFaults
from tests.faults.stores import Database, Redis
from tests.proxy import Proxy
from tests.server import Server

# A process that is told to stop is gone after its drain and a little.
DRAIN_SECONDS = 10.0
_LATE_SECONDS = 9.7


class Node:
    """One server of the cluster, and the ways from it to the stores."""

    def __init__(self, name: str, server: Server, postgresql: Proxy, redis: Proxy) -> None:
        self.name = name
        self.server = server
        self.postgresql = postgresql
        self.redis = redis
        # Whether there is a process, and whether a balancer would send anybody to it.
        self.running = False
        self.up = False

    async def start(self) -> None:
        """Start the server; a balancer hears of it when it answers."""
        self.running = True
        await self.server.start()
        self.up = True

    async def kill(self) -> None:
        """End the server as a crash does."""
        self.up = self.running = False
        await self.server.kill()

    async def stop(self) -> float:
        """Stop the server as a process manager does, and return how many seconds it took; it ends well, and in time."""
        self.up = False
        began = time.monotonic()
        # One that hangs says in its log where.
        asking = asyncio.get_running_loop().call_later(_LATE_SECONDS, os.kill, self.server.pid, signal.SIGUSR1)
        try:
            await self.server.stop()
        except TimeoutError:
            await self.server.kill()
            raise AssertionError(f"{self.name} did not stop") from None
        except AssertionError:
            took = time.monotonic() - began
            raise AssertionError(
                f"{self.name} did not end well, after {took:.1f} s; its log says where it was"
            ) from None
        finally:
            asking.cancel()
            self.running = False
        took = time.monotonic() - began
        assert took <= DRAIN_SECONDS, f"{self.name} took {took:.1f} s to stop"
        return took


class Cluster:
    """Servers `server-1`, `server-2` … with what they stand on; `environment` goes to each of them."""

    def __init__(self, folder: Path, database: Database, *, servers: int = 3, **environment: str) -> None:
        self.folder = folder
        self.database = database
        self.redis = Redis(folder)
        self.nodes: list[Node] = []
        self.layer = FaultsFile(folder / "layer.json")
        self._servers = servers
        self._environment = environment

    async def start(self) -> None:
        """Start everything, and return when all servers answer."""
        self.layer.write(LayerFaults())
        await self.redis.start()
        for number in range(1, self._servers + 1):
            await self.add(f"server-{number}")
        await asyncio.gather(*(node.start() for node in self.nodes))

    async def add(self, name: str, **environment: str) -> Node:
        """Make a server more, not yet running; its `environment` adds to that of all."""
        postgresql = Proxy("127.0.0.1", self.database.port)
        redis = Proxy("127.0.0.1", self.redis.port)
        await postgresql.start()
        await redis.start()
        own = {
            "DATABASE_URL": self.database.url(postgresql.port),
            "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "LAYER_FAULTS": str(self.folder / "layer.json"),
            "LAYER_SEED": name,
            "DOTENV": os.devnull,
        }
        server = Server(self.folder / f"{name}.log", **{**own, **self._environment, **environment})
        node = Node(name, server, postgresql, redis)
        self.nodes.append(node)
        return node

    async def stop(self) -> None:
        """Stop all servers, which end well, and what they stood on."""
        try:
            await asyncio.gather(*(node.stop() for node in self.nodes if node.running))
        finally:
            await self.kill()

    async def kill(self) -> None:
        """End whatever still runs, well or not."""
        for node in self.nodes:
            if node.running:
                await node.kill()
            await node.postgresql.close()
            await node.redis.close()
        await self.redis.kill()
