"""Connections to the real consumer, handshake included, without a server in between."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import jwt
import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings

from messaging import accounts, services
from messaging.access import issue_tokens
from messaging.database import run_in_thread
from messaging.runtime import get_runtime, with_runtime
from messaging.tickets import leave_ticket
from routing.websocket import application
from tests.vocabulary import ClosedError, Frame, Talk


def forge_access(user: int, **change: Any) -> str:
    """Return an access token, good but for `change`: claims, `key` or `alg`."""
    claims: dict[str, Any] = {
        "token_type": "access",
        "exp": 4102444800,
        "jti": "x",
        "user_id": str(user),
        "tv": 0,
    } | change
    key = str(claims.pop("key", settings.SIMPLE_JWT["SIGNING_KEY"]))
    algorithm = claims.pop("alg", "HS256")
    return jwt.encode(claims, "" if algorithm == "none" else key, algorithm=algorithm)


class ConsumerTalk(Talk):
    """A connection through ASGI messages."""

    def __init__(self, user: int, communicator: WebsocketCommunicator) -> None:
        self.user = user
        self.communicator = communicator

    async def put(self, text: str) -> None:
        await self.communicator.send_input({"type": "websocket.receive", "text": text})

    async def take(self) -> Frame:
        message = await self.communicator.output_queue.get()
        if message["type"] == "websocket.close":
            raise ClosedError(message.get("code"))
        frame: Frame = json.loads(message["text"])
        return frame

    async def leave(self) -> None:
        """End the connection as its peer would."""
        await self.communicator.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.communicator.wait()


class World:
    """Users, chats and connections of one test."""

    def __init__(self) -> None:
        self._open: list[ConsumerTalk] = []
        self._numbers = itertools.count()
        self.application = with_runtime(application)

    def fresh(self) -> int:
        """Return a number that this world has not given before."""
        return next(self._numbers)

    async def user(self, name: str) -> int:
        """Make a user."""
        user = await run_in_thread(accounts.register_user, username=name, password="x")
        return int(user.pk)

    async def users(self, *names: str) -> list[int]:
        """Make several users."""
        return [await self.user(name) for name in names]

    async def group(self, creator: int, *others: int) -> int:
        """Make a group."""
        make = services.create_chat
        chat, _ = await run_in_thread(make, creator=creator, kind="group", members=list(others), title="Group")
        return chat

    async def say(self, user: int, chat: int, *texts: str) -> None:
        """Write messages as REST would."""
        for text in texts:
            await run_in_thread(services.send_message, sender=user, chat=chat, id=f"rest-{text}", text=text)

    async def call(self, service: Callable[..., Any], **arguments: Any) -> Any:
        """Call a service from a thread, as a view does."""
        return await run_in_thread(service, **arguments)

    async def access(self, user: int) -> str:
        """Return an access token."""
        return (await run_in_thread(issue_tokens, user)).access

    async def leave_ticket(self, user: int, *, device: str = "phone", take: bool = False) -> None:
        """Leave a ticket, as the REST call does."""
        await run_in_thread(leave_ticket, user, device=device, take=take)

    async def open(self, user: int, *, query: str = "", **options: Any) -> WebsocketCommunicator:
        """Return a handshake that was not begun, its ticket left."""
        await self.leave_ticket(user)
        return WebsocketCommunicator(self.application, f"/ws/?device=phone{query}", **options)

    async def settle(self) -> None:
        """Return when what ended connections left behind is done."""
        runtime = get_runtime()
        assert runtime is not None
        await runtime.settle()

    async def handshake(
        self, user: int, *, device: str = "phone", take: bool = False, ticket: bool = True, headers: Any = None
    ) -> tuple[ConsumerTalk, bool]:
        """Try to open a socket; tell whether it was let in."""
        if ticket:
            await self.leave_ticket(user, device=device, take=take)
        if headers is None:
            headers = [(b"authorization", b"Bearer " + (await self.access(user)).encode())]
        communicator = WebsocketCommunicator(self.application, f"/ws/?device={device}", headers=headers)
        connected, _ = await communicator.connect(timeout=10)
        talk = ConsumerTalk(user, communicator)
        if connected:
            self._open.append(talk)
        return talk, connected

    async def connect(self, user: int, **options: Any) -> ConsumerTalk:
        """Open a socket."""
        talk, connected = await self.handshake(user, **options)
        assert connected
        return talk

    async def join(self, user: int, *, resume: dict[int, int] | None = None, **options: Any) -> ConsumerTalk:
        """Open a socket and say hello; with `resume`, under the epoch of now unless another is given."""
        epoch = options.pop("epoch", None)
        talk = await self.connect(user, **options)
        fields = {} if resume is None else {"resume": resume, "epoch": epoch or await self.epoch()}
        await talk.hello(**fields)
        if all(chat["head"] < chat["from"] for chat in talk.ready["chats"]):
            await talk.expect("caught_up")
        return talk

    async def epoch(self) -> str:
        """Return the epoch of the store."""
        from messaging.models import Store

        return await run_in_thread(lambda: Store.objects.get(pk=1).epoch)

    async def close(self) -> None:
        """End every connection that is still open."""
        for talk in self._open:
            if not talk.communicator.future.done():
                await talk.leave()


@pytest.fixture
def limits(settings: Any) -> Callable[..., None]:
    """Return a function that sets some of the limits for this test."""

    def change(**values: Any) -> None:
        settings.ONESOCKET = settings.ONESOCKET | {"LIMITS": settings.ONESOCKET["LIMITS"] | values}

    return change


@pytest.fixture
async def world(transactional_db: None) -> AsyncIterator[World]:
    """Yield an empty world; its connections end with the test."""
    made = World()
    yield made
    await made.close()
