"""uvicorn's protocols with our bounds: nobody is waited for without an end, whatever the client or the application does."""

from __future__ import annotations

import asyncio

import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from project import uvicorn_http, uvicorn_protocols
from project.uvicorn_http import BoundedHttpProtocol
from project.uvicorn_protocols import PacedProtocol
from tests.vocabulary import PATIENCE

FOREVER = 600
SOON = 0.1


@pytest.fixture
async def serve():
    """Return a function that serves an application, and returns the port and the state of the server."""
    servers = []

    async def serve(application, **options):
        config = uvicorn.Config(application, ws=PacedProtocol, lifespan="off", log_config=None, **options)
        config.load()
        state = ServerState()
        make = lambda: BoundedHttpProtocol(config, state, {})  # noqa: E731
        servers.append(await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0))
        return servers[-1].sockets[0].getsockname()[1], state

    yield serve
    for server in servers:
        server.close()
        await server.wait_closed()


async def hang(scope, receive, send):
    """Answer nothing, ever."""
    await asyncio.sleep(FOREVER)


async def fail(scope, receive, send):
    """Accept, and fail."""
    await send({"type": "websocket.accept"})
    raise ValueError("Not today.")


async def flood(scope, receive, send):
    """Accept, write more than the kernel takes, and wait for the end."""
    await send({"type": "websocket.accept"})
    scope["extensions"]["onesocket"].write(b"\x82\x7f" + (20_000_000).to_bytes(8, "big") + bytes(20_000_000))
    await receive()
    while (await receive())["type"] != "websocket.disconnect":
        pass


async def until_empty(connections):
    async with asyncio.timeout(PATIENCE):
        while connections:  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("said", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"])
async def test_a_client_that_says_no_more_is_left(serve, said):
    port, _ = await serve(hang, timeout_keep_alive=SOON)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(said)
    assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    writer.close()


async def test_a_request_without_an_answer_is_cut(serve, monkeypatch):
    monkeypatch.setattr(uvicorn_http, "_REQUEST_SECONDS", SOON)
    port, _ = await serve(hang)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    writer.close()


async def test_a_handshake_without_an_answer_is_refused(serve, monkeypatch):
    monkeypatch.setattr(uvicorn_protocols, "_HANDSHAKE_SECONDS", SOON)
    port, _ = await serve(hang)
    with pytest.raises(InvalidStatus, match="500"):
        await connect(f"ws://127.0.0.1:{port}/")


async def test_an_application_that_fails_closes_its_connection(serve, caplog):
    port, _ = await serve(fail)
    async with connect(f"ws://127.0.0.1:{port}/") as socket:
        with pytest.raises(ConnectionClosedError, match="1011"):
            await socket.recv()
    assert "Not today." in caplog.text


@pytest.mark.parametrize("end", ["close", "half", "violation"])
async def test_a_client_that_ends_and_does_not_read_is_cut(serve, end):
    port, state = await serve(flood)
    async with connect(f"ws://127.0.0.1:{port}/", max_size=None, close_timeout=SOON) as socket:
        socket.transport.pause_reading()
        match end:
            case "close":
                socket.transport.write(b"\x88\x80abcd")
            case "half":
                socket.transport.write_eof()
            case "violation":
                socket.transport.write(b"\x83\x80abcd")
        await until_empty(state.connections)


async def test_an_application_that_closes_waits_for_no_reader(serve):
    async def close(scope, receive, send):
        await send({"type": "websocket.accept"})
        scope["extensions"]["onesocket"].write(b"\x82\x7f" + (20_000_000).to_bytes(8, "big") + bytes(20_000_000))
        await send({"type": "websocket.close", "code": 4000})

    port, state = await serve(close)
    async with connect(f"ws://127.0.0.1:{port}/", max_size=None, close_timeout=SOON) as socket:
        socket.transport.pause_reading()
        await until_empty(state.connections)


async def test_compression_is_never_agreed_on(serve):
    port, _ = await serve(flood, ws_per_message_deflate=True)
    async with connect(f"ws://127.0.0.1:{port}/", max_size=None, compression="deflate") as socket:
        assert socket.response
        assert "Sec-WebSocket-Extensions" not in socket.response.headers
