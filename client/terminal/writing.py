"""What the person writes into the open chat: messages and replies, other texts, deletions and reactions."""

from __future__ import annotations

from client import commands
from client.errors import CommandRefused
from client.frames import Frame
from client.terminal.desk import Desk
from client.terminal.entry import USAGES, split_target
from client.terminal.errors import Problem, explain_refusal

# Writes that a script may be ahead of the server.
_AHEAD = 50


class Writing:
    """Makes writes of lines; their answers are told by the listener."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def say(self, text: str) -> None:
        """Send a message."""
        await self._post(commands.message_send(self._desk.opened().chat, text))

    async def edit(self, argument: str) -> None:
        """Give an own message another text: the one that is named, or the newest."""
        seq, text = split_target(argument)
        chat = self._desk.opened().chat
        if not text:
            raise _say_more("edit")
        await self._post(commands.message_edit(chat, await self._newest(chat) if seq is None else seq, text))

    async def delete(self, argument: str) -> None:
        """Take a message back."""
        seq, rest = _named("delete", argument)
        if rest:
            raise _say_more("delete")
        await self._post(commands.message_delete(self._desk.opened().chat, seq))

    async def reply(self, argument: str) -> None:
        """Answer a message with another one."""
        seq, text = _named("reply", argument)
        if not text:
            raise _say_more("reply")
        await self._post(commands.message_send(self._desk.opened().chat, text, reply_to=seq))

    async def react(self, argument: str) -> None:
        """Put an emoji on a message, or take it off."""
        seq, rest = _named("react", argument)
        match rest.split():
            case [emoji]:
                on = True
            case [emoji, "off"]:
                on = False
            case _:
                raise _say_more("react")
        await self._post(commands.reaction_set(self._desk.opened().chat, seq, emoji, on=on))

    async def _newest(self, chat: int) -> int:
        """Return the newest own message, once it is certain that it is: one without an answer has no number yet."""
        if not self._desk.console.interactive:
            await self._desk.sent(at_most=0)
        elif self._desk.sends(chat):
            raise Problem("your last message is not stored yet; /edit #SEQ TEXT changes another one")
        view = self._desk.book.view
        seq = view.shown.last_of(self._desk.book.me) if view and view.chat == chat else None
        if seq is None:
            raise Problem("no message of yours stands here; /edit #SEQ TEXT changes one further up")
        return seq

    async def _post(self, write: Frame) -> None:
        if not self._desk.console.interactive:
            await self._desk.sent(at_most=_AHEAD)
        try:
            self._desk.post(write)
        except CommandRefused as refusal:
            raise Problem(f"not sent: {explain_refusal(write, refusal)}") from refusal


def _named(name: str, argument: str) -> tuple[int, str]:
    seq, rest = split_target(argument)
    if seq is None:
        raise Problem(f"which message? /{name} {USAGES[name].argument}")
    return seq, rest


def _say_more(name: str) -> Problem:
    return Problem(f"like this: /{name} {USAGES[name].argument}")
