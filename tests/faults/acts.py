"""What a resident does, one thing after another: mostly say something, and now and then what a good client never would."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator

from client import commands
from client.frames import Frame
from tests.faults.resident import Resident

Act = Callable[[Resident], Awaitable[None]]

# A client that cannot send puts no more than this aside.
_OUTBOX_MOST = 30
_LONG_TEXT = 2_000
# How far back people edit, delete and react, and with what.
_LATELY = 15
_EMOJI = ("👍", "🎉", "❤️")


class Acts:
    """Draws what to do; `chats` are those one may name, `numbers` make every text another."""

    def __init__(self, chats: set[int], numbers: Iterator[int]) -> None:
        self._chats = chats
        self._numbers = numbers
        self._weights, self._acts = zip(*self._list(), strict=True)

    def draw(self, resident: Resident) -> Act:
        """Return the next thing that a resident does."""
        act: Act = resident.draw.choices(self._acts, self._weights)[0]
        return act

    def _list(self) -> list[tuple[int, Act]]:
        return [
            (60, self._say),
            (8, self._say_over_rest),
            (5, self._say_twice_at_once),
            (6, self._say_again),
            (2, self._say_otherwise),
            (3, self._reply),
            (4, self._edit),
            (2, self._delete),
            (5, self._react),
            (3, self._change_and_look),
            (3, self._sync),
            (3, self._page_over_socket),
            (3, self._page_over_rest),
            (6, self._read),
            (5, self._type),
            (1, Resident.garble),
        ]

    def _pick_chat(self, resident: Resident) -> int:
        own = list(resident.client.chats)
        # Now and then one of which the resident is no member, or no more.
        return resident.draw.choice(own if own and resident.draw.random() < 0.95 else sorted(self._chats))

    def _write(self, resident: Resident) -> Frame:
        text = f"{resident.name} says {next(self._numbers)}"
        if resident.draw.random() < 0.02:
            text += " " + "x" * _LONG_TEXT
        write = commands.message_send(self._pick_chat(resident), text)
        resident.writes.append(write)
        return write

    async def _say(self, resident: Resident) -> None:
        if len(resident.client.unsettled) < _OUTBOX_MOST:
            resident.client.post(self._write(resident))

    async def _say_over_rest(self, resident: Resident) -> None:
        write = self._write(resident)
        await _post(resident, write)

    async def _say_twice_at_once(self, resident: Resident) -> None:
        write = self._write(resident)
        resident.client.post(write)
        await _post(resident, write)

    async def _say_again(self, resident: Resident) -> None:
        write = resident.draw.choice(resident.writes or [self._write(resident)])
        if resident.draw.random() < 0.5:
            await _post(resident, write)
        elif not _is_unsettled(resident, write):
            resident.client.post(write)

    async def _say_otherwise(self, resident: Resident) -> None:
        if resident.writes:
            # Only of what has an answer: of two contents under way nobody knows which comes first.
            write = resident.draw.choice(resident.writes)
            if not _is_unsettled(resident, write):
                resident.client.post(write | {"text": f"{resident.name} contradicts {next(self._numbers)}"})

    def _pick_message(self, resident: Resident) -> tuple[int, int]:
        """Return chat and seq of something said of late, or of what is no message."""
        chat = self._pick_chat(resident)
        return chat, max(1, resident.client.chats.get(chat, 0) - resident.draw.randrange(_LATELY))

    def _post(self, resident: Resident, write: Frame) -> None:
        if len(resident.client.unsettled) < _OUTBOX_MOST:
            resident.client.post(write)

    async def _reply(self, resident: Resident) -> None:
        chat, seq = self._pick_message(resident)
        text = f"{resident.name} replies {next(self._numbers)}"
        self._post(resident, commands.message_send(chat, text, reply_to=seq))

    async def _edit(self, resident: Resident) -> None:
        chat, seq = self._pick_message(resident)
        self._post(resident, commands.message_edit(chat, seq, f"{resident.name} corrects {next(self._numbers)}"))

    async def _delete(self, resident: Resident) -> None:
        self._post(resident, commands.message_delete(*self._pick_message(resident)))

    async def _react(self, resident: Resident) -> None:
        emoji, on = resident.draw.choice(_EMOJI), resident.draw.random() < 0.7
        self._post(resident, commands.reaction_set(*self._pick_message(resident), emoji, on=on))

    async def _sync(self, resident: Resident) -> None:
        chat = self._pick_chat(resident)
        after = max(0, resident.client.chats.get(chat, 0) - resident.draw.randrange(40))
        await resident.client.request(sync(chat, after, 50))

    async def _page_over_socket(self, resident: Resident) -> None:
        chat, before = self._pick_page(resident)
        await resident.client.request(history(chat, before=before, limit=20))

    async def _page_over_rest(self, resident: Resident) -> None:
        chat, before = self._pick_page(resident)
        await resident.client.rest.messages(chat, before=before, limit=20)

    def _pick_page(self, resident: Resident) -> tuple[int, int | None]:
        """Return a chat, and mostly a place not far from its end below which one pages back."""
        chat, seq = self._pick_message(resident)
        return chat, seq + 1 if resident.draw.random() < 0.7 else None

    async def _change_and_look(self, resident: Resident) -> None:
        """Look at a message both ways while it is being changed."""
        chat, seq = self._pick_message(resident)
        emoji = resident.draw.choice(_EMOJI)
        changes = [
            commands.message_edit(chat, seq, f"{resident.name} corrects {next(self._numbers)}"),
            commands.message_delete(chat, seq),
            *(commands.reaction_set(chat, seq, emoji, on=on) for on in (True, False)),
        ]
        self._post(resident, resident.draw.choice(changes))
        await resident.client.rest.messages(chat, before=seq + 1, limit=5)
        await resident.client.request(history(chat, before=seq + 1, limit=5))

    async def _read(self, resident: Resident) -> None:
        chat = self._pick_chat(resident)
        await resident.client.mark_read(chat, resident.client.chats.get(chat, 0))

    async def _type(self, resident: Resident) -> None:
        await resident.client.typing(self._pick_chat(resident), on=resident.draw.random() < 0.7)


def sync(chat: int, after: int, limit: int) -> Frame:
    """Return the command that asks for the log of a chat."""
    return {"type": "sync", "id": commands.new_id(), "chat": chat, "after": after, "limit": limit}


def history(chat: int, *, before: int | None = None, limit: int) -> Frame:
    """Return the command that pages back through a chat."""
    asked: Frame = {"type": "history", "id": commands.new_id(), "chat": chat, "limit": limit}
    return asked if before is None else asked | {"before": before}


async def _post(resident: Resident, write: Frame) -> None:
    await resident.client.rest.send_message(write["chat"], write["text"], id=write["id"])


def _is_unsettled(resident: Resident, write: Frame) -> bool:
    return any(each["id"] == write["id"] for each in resident.client.unsettled)
