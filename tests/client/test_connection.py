"""One socket: how it is opened, what it carries, how it ends."""

from __future__ import annotations

import asyncio
import logging

import pytest

from client import Connection, ConnectionEnded, End, HandshakeRefused, TransportError
from client.connection import socket_url
from tests.client.peer import Server


async def test_the_token_goes_into_the_authorization_header(server: Server) -> None:
    async with await Connection.open(server.base_url, path="/ws/?device=d", token="t0k"):
        request = (await server.socket()).request
    assert request.path == "/ws/?device=d"
    assert request.headers["Authorization"] == "Bearer t0k"
    assert "Sec-WebSocket-Protocol" not in request.headers
    assert "Sec-WebSocket-Extensions" not in request.headers


async def test_a_browser_sends_the_token_as_a_subprotocol_and_gets_chat_v1(server: Server) -> None:
    async with await Connection.open(server.base_url, token="t0k", browser=True) as connection:
        request = (await server.socket()).request
        assert connection.subprotocol == "chat.v1"
    assert request.headers["Sec-WebSocket-Protocol"] == "chat.v1, bearer.t0k"
    assert "Authorization" not in request.headers


async def test_headers_and_origin_are_as_the_caller_says(server: Server) -> None:
    headers = {"Authorization": "Bearer other"}
    async with await Connection.open(server.base_url, token="t", browser=True, headers=headers, origin="null"):
        request = (await server.socket()).request
    assert request.headers["Authorization"] == "Bearer other"
    assert request.headers["Origin"] == "null"


async def test_a_refused_handshake_tells_its_status(server: Server) -> None:
    server.reply("GET /ws/", 403)
    with pytest.raises(HandshakeRefused) as refused:
        await Connection.open(server.base_url, token="t")
    assert refused.value.status == 403


async def test_a_redirect_is_not_followed_with_the_token(server: Server) -> None:
    server.reply("GET /ws/", 302, None, f"Location: {server.base_url}/ws/?elsewhere")
    with pytest.raises(HandshakeRefused):
        await Connection.open(server.base_url, token="t", browser=True)
    assert server.no_socket()


async def test_nobody_there_is_a_transport_error(unused_tcp_port: int) -> None:
    with pytest.raises(TransportError):
        await Connection.open(f"http://127.0.0.1:{unused_tcp_port}", token="t")


async def test_frames_go_both_ways(server: Server) -> None:
    async with await Connection.open(server.base_url) as connection:
        socket = await server.socket()
        await connection.send({"type": "ping", "id": "ü"})
        assert await socket.expect("ping") == {"type": "ping", "id": "ü"}
        await socket.send({"type": "ack", "id": "ü"})
        assert await connection.receive(1) == {"type": "ack", "id": "ü"}


async def test_hello_returns_the_answer(server: Server) -> None:
    async with await Connection.open(server.base_url) as connection, asyncio.TaskGroup() as group:
        ready = group.create_task(connection.hello({7: 44}, "e1", timeout=1))
        hello = await (await server.socket()).welcome((7, 44, 45))
    assert (hello["resume"], hello["epoch"]) == ({"7": 44}, "e1")
    assert ready.result()["chats"][0]["from"] == 45


async def test_receive_gives_up_when_told_and_loses_nothing(server: Server) -> None:
    async with await Connection.open(server.base_url) as connection:
        socket = await server.socket()
        with pytest.raises(TimeoutError):
            await connection.receive(0.01)
        await socket.send({"type": "caught_up"})
        assert await connection.receive(1) == {"type": "caught_up"}


async def test_the_close_code_ends_receiving(server: Server) -> None:
    connection = await Connection.open(server.base_url)
    await (await server.socket()).close(4203)
    with pytest.raises(ConnectionEnded) as ended:
        await connection.receive(1)
    assert ended.value.end == connection.end == End(4203)


async def test_a_bye_tells_when_to_come_back_even_where_the_close_frame_is_lost(server: Server) -> None:
    connection = await Connection.open(server.base_url)
    socket = await server.socket()
    await socket.send({"type": "bye", "code": 4100, "reason": "draining", "retry_after": 1.7})
    assert (await connection.receive(1))["type"] == "bye"
    socket.cut()
    with pytest.raises(ConnectionEnded) as ended:
        await connection.receive(1)
    assert ended.value.end == End(4100, "draining", 1.7)


async def test_a_cut_line_is_1006(server: Server) -> None:
    connection = await Connection.open(server.base_url)
    (await server.socket()).cut()
    with pytest.raises(ConnectionEnded) as ended:
        await connection.receive(1)
    assert ended.value.end.code == 1006
    with pytest.raises(ConnectionEnded):
        await connection.send({"type": "ping", "id": "1"})


async def test_closing_says_1000_and_aborting_says_nothing(server: Server) -> None:
    polite = await Connection.open(server.base_url)
    first = await server.socket()
    await polite.close()
    rude = await Connection.open(server.base_url)
    second = await server.socket()
    await rude.abort()
    assert await first.closed() == 1000
    assert await second.closed() is None


async def test_pulling_the_transport_ends_the_connection(server: Server) -> None:
    connection = await Connection.open(server.base_url)
    socket = await server.socket()
    connection.transport.abort()
    assert await socket.closed() is None
    with pytest.raises(ConnectionEnded):
        await connection.receive(1)


@pytest.mark.parametrize("text", ["{", "[]", "7", "{}", '{"type":7}'])
async def test_what_is_no_frame_is_a_transport_error(server: Server, text: str) -> None:
    async with await Connection.open(server.base_url) as connection:
        await (await server.socket()).raw(text)
        with pytest.raises(TransportError):
            await connection.receive(1)


async def test_no_log_holds_a_frame_or_a_token(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with await Connection.open(server.base_url, token="s3cret") as connection:
        await connection.send({"type": "message.send", "text": "private"})
        await (await server.socket()).expect("message.send")
    # The peer in this process logs too.
    logged = " ".join(record.getMessage() for record in caplog.records if record.name != "websockets.server")
    assert "s3cret" not in logged
    assert "private" not in logged


@pytest.mark.parametrize(
    ("base_url", "path", "url"),
    [
        ("http://a:8000", "/ws/?device=x", "ws://a:8000/ws/?device=x"),
        ("https://a/", "/ws/", "wss://a/ws/"),
        ("https://a", "//b/ws/", "wss://a//b/ws/"),
        ("https://a/prefix", "/prefix/ws/", "wss://a/prefix/ws/"),
    ],
)
def test_a_path_stays_on_the_host_that_gave_the_ticket(base_url: str, path: str, url: str) -> None:
    assert socket_url(base_url, path) == url
