"""What an application does with its client."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from client import Change, Client, Sent
from tests.client.peer import PATIENCE

C = TypeVar("C", bound=Change)


async def take(client: Client, kind: type[C]) -> C:
    """Take changes until one is of this kind."""
    while not isinstance(change := await asyncio.wait_for(client.events().get(), PATIENCE), kind):
        pass
    return change


def sending(client: Client, *texts: str, chat: int = 7) -> list[asyncio.Task[Sent]]:
    """Send texts in the background, in this order."""
    return [asyncio.create_task(client.send(chat, text, id=text)) for text in texts]
