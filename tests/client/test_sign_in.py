"""Tokens: how they are had, when they are renewed, and what is done when nothing helps."""

from __future__ import annotations

import asyncio

import pytest

from client import Phase, Rest, RestError, SignInRefused, Tokens
from client.tokens import Session
from tests.client.conftest import MakeClient
from tests.client.peer import PATIENCE, Server

TICKET, LOGIN, REFRESH = "GET /api/ws-ticket/", "POST /api/token/", "POST /api/token/refresh/"


async def test_a_refused_ticket_renews_the_token_with_the_refresh_token(
    server: Server, make_client: MakeClient
) -> None:
    server.refuse(TICKET, 401, "token_expired")
    make_client(tokens=Tokens("old", "kept"))
    await (await server.socket()).welcome()
    assert [call.headers["authorization"] for call in server.called(TICKET)] == ["Bearer old", "Bearer access-1"]
    assert [call.body for call in server.called(REFRESH)] == [{"refresh": "kept"}]
    assert server.called(LOGIN) == []


async def test_a_refused_refresh_token_leads_to_the_password(server: Server, make_client: MakeClient) -> None:
    server.refuse(TICKET, 401, "token_invalid")
    server.refuse(REFRESH, 401, "token_invalid")
    make_client(tokens=Tokens("old", "revoked"))
    await (await server.socket()).welcome()
    assert [call.body for call in server.called(LOGIN)] == [{"username": "ada", "password": "secret"}]


@pytest.mark.parametrize(("status", "code"), [(400, "bad_frame"), (401, "credentials_invalid"), (403, "forbidden")])
async def test_a_refused_password_stops(server: Server, make_client: MakeClient, status: int, code: str) -> None:
    server.refuse(LOGIN, status, code)
    client = make_client()
    with pytest.raises(SignInRefused, match=code):
        await client.connected()
    assert (client.state.phase, client.state.why) == (Phase.STOPPED, code)


async def test_without_a_password_the_end_of_the_tokens_stops(server: Server, make_client: MakeClient) -> None:
    client = make_client(password=None, tokens=Tokens("a", "r"))
    socket = await server.socket()
    await socket.welcome()
    server.refuse(REFRESH, 401, "token_invalid")
    await socket.close(4302)
    with pytest.raises(SignInRefused, match="signed_out"):
        await asyncio.wait_for(client.run(), PATIENCE)


async def test_a_throttled_login_waits_as_told(server: Server, make_client: MakeClient) -> None:
    server.refuse(LOGIN, 429, "rate_limited", "Retry-After: 60")
    client = make_client()
    assert (await client.until(Phase.RECONNECTING)).wait >= 60


async def test_a_ticket_refused_with_a_new_token_too_is_a_failure_like_others(
    server: Server, make_client: MakeClient
) -> None:
    for _ in range(4):
        server.refuse(TICKET, 401, "token_invalid")
    client = make_client()
    await (await server.socket()).welcome()
    await client.caught_up()
    assert len(server.called(TICKET)) == 5


async def test_a_token_that_could_not_be_renewed_is_renewed_on_the_next_attempt(
    server: Server, make_client: MakeClient
) -> None:
    make_client()
    socket = await server.socket()
    await socket.welcome()
    server.reply(REFRESH, 502)
    await socket.close(4300)
    await (await server.socket()).welcome()
    assert len(server.called(REFRESH)) == 2
    assert server.called(TICKET)[-1].headers["authorization"] == "Bearer access-2"


async def test_the_token_is_refreshed_over_the_socket_before_it_ends(server: Server, make_client: MakeClient) -> None:
    make_client()
    socket = await server.socket()
    # Of the hundred milliseconds that it lives, a fifth is left for the renewal.
    await socket.welcome(at="2026-01-31T12:00:00.000000Z", token_expires_at="2026-01-31T12:00:00.100000Z")
    frame = await socket.expect("token.refresh")
    assert frame["token"] == "access-2"
    later = "2026-01-31T12:00:00.300000Z"
    await socket.send({"type": "ack", "id": frame["id"], "status": 200, "expires_at": later})
    assert (await socket.expect("token.refresh"))["token"] == "access-3"


async def test_a_server_that_cannot_refresh_is_left_to_end_the_connection(
    server: Server, make_client: MakeClient
) -> None:
    client = make_client()
    socket = await server.socket()
    await socket.welcome(token_expires_at="2026-01-31T12:00:00.010000Z")
    await socket.refuse(await socket.expect("token.refresh"), 400, "unknown_type")
    await socket.send({"type": "typing", "chat": 7})
    assert client.state.phase is Phase.LIVE
    await socket.close(4300, bye=True)
    await (await server.socket()).welcome()
    # The token was new already: nothing to renew.
    assert len(server.called(REFRESH)) == 1


async def test_many_who_find_the_token_refused_renew_it_once(server: Server) -> None:
    async with Rest(server.base_url, tokens=Tokens("old", "r")) as rest:
        Session(rest, "ada", None)
        for _ in range(3):
            server.refuse("GET /api/chats/", 401, "token_expired")
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(rest.chats())
    assert len(server.called(REFRESH)) == 1


async def test_a_call_is_not_repeated_for_ever(server: Server) -> None:
    async with Rest(server.base_url, tokens=Tokens("old", "r")) as rest:
        Session(rest, "ada", None)
        server.refuse("GET /api/chats/", 401, "token_expired")
        server.refuse("GET /api/chats/", 401, "token_invalid")
        with pytest.raises(RestError):
            await rest.chats()
    assert len(server.called("GET /api/chats/")) == 2
