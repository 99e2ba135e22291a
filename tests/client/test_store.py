"""What outlives the process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from client import Applied, Change, JsonFile, Replica
from tests.client.conftest import MakeClient
from tests.client.peer import Server
from tests.client.server_frames import created


class Database:
    """A store that keeps messages too, and remembers what it was called with."""

    def __init__(self) -> None:
        self.saved: dict[str, Any] | None = None
        self.changes: list[Change] = []

    def load(self) -> dict[str, Any] | None:
        """Return what was saved."""
        return self.saved

    def save(self, replica: Replica, changes: Sequence[Change]) -> None:
        """Keep state and changes as of one moment."""
        self.saved = json.loads(json.dumps(replica.export()))
        self.changes += changes


async def test_cursors_device_and_writes_go_on_after_a_restart(server: Server, make_client: MakeClient) -> None:
    store = Database()
    first = make_client(store=store, device=None)
    socket = await server.socket()
    await socket.welcome((7, 44, 45))
    await socket.send(created(7, 45))
    asyncio.create_task(first.send(7, "a", id="a")).add_done_callback(lambda task: task.exception())
    await socket.expect("message.send")
    await first.close()

    second = make_client(store=store, device=None)
    socket = await server.socket()
    hello = await socket.welcome((7, 45, 46))
    assert (hello["resume"], hello["epoch"], second.device) == ({"7": 45}, "e1", first.device)
    assert (await socket.expect("message.send"))["id"] == "a"


async def test_a_write_is_kept_before_it_leaves(server: Server, make_client: MakeClient) -> None:
    store = Database()
    client = make_client(store=store)
    socket = await server.socket()
    await socket.welcome((7, 0, 1))
    task = asyncio.create_task(client.send(7, "a", id="a"))
    command = await socket.expect("message.send")
    assert store.saved
    assert [write["id"] for write in store.saved["outbox"]] == ["a"]
    await socket.ack(command, 1)
    await task
    assert (store.saved["outbox"], store.saved["streams"]["seq"]) == ([], {"7": 1})


async def test_a_change_is_kept_before_it_is_told(server: Server, make_client: MakeClient) -> None:
    store = Database()
    client = make_client(store=store)
    socket = await server.socket()
    await socket.welcome((7, 0, 1))
    await socket.send(created(7, 1))
    async for change in client.events():
        if isinstance(change, Applied):
            break
    assert change in store.changes


def test_a_file_keeps_device_and_writes_and_lets_the_cursors_begin_anew(tmp_path: Path) -> None:
    file = JsonFile(tmp_path / "ada.json")
    assert file.load() is None
    replica = Replica(lambda refusals: 0.0, user_name="ada")
    replica.streams.restore({"epoch": "e1", "user": 3, "seq": {"7": 44}})
    replica.put({"type": "message.send", "id": "a", "chat": 7, "text": "ü"})
    file.save(replica, ())
    again = Replica(lambda refusals: 0.0, user_name="ada")
    again.restore(JsonFile(tmp_path / "ada.json").load() or {})
    assert (again.device, again.outbox.export()) == (replica.device, replica.outbox.export())
    assert again.streams.cursors == {}
    assert (tmp_path / "ada.json").stat().st_mode & 0o077 == 0


def test_a_file_is_written_only_where_something_changed(tmp_path: Path) -> None:
    path = tmp_path / "ada.json"
    file, replica = JsonFile(path), Replica(lambda refusals: 0.0)
    file.save(replica, ())
    path.unlink()
    replica.streams.restore({"epoch": "e1", "user": 3, "seq": {"7": 44}})
    file.save(replica, ())
    assert not path.exists()
