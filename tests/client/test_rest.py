"""The REST calls: what is asked, what is returned, and how each failure is told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from client import Chat, Page, Rest, RestError, Sent, Tokens, TransportError, User
from tests.client.peer import Server
from tests.client.server_frames import AT

CHAT = {"id": 7, "kind": "group", "title": "T", "head": 44, "unread": 2, "invented_later": True}


@pytest.fixture
async def rest(server: Server) -> AsyncIterator[Rest]:
    """Call with tokens, and with nobody to renew them."""
    async with Rest(server.base_url, tokens=Tokens("access", "refresh")) as rest:
        yield rest


Ask = Callable[[Rest], Awaitable[Any]]
CALLS: list[tuple[Ask, str, dict[str, str], Any]] = [
    (lambda r: r.logout(), "POST /api/users/logout/", {}, {"refresh": "refresh"}),
    (lambda r: r.logout(everywhere=True), "POST /api/users/logout/", {}, {"all": True}),
    (lambda r: r.change_password("a", "b"), "POST /api/users/password/", {}, {"old": "a", "new": "b"}),
    (lambda r: r.ticket("d"), "GET /api/ws-ticket/", {"device": "d"}, None),
    (lambda r: r.ticket("d", take=True), "GET /api/ws-ticket/", {"device": "d", "take": "1"}, None),
    (lambda r: r.users(search="bo b"), "GET /api/users/", {"search": "bo b"}, None),
    (lambda r: r.users(ids=[3, 9]), "GET /api/users/", {"ids": "3,9"}, None),
    (lambda r: r.chats(limit=5), "GET /api/chats/", {"limit": "5"}, None),
    (lambda r: r.messages(7, before=44, limit=9), "GET /api/chats/7/messages/", {"before": "44", "limit": "9"}, None),
    (lambda r: r.messages(7, after=0), "GET /api/chats/7/messages/", {"after": "0"}, None),
    (lambda r: r.members(7), "GET /api/chats/7/members/", {"limit": "100"}, None),
    (lambda r: r.add_member(7, 3), "POST /api/chats/7/members/", {}, {"user": 3}),
    (lambda r: r.remove_member(7, 3), "DELETE /api/chats/7/members/3/", {}, None),
    (lambda r: r.set_role(7, 3, "admin"), "PATCH /api/chats/7/members/3/", {}, {"role": "admin"}),
    (lambda r: r.mark_read(7, 44), "PUT /api/chats/7/read/", {}, {"seq": 44}),
    (lambda r: r.change_settings(7, pinned=True), "PATCH /api/chats/7/settings/", {}, {"pinned": True}),
]


@pytest.mark.parametrize(("ask", "route", "query", "body"), CALLS)
async def test_a_call_asks_what_the_protocol_says(
    server: Server, rest: Rest, ask: Ask, route: str, query: dict[str, str], body: Any
) -> None:
    await ask(rest)
    [call] = server.called(route)
    assert (call.query, call.body, call.headers["authorization"]) == (query, body, "Bearer access")


async def test_a_ticket_is_a_path_and_the_chats(server: Server, rest: Rest) -> None:
    body = {"expires_in": 60, "protocol": "chat.v1", "path": "/ws/?device=d", "chats": [7, 9]}
    server.reply("GET /api/ws-ticket/", 200, body)
    ticket = await rest.ticket("d")
    assert (ticket.path, ticket.expires_in, ticket.chats) == ("/ws/?device=d", 60, [7, 9])


async def test_login_and_refresh_keep_their_tokens(server: Server, rest: Rest) -> None:
    assert await rest.login("ada", "secret") == rest.tokens == Tokens("access-1", "refresh-1")
    assert await rest.refresh() == rest.tokens == Tokens("access-2", "refresh-2")
    server.reply("POST /api/token/refresh/", 200, {"access": "a"})
    assert await rest.refresh() == Tokens("a", "refresh-2")
    assert all("authorization" not in call.headers for call in server.calls)


async def test_answers_are_values_and_unknown_fields_are_ignored(server: Server, rest: Rest) -> None:
    server.reply("GET /api/chats/", 200, {"results": [CHAT], "next": None, "unread_total": 2})
    server.reply("GET /api/chats/7/", 200, CHAT)
    server.reply("GET /api/users/me/", 200, {"id": 3, "username": "ada"})
    chat = Chat(7, "group", "T", 44, 2)
    assert await rest.chats() == Page([chat], None, 2)
    assert await rest.chat(7) == chat
    assert await rest.me() == User(3, "ada")


async def test_accounts_and_chats_are_made(server: Server, rest: Rest) -> None:
    server.reply("POST /api/users/", 201, {"id": 3, "username": "ada"})
    server.reply("POST /api/chats/", 201, CHAT)
    server.reply("PATCH /api/chats/7/", 200, CHAT)
    assert await rest.register("ada", "secret") == User(3, "ada")
    assert (await rest.create_chat("group", [3, 4], title="T", id="c1")).id == 7
    assert (await rest.rename_chat(7, "U")).id == 7
    assert [call.body for call in server.calls] == [
        {"username": "ada", "password": "secret"},
        {"kind": "group", "members": [3, 4], "title": "T", "id": "c1"},
        {"title": "U"},
    ]


async def test_a_message_over_rest_is_a_write_with_an_id(server: Server, rest: Rest) -> None:
    server.reply("POST /api/chats/7/messages/", 200, {"seq": 45, "at": AT, "duplicate": True})
    assert await rest.send_message(7, "hi", id="a", reply_to=3) == Sent(45, AT, duplicate=True)
    assert server.calls[0].body == {"id": "a", "text": "hi", "reply_to": 3}


async def test_the_next_page_is_asked_of_our_server_whatever_it_is_called(server: Server, rest: Rest) -> None:
    server.reply("GET /api/chats/", 200, {"results": [], "next": "https://elsewhere/api/chats/?cursor=x"})
    await rest.more_chats(await rest.chats())
    assert server.called("GET /api/chats/")[1].query == {"cursor": "x"}


async def test_the_members_of_all_pages_are_listed(server: Server, rest: Rest) -> None:
    pages = [([{"id": 1}, {"id": 2}], "?after=2&limit=2"), ([{"id": 3}], "?after=3&limit=2"), ([{"id": 4}], None)]
    for members, query in pages:
        following = query and f"{server.base_url}/api/chats/7/members/{query}"
        server.reply("GET /api/chats/7/members/", 200, {"results": members, "next": following})
    assert [member["id"] for member in await rest.members(7)] == [1, 2, 3, 4]
    assert [call.query.get("after") for call in server.called("GET /api/chats/7/members/")] == [None, "2", "3"]


async def test_an_error_object_is_told_whole(server: Server, rest: Rest) -> None:
    server.refuse("GET /api/chats/7/", 400, "bad_frame", field="members", detail="no")
    with pytest.raises(RestError, match="400 bad_frame: no") as error:
        await rest.chat(7)
    assert (error.value.field, error.value.retry, error.value.retry_after) == ("members", False, None)


@pytest.mark.parametrize("body", ["<html>", "[]", '{"error": "no"}', '{"error": {}}', None])
async def test_an_error_that_is_not_ours_has_its_status_as_code(server: Server, rest: Rest, body: str | None) -> None:
    server.reply("GET /api/chats/7/", 502, body)
    with pytest.raises(RestError) as error:
        await rest.chat(7)
    assert (error.value.status, error.value.code) == (502, "http_502")


async def test_retry_after_is_read_from_header_or_body(server: Server, rest: Rest) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    server.refuse("GET /api/chats/", 503, "unavailable", "Retry-After: 7")
    server.refuse("GET /api/chats/", 503, "unavailable", retry_after=1.5)
    server.refuse("GET /api/chats/", 503, "unavailable", "Retry-After: soon")
    server.refuse("GET /api/chats/", 503, "unavailable", f"Retry-After: {soon}")
    found = []
    for _ in range(4):
        with pytest.raises(RestError) as error:
            await rest.chats()
        found.append(error.value.retry_after)
    assert found[:3] == [7.0, 1.5, None]
    assert found[3] == pytest.approx(89, abs=2)


async def test_no_answer_and_a_strange_one_are_transport_errors(
    server: Server, rest: Rest, unused_tcp_port: int
) -> None:
    for body in ("<html>", "[]", "{}", '{"results": [7]}', '{"results": [{}]}'):
        server.reply("GET /api/chats/", 200, body)
        with pytest.raises(TransportError):
            await rest.chats()
    async with Rest(f"http://127.0.0.1:{unused_tcp_port}") as nobody:
        with pytest.raises(TransportError):
            await nobody.chats()


async def test_without_tokens_a_call_goes_without(server: Server) -> None:
    server.refuse("GET /api/chats/", 401, "token_invalid")
    async with Rest(server.base_url) as rest:
        with pytest.raises(RestError):
            await rest.chats()
        with pytest.raises(ValueError, match="log in first"):
            await rest.refresh()
    assert "authorization" not in server.calls[0].headers


async def test_a_shared_http_client_is_left_open(server: Server) -> None:
    async with httpx.AsyncClient() as http:
        async with Rest(server.base_url, http=http, tokens=Tokens("a", "r")) as rest:
            await rest.chats()
        assert not http.is_closed
