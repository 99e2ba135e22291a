"""The reconnect loop against a scripted server: every rule of protocol §8 about attempts and close codes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from client import AccountDisabled, AlreadyConnected, Client, Phase, Replaced, State, Stopped, Waits
from tests.client.conftest import SWIFT, MakeClient
from tests.client.peer import PATIENCE, Server
from tests.client.server_frames import created

TICKET = "GET /api/ws-ticket/"


async def stopped(client: Client) -> type[Stopped]:
    """Wait until the client stops, and return why."""
    with pytest.raises(Stopped) as why:
        await asyncio.wait_for(client.run(), PATIENCE)
    return type(why.value)


async def states(client: Client, count: int) -> list[State]:
    """Take changes until `count` of them were states."""
    found: list[State] = []
    while len(found) < count:
        change = await asyncio.wait_for(client.events().get(), PATIENCE)
        if isinstance(change, State):
            found.append(change)
    return found


async def test_an_attempt_is_login_ticket_socket_hello(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    await (await server.socket()).welcome()
    await client.caught_up()
    assert [call.path for call in server.calls] == ["/api/token/", "/api/ws-ticket/", "/ws/"]
    ticket, handshake = server.calls[1:]
    assert ticket.query == {"device": "phone"}
    assert ticket.headers["authorization"] == handshake.headers["authorization"] == "Bearer access-1"


@pytest.mark.parametrize("code", [None, 1000, 1001, 1011, 4100, 4101, 4200, 4201, 4202, 4203])
async def test_every_attempt_starts_at_the_ticket_and_resumes(
    server: Server, make_client: MakeClient, code: int | None
) -> None:
    make_client()
    socket = await server.socket()
    await socket.welcome((7, 44, 45))
    await socket.send(created(7, 45))
    await socket.close(code) if code else socket.cut()
    hello = await (await server.socket()).welcome((7, 45, 46))
    assert (hello["resume"], hello["epoch"]) == ({"7": 45}, "e1")
    assert len(server.called(TICKET)) == 2
    assert len(server.called("POST /api/token/")) == 1


@pytest.mark.parametrize("code", [4300, 4301, 4302])
async def test_43xx_renews_the_token_before_the_next_ticket(server: Server, make_client: MakeClient, code: int) -> None:
    make_client()
    socket = await server.socket()
    await socket.welcome()
    await socket.close(code)
    await (await server.socket()).welcome()
    assert len(server.called("POST /api/token/refresh/")) == 1
    assert server.called(TICKET)[1].headers["authorization"] == "Bearer access-2"


@pytest.mark.parametrize(("code", "cause"), [(4403, AccountDisabled), (4409, Replaced), (4499, Stopped)])
async def test_44xx_stops(server: Server, make_client: MakeClient, code: int, cause: type[Stopped]) -> None:
    client = make_client()
    socket = await server.socket()
    await socket.welcome()
    await socket.close(code, bye=True)
    assert await stopped(client) is cause
    assert len(server.called(TICKET)) == 1


async def test_a_bye_is_acted_upon_before_the_socket_closes(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.socket()
    await socket.welcome()
    await socket.send({"type": "bye", "code": 4100, "reason": "draining", "retry_after": 0.02})
    state = await client.until(Phase.RECONNECTING)
    assert (state.why, state.wait) == ("closed 4100", 0.025)
    await (await server.socket()).welcome()


async def test_a_bye_before_ready_counts_too(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    await (await server.socket()).close(4409, bye=True)
    assert await stopped(client) is Replaced


async def test_409_stops_until_the_person_takes_over(server: Server, make_client: MakeClient) -> None:
    server.refuse(TICKET, 409, "already_connected")
    client = make_client()
    assert await stopped(client) is AlreadyConnected
    assert client.state.cause
    client.reconnect(take=True)
    await (await server.socket()).welcome()
    await client.caught_up()
    assert [call.query.get("take") for call in server.called(TICKET)] == [None, "1"]


async def test_taking_over_holds_for_one_connection(server: Server, make_client: MakeClient) -> None:
    make_client(take=True)
    (await server.socket()).cut()
    socket = await server.socket()
    await socket.welcome()
    socket.cut()
    await server.socket()
    assert [call.query.get("take") for call in server.called(TICKET)] == ["1", "1", None]


async def test_after_being_replaced_the_next_ticket_asks_again(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.socket()
    await socket.welcome()
    await socket.close(4409, bye=True)
    await stopped(client)
    server.refuse(TICKET, 409, "already_connected")
    client.reconnect()
    assert await stopped(client) is AlreadyConnected


@pytest.mark.parametrize("status", [429, 503])
async def test_a_full_server_is_given_the_time_it_asks_for(
    server: Server, make_client: MakeClient, status: int
) -> None:
    server.refuse(TICKET, status, "unavailable", "Retry-After: 120")
    client = make_client()
    state = await client.until(Phase.RECONNECTING)
    assert state.wait >= 120
    assert server.no_socket()


@pytest.mark.parametrize("route", [TICKET, "GET /ws/", "POST /api/token/"])
@pytest.mark.parametrize("status", [418, 500, 502])
async def test_other_failures_are_tried_again(server: Server, make_client: MakeClient, route: str, status: int) -> None:
    for _ in range(3):
        server.reply(route, status, "<html>")
    client = make_client()
    await (await server.socket()).welcome()
    await client.caught_up()
    assert len(server.called(route)) == 4


async def test_a_refused_handshake_takes_a_new_ticket(server: Server, make_client: MakeClient) -> None:
    server.reply("GET /ws/", 403)
    make_client()
    await (await server.socket()).welcome()
    assert len(server.called(TICKET)) == 2


async def test_nobody_there_is_tried_again(unused_tcp_port: int) -> None:
    client = Client(f"http://127.0.0.1:{unused_tcp_port}", "ada", "secret", options=SWIFT)
    async with client:
        phases = [state.phase for state in await states(client, 4)]
    assert phases == [Phase.CONNECTING, Phase.RECONNECTING, Phase.CONNECTING, Phase.RECONNECTING]


async def test_a_silent_server_is_left_after_a_while(server: Server, make_client: MakeClient) -> None:
    make_client(options=replace(SWIFT, ready_seconds=0.05))
    await (await server.socket()).closed()
    await (await server.socket()).welcome()


async def test_hello_is_sent_again_where_the_error_allows_it(server: Server, make_client: MakeClient) -> None:
    client = make_client()
    socket = await server.socket()
    hello = await socket.expect("hello")
    await socket.refuse(hello, 503, "unavailable", retry_after=0.01)
    assert await socket.welcome() == hello
    await client.caught_up()


async def test_a_hello_refused_for_good_is_a_failed_attempt(server: Server, make_client: MakeClient) -> None:
    make_client()
    socket = await server.socket()
    await socket.refuse(await socket.expect("hello"), 400, "bad_frame")
    assert await socket.closed() == 1000
    await (await server.socket()).welcome()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"type":"message.created","chat":7,"seq":9,"at":"2026"}', '{"type":"chat.joined"}'],
)
async def test_a_server_that_leaves_the_protocol_is_left(server: Server, make_client: MakeClient, text: str) -> None:
    make_client()
    socket = await server.socket()
    await socket.welcome((7, 0, 1))
    await socket.raw(text)
    await socket.closed()
    hello = await (await server.socket()).welcome()
    assert hello["resume"] == {"7": 0}


async def test_reconnecting_opens_a_new_socket_and_ignores_how_the_old_one_ends(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client()
    old = await server.socket()
    await old.welcome()
    await client.caught_up()
    await old.close(4409)
    client.reconnect()
    await (await server.socket()).welcome()
    await client.caught_up()
    assert await old.closed() in (None, 4409)


async def test_reconnecting_ends_a_wait(server: Server, make_client: MakeClient) -> None:
    server.refuse(TICKET, 503, "unavailable", "Retry-After: 3600")
    client = make_client()
    await client.until(Phase.RECONNECTING)
    client.reconnect()
    await (await server.socket()).welcome()
    await client.caught_up()


async def test_reconnecting_abandons_an_attempt_that_hangs(server: Server, make_client: MakeClient) -> None:
    hanging = server.reply(TICKET, 200, held=True)
    client = make_client()
    await hanging.asked.wait()
    client.reconnect()
    await (await server.socket()).welcome()
    await client.caught_up()


async def test_failures_in_a_row_wait_longer(server: Server, make_client: MakeClient) -> None:
    client = make_client(options=replace(SWIFT, waits=Waits(base=0.01, cap=1.0), random=lambda: 1.0))
    for _ in range(3):
        await (await server.socket()).close(4200)
    assert [state.wait for state in await states(client, 6) if state.wait] == [0.01, 0.02, 0.04]
