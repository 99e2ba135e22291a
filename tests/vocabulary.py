"""The one vocabulary of every test that speaks over a socket, whatever carries the frames."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import pytest

Frame = dict[str, Any]

# Long enough for a slow machine; nothing waits for it but a test that fails.
PATIENCE = 10.0
# How long silence is listened to.
SILENCE = 0.15

_ids = itertools.count(1)


class ClosedError(Exception):
    """The server ended the connection."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Talk:
    """One connection under test; subclasses carry `put` and `take`."""

    user = 0
    ready: Frame

    async def put(self, text: str) -> None:
        """Send one text message."""
        raise NotImplementedError

    async def take(self) -> Frame:
        """Return the next frame; raises ClosedError."""
        raise NotImplementedError

    async def send(self, type: str, **fields: Any) -> str:
        """Send a command, with an id of its own unless one is given; return the id."""
        id = fields.pop("id", None) or f"c{next(_ids)}"
        await self.put(json.dumps({"type": type, "id": id, **fields}))
        return id

    async def say(self, chat: int, text: str = "hi", **fields: Any) -> str:
        """Send a message; return its id."""
        return await self.send("message.send", chat=chat, text=text, **fields)

    async def hello(self, **fields: Any) -> Frame:
        """Say hello and return the `ready`; what is replayed follows."""
        id = await self.send("hello", **fields)
        self.ready = await self.expect("ready", id=id)
        return self.ready

    async def expect(self, type: str, **fields: Any) -> Frame:
        """Return the next frame, which is of this type and has these fields."""
        frame = await asyncio.wait_for(self.take(), PATIENCE)
        assert frame["type"] == type, frame
        assert {name: frame.get(name) for name in fields} == fields, frame
        return frame

    async def expect_ack(self, id: str, **fields: Any) -> Frame:
        """Return the next frame, which is the ack of `id`."""
        return await self.expect("ack", id=id, status=200, **fields)

    async def expect_error(self, code: str, **fields: Any) -> Frame:
        """Return the next frame, which is an error with this code."""
        return await self.expect("error", code=code, **fields)

    async def expect_event(self, chat: int, seq: int, type: str = "message.created", **fields: Any) -> Frame:
        """Return the next frame, which is event `seq` of `chat`."""
        return await self.expect(type, chat=chat, seq=seq, **fields)

    async def expect_texts(self, chat: int, first: int, texts: list[str]) -> None:
        """Expect messages `first`, `first`+1 … of `chat`, and nothing between them."""
        for seq, text in enumerate(texts, first):
            await self.expect_event(chat, seq, text=text)

    async def expect_nothing(self) -> None:
        """Expect silence."""
        listening = asyncio.ensure_future(self.take())
        done, _ = await asyncio.wait([listening], timeout=SILENCE)
        listening.cancel()
        assert not done, listening.result()

    async def expect_close(self, code: int) -> Frame:
        """Expect `bye` and the close frame, both with this code."""
        bye = await self.expect("bye", code=code)
        with pytest.raises(ClosedError) as closed:
            await asyncio.wait_for(self.take(), PATIENCE)
        assert closed.value.code == code
        return bye
