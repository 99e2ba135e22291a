"""The error table: each code that can be provoked from outside, provoked, and its answer held against the table."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import httpx

from client import commands
from client.conformance.conversation import Conversation
from client.conformance.speaker import ANSWER_SECONDS
from client.conformance.verdict import Refusal
from client.frames import Frame
from messaging.protocol.codes import ErrorCode

# Nobody and nothing has it: ids are given out from 1.
NOBODY = 2**53 - 1

# An answer, empty where none came, and what has to stand in it beside the code.
Found = tuple[Frame, Frame]
# None: the server may be set up to allow it.
Probe = Callable[[Conversation], Awaitable[Found | None]]


async def provoke_all(talk: Conversation) -> list[Refusal]:
    """Provoke every error, one after another, and judge each answer; the next good frame has to work."""
    refusals = []
    for code, way, probe in _PROBES:
        found = await probe(talk)
        if found is not None:
            refusals.append(Refusal(code.value, way, "; ".join(_problems(code, *found))))
    pong = await talk.ann.ask({"type": "ping", "id": commands.new_id()})
    works = "" if pong.get("type") == "ack" else f"a ping afterwards was answered {pong or 'with nothing'}"
    return [*refusals, Refusal("—", "the socket goes on", works)]


def _problems(code: ErrorCode, answer: Frame, wanted: Frame) -> list[str]:
    if not answer:
        return ["no answer"]
    expected = {"code": code.value, "status": code.status, "retry": code.retry} | wanted
    found = [(name, answer.get(name), value) for name, value in expected.items()]
    wrong = [f"{name} is {value!r}, not {due!r}" for name, value, due in found if value != due]
    if not isinstance(answer.get("detail"), str) or not answer["detail"]:
        wrong.append("no detail")
    if code is ErrorCode.RATE_LIMITED and not isinstance(answer.get("retry_after"), int | float):
        wrong.append("no retry_after")
    return wrong


async def _command(talk: Conversation, type_: str, **fields: object) -> Found:
    command: Frame = {"type": type_, "id": commands.new_id(), **fields}
    return await talk.ann.ask(command), {name: command[name] for name in ("id", "chat") if name in command}


async def _bad_json(talk: Conversation) -> Found:
    return await talk.ann.provoke("{no json"), {"id": None}


async def _binary(talk: Conversation) -> Found:
    return await talk.ann.provoke(b'{"type":"ping","id":"x"}'), {"id": None}


async def _bad_field(talk: Conversation) -> Found:
    answer, wanted = await _command(talk, "sync", chat=talk.group, after=-1)
    return answer, wanted | {"field": "after"}


async def _unknown_type(talk: Conversation) -> Found:
    return await _command(talk, "conformance.nonsense")


async def _too_large(talk: Conversation) -> Found:
    most = talk.ann.ready.get("limits", {}).get("frame_bytes", 65_536)
    return await talk.ann.provoke(json.dumps({"type": "ping", "id": "big", "x": "x" * most})), {"id": None}


async def _before_hello(talk: Conversation) -> Found:
    await talk.cat.disconnect()
    await talk.cat.open()
    ping = {"type": "ping", "id": commands.new_id()}
    answer = await talk.cat.ask(ping)
    await talk.cat.disconnect()
    return answer, {"id": ping["id"]}


async def _no_token(talk: Conversation) -> Found:
    return await _command(talk, "token.refresh", token="nonsense")  # noqa: S106


async def _stranger(talk: Conversation) -> Found:
    return await _command(talk, "message.send", chat=NOBODY, text="is anybody there?")


async def _edit_of_others(talk: Conversation) -> Found:
    frame: Frame = {"type": "sync", "id": commands.new_id(), "chat": talk.group, "after": 0}
    events = (await talk.ann.ask(frame)).get("events", [])
    others = (each["seq"] for each in events if each["sender"] != talk.ann.id and each.get("text"))
    return await _command(talk, "message.edit", chat=talk.group, seq=next(others, 0), text="not mine")


async def _no_message(talk: Conversation) -> Found:
    return await _command(talk, "message.edit", chat=talk.group, seq=NOBODY, text="nothing there")


async def _conflict(talk: Conversation) -> Found:
    id = commands.new_id()
    await talk.ann.write(commands.message_send(talk.group, "the one", id=id))
    answer = await talk.ann.write(commands.message_send(talk.group, "the other", id=id))
    return answer, {"id": id, "chat": talk.group}


async def _flood(talk: Conversation) -> Found:
    """Send twice the burst at once, which is half of what ends a connection."""
    limits = talk.bob.ready.get("limits", {})
    pings = [{"type": "ping", "id": commands.new_id()} for _ in range(2 * limits.get("burst", 40))]
    answers = await asyncio.gather(*(talk.bob.ask(ping) for ping in pings))
    return next((answer for answer in answers if answer.get("type") == "error"), {}), {}


def _over_rest(
    method: str,
    path: str,
    *,
    json: Frame | None = None,
    token: str | None = None,
    field: str | None = None,
    unless: int | None = None,
) -> Probe:
    """Return a probe that calls; `token` replaces the good one, `field` is the one that is wrong.

    A server that is set up otherwise answers with the status `unless`.
    """

    async def call(talk: Conversation) -> Found | None:
        places = {"group": talk.group, "nobody": NOBODY}
        bearer = {"Authorization": f"Bearer {token or talk.ann.rest.access}"}
        body = {**json, "username": talk.ann.name} if json and "username" in json else json
        wanted = {} if field is None else {"field": field}
        async with httpx.AsyncClient(base_url=talk.ann.rest.base_url, timeout=ANSWER_SECONDS) as http:
            try:
                answer = await http.request(method, path.format(**places), json=body, headers=bearer)
                if answer.status_code == unless:
                    return None
                return dict(answer.json()["error"]), {**wanted, "status": answer.status_code}
            except (httpx.HTTPError, ValueError, KeyError, TypeError):
                return {}, {}

    return call


_MESSAGES, _MEMBERS = "/api/chats/{group}/messages/", "/api/chats/{group}/members/"
_REPLY = {"id": "reply-to-nothing", "text": "to whom?", "reply_to": NOBODY}
_SIGN_IN = {"username": "", "password": "not this one"}
_SIGN_UP = {"username": "", "password": secrets.token_urlsafe(16)}
_ELSEWHERE = "/api/ws-ticket/?device=conformance-elsewhere"
_PROBES: tuple[tuple[ErrorCode, str, Probe], ...] = (
    (ErrorCode.BAD_JSON, "socket: no JSON", _bad_json),
    (ErrorCode.BAD_JSON, "socket: a binary message", _binary),
    (ErrorCode.BAD_FRAME, "socket: a number below zero", _bad_field),
    (ErrorCode.UNKNOWN_TYPE, "socket: a type that nobody knows", _unknown_type),
    (ErrorCode.FRAME_TOO_LARGE, "socket: more than frame_bytes", _too_large),
    (ErrorCode.TOKEN_INVALID, "socket: token.refresh with nonsense", _no_token),
    (ErrorCode.NOT_A_MEMBER, "socket: a chat that is not there", _stranger),
    (ErrorCode.FORBIDDEN, "socket: an edit of another's message", _edit_of_others),
    (ErrorCode.MESSAGE_NOT_FOUND, "socket: an edit of nothing", _no_message),
    (ErrorCode.ID_CONFLICT, "socket: an id with other content", _conflict),
    (ErrorCode.RATE_LIMITED, "socket: twice the burst at once", _flood),
    (ErrorCode.HELLO_EXPECTED, "socket: a ping before hello", _before_hello),
    (
        ErrorCode.BAD_FRAME,
        "REST: a message without an id",
        _over_rest("POST", _MESSAGES, json={"text": "x"}, field="id"),
    ),
    (ErrorCode.NOT_A_MEMBER, "REST: a chat that is not there", _over_rest("GET", "/api/chats/{nobody}/")),
    (ErrorCode.MESSAGE_NOT_FOUND, "REST: a reply to nothing", _over_rest("POST", _MESSAGES, json=_REPLY)),
    (ErrorCode.USER_NOT_FOUND, "REST: a member who is nobody", _over_rest("POST", _MEMBERS, json={"user": NOBODY})),
    (ErrorCode.NOT_FOUND, "REST: an address with nothing at it", _over_rest("GET", "/api/conformance/")),
    (ErrorCode.METHOD_NOT_ALLOWED, "REST: DELETE of the chats", _over_rest("DELETE", "/api/chats/")),
    (ErrorCode.TOKEN_INVALID, "REST: a token of nonsense", _over_rest("GET", "/api/chats/", token="nonsense")),  # noqa: S106
    (ErrorCode.CREDENTIALS_INVALID, "REST: a wrong password", _over_rest("POST", "/api/token/", json=_SIGN_IN)),
    (
        ErrorCode.ALREADY_CONNECTED,
        "REST: a ticket from another device",
        _over_rest("GET", _ELSEWHERE, unless=HTTPStatus.OK),
    ),
    (
        ErrorCode.USERNAME_TAKEN,
        "REST: a name that somebody has",
        _over_rest("POST", "/api/users/", json=_SIGN_UP, unless=HTTPStatus.FORBIDDEN),
    ),
)
