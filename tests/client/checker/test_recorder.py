"""The recorder writes down what goes over sockets and calls, and nothing that is secret."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, replace
from pathlib import Path

import httpx
import pytest

from client import Client, Connection, ConnectionEnded, Rest, Tokens, TransportError
from client.checker import Entry, History, Recorder, check
from client.checker.__main__ import main
from client.frames import Frame
from tests.client.checker.world import World
from tests.client.conftest import SWIFT, MakeClient
from tests.client.peer import Server


def kinds(history: History) -> list[tuple[str, int]]:
    """Return kind and connection of all entries on sockets."""
    return [(entry.kind, entry.connection) for entry in history.entries if entry.connection]


class Listener:
    """A recorder whose ends can be waited for."""

    def __init__(self, history: History, *, server: str | None = None) -> None:
        self.recorder = Recorder(history, 3, server=server)
        self._ends: asyncio.Queue[Entry] = asyncio.Queue()

    def tap(self, kind: str, frame: Frame) -> None:
        """Record, and tell of ends."""
        self.recorder.tap(kind, frame)
        if kind == "ended":
            self._ends.put_nowait(self.recorder.history.entries[-1])

    async def ended(self) -> Frame:
        """Wait for the next end."""
        async with asyncio.timeout(5):
            return (await self._ends.get()).frame


async def test_a_socket_is_recorded_from_opened_to_ended(server: Server) -> None:
    history = History()
    listener = Listener(history, server="server-1")
    connection = await Connection.open(server.base_url, token="t0k", tap=listener.tap)
    socket = await server.socket()
    await connection.send({"type": "ping", "id": "p"})
    await socket.send({"type": "ack", "id": "p"})
    await connection.receive(1)
    await socket.close(4203)
    assert await listener.ended() == {"code": 4203, "reason": ""}
    assert kinds(history) == [("opened", 1), ("sent", 1), ("received", 1), ("ended", 1)]
    assert history.entries[0].frame == {"path": "/ws/", "server": "server-1"}


async def test_the_own_end_is_told_as_such(server: Server) -> None:
    listener = Listener(History())
    async with await Connection.open(server.base_url, tap=listener.tap):
        await server.socket()
    assert await listener.ended() == {"code": 1000, "reason": "", "own": True}


async def test_the_end_is_recorded_though_nobody_receives(server: Server) -> None:
    history = History()
    listener = Listener(history)
    connection = await Connection.open(server.base_url, tap=listener.tap)
    connection.transport.abort()
    assert (await listener.ended())["code"] == 1006
    with pytest.raises(ConnectionEnded):
        await connection.receive(1)
    assert kinds(history) == [("opened", 1), ("ended", 1)]


async def test_what_is_no_frame_is_recorded_by_its_length(server: Server) -> None:
    history = History()
    async with await Connection.open(server.base_url, tap=Recorder(history, 3).tap) as connection:
        await connection.raw("{half")
        await connection.raw('{"id": "x", "type": 7}')
    assert [entry.frame for entry in history.entries if entry.kind == "sent"] == [
        {"unreadable": 5},
        {"id": "x", "type": 7},
    ]


async def test_a_client_is_recorded_over_all_its_sockets(server: Server, make_client: MakeClient) -> None:
    history = History()
    listener = Listener(history)
    client: Client = make_client(options=replace(SWIFT, tap=listener.tap, feed_limit=0))
    first = await server.socket()
    await first.welcome((7, 0, 1))
    await client.caught_up()
    first.cut()
    second = await server.socket()
    await second.welcome((7, 0, 1))
    await listener.ended()
    await client.caught_up()
    assert [entry.frame["type"] for entry in history.entries if entry.kind == "sent"] == ["hello", "hello"]
    assert listener.recorder.connection == 2


async def test_two_clients_of_one_user_count_their_sockets_together(server: Server) -> None:
    history = History()
    for number in (1, 2):
        recorder = Recorder(history, 3)
        async with await Connection.open(server.base_url, tap=recorder.tap):
            assert recorder.connection == number


async def test_calls_are_recorded_with_their_answers(server: Server) -> None:
    history = History()
    server.reply("POST /api/chats/7/messages/", 201, json.dumps({"seq": 4, "at": "t"}))
    async with httpx.AsyncClient(transport=Recorder(history, 3).transport()) as http:
        rest = Rest(server.base_url, tokens=Tokens("a", "r"), http=http)
        await rest.send_message(7, "hi", id="m")
    asked, answered = history.entries
    body = {"id": "m", "text": "hi"}
    assert asked.frame == {"call": 1, "method": "POST", "path": "/api/chats/7/messages/", "json": body}
    assert answered.frame == {"call": 1, "status": 201, "body": {"seq": 4, "at": "t"}}


async def test_a_call_without_an_answer_is_recorded_as_failed(unused_tcp_port: int) -> None:
    history = History()
    async with httpx.AsyncClient(transport=Recorder(history, 3).transport()) as http:
        with pytest.raises(TransportError):
            await Rest(f"http://127.0.0.1:{unused_tcp_port}", tokens=Tokens("a", "r"), http=http).me()
    assert [(entry.kind, entry.frame["call"]) for entry in history.entries] == [("asked", 1), ("failed", 1)]


async def test_no_token_and_no_password_is_recorded(server: Server) -> None:
    history = History()
    recorder = Recorder(history, 3)
    async with httpx.AsyncClient(transport=recorder.transport()) as http:
        rest = Rest(server.base_url, http=http)
        await rest.login("ada", "s3cret")
        await rest.call("GET", "/api/chats/")
        async with await Connection.open(server.base_url, token=rest.access, tap=recorder.tap) as connection:
            await connection.send({"type": "token.refresh", "id": "r", "token": rest.access})
    written = json.dumps([asdict(entry) for entry in history.entries])
    assert "s3cret" not in written
    assert "access-1" not in written
    assert "refresh-1" not in written


def test_a_history_is_read_as_it_was_saved(world: World, tmp_path: Path) -> None:
    world.finish()
    History(world.entries).save(tmp_path / "history")
    assert History.load(tmp_path / "history").entries == world.entries


def test_the_command_judges_a_saved_history(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.finish()
    History(world.entries).save(tmp_path / "sound")
    assert main([str(tmp_path / "sound")]) == 0
    assert "violations: 0" in capsys.readouterr().out


def test_the_command_shows_a_violation_and_what_happened_around_it(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.note("fault", name="kill", target="server-9")
    world.drop(world.find("received", 3, text="two"))
    world.finish()
    History(world.entries).save(tmp_path / "broken")
    assert main([str(tmp_path / "broken")]) == 1
    shown = capsys.readouterr().out
    assert "1. C1: chat 7: ack with seq 3 came to user 3 on socket 1 where 2 was due" in shown
    assert "server-9" in shown[shown.index("The time line around 1:") :]


def test_the_command_prints_json(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.drop(world.find("received", 3, text="two"))
    world.finish()
    History(world.entries).save(tmp_path / "broken")
    assert main([str(tmp_path / "broken"), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [violation["rule"] for violation in told["violations"]] == ["C1"]
    assert told["figures"]["messages"] == 3


def test_an_empty_history_is_clean() -> None:
    assert check(History()).violations == []
