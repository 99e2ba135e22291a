"""A user of the cluster who chats, crashes and comes back, with the reference client and everything written down."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import httpx

from client import Client, ClientClosed, ClientError, Connection, Options, Phase, Replica, Rest, Tokens, Waits
from client.changes import Change
from client.checker.history import History
from client.checker.recorder import Recorder
from client.frames import Frame
from tests.faults.cluster import Node
from tests.faults.door import Door
from tests.server import PASSWORD

# Quick to come back, so that there is much to resume.
_WAITS = Waits(base=0.2, cap=2.0, steady=3.0)
# How long a person looks at "connected elsewhere" before the next try.
_STOPPED_SECONDS = 1.0


class Memory:
    """A device's own database, which survives the client."""

    def __init__(self) -> None:
        self._replica: Replica | None = None

    def load(self) -> dict[str, Any] | None:
        """Return what the client knew last."""
        return self._replica.export() if self._replica else None

    def save(self, replica: Replica, changes: Sequence[Change]) -> None:
        """Keep it."""
        self._replica = replica


class Resident:
    """One user with one device at a time, behind a door of its own."""

    def __init__(self, name: str, nodes: Sequence[Node], history: History, draw: random.Random) -> None:
        self.name = name
        self.id = 0
        self.draw = draw
        # Every message ever sent, to be sent again.
        self.writes: list[Frame] = []
        self._history = history
        self._nodes = nodes
        self._device = name
        self._memory = Memory()
        self._tokens: Tokens | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def sign_up(self) -> None:
        """Make the account and get tokens."""
        self.door = Door(self._nodes, self.draw, on_socket=self._lead_to)
        self._url = await self.door.open()
        async with Rest(self._url) as rest:
            self.id = (await rest.register(self.name, PASSWORD)).id
            self._tokens = await rest.login(self.name, PASSWORD)
        self.recorder = Recorder(self._history, self.id)
        self._http = httpx.AsyncClient(transport=self.recorder.transport(), timeout=10.0)
        self.client = self._make_client()

    def _lead_to(self, server: str) -> None:
        self.recorder.server = server

    def _make_client(self) -> Client:
        options = Options(waits=_WAITS, random=self.draw.random, history_page=20, feed_limit=0, tap=self.recorder.tap)
        return Client(
            self._url,
            self.name,
            PASSWORD,
            device=self._device,
            store=self._memory,
            tokens=self._tokens,
            http=self._http,
            options=options,
        )

    def start(self) -> None:
        """Connect, and stay connected whatever happens."""
        self.client.start()
        self._keeper = asyncio.create_task(self._keep(self.client))

    async def _keep(self, client: Client) -> None:
        """Decide what a person decides: to come back after another device has gone, or to take its place."""
        with suppress(ClientClosed):
            while True:
                await client.until(Phase.STOPPED)
                await asyncio.sleep(_STOPPED_SECONDS * self.draw.uniform(0.5, 1.5))
                if client.state.phase is Phase.STOPPED:
                    client.reconnect(take=self.draw.random() < 0.2)

    async def crash(self, *, forgets: bool = False) -> None:
        """Lose the process without a word and start another, with what the device has kept or without."""
        self.door.sever()
        await self._stop()
        if forgets:
            self._memory = Memory()
        self.client = self._make_client()
        self.start()

    async def change_device(self) -> None:
        """Go on with another installation, which knows nothing and is not the one that is connected."""
        self._device = f"{self.name}-{self.draw.randrange(10**6)}"
        await self.crash(forgets=True)

    async def intrude(self, seconds: float) -> None:
        """Take the user's connection from another device for a while, and leave."""
        recorder = Recorder(self._history, self.id)
        device = f"{self.name}-{self.draw.randrange(10**6)}"
        with suppress(ClientError, TimeoutError):
            ticket = await self.client.rest.ticket(device, take=True)
            access = self.client.rest.access
            other = await Connection.open(self._url, path=ticket.path, token=access, tap=recorder.tap)
            async with other:
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await other.hello()
                        while True:
                            await other.receive()

    async def garble(self) -> None:
        """Send what is no frame."""
        dialog = self.client._supervisor.dialog
        if dialog is not None and dialog.lived is not None:
            with suppress(ClientError):
                await dialog.connection.raw(self.draw.choice(['{"type": "mess', "[]", '{"type":"x","id":"y"}', "\x00"]))

    async def leave(self) -> None:
        """Close the client and the door."""
        await self._stop()
        await self._http.aclose()
        await self.door.close()

    async def _stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self.client.close()
        self._tokens = self.client.rest.tokens
