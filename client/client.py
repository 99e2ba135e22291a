"""The client an application uses: it stays connected, sends what it is given exactly once, and tells what happens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, Self

import httpx

from client import commands
from client.answers import Sent, Tokens, pick
from client.backoff import Backoff
from client.changes import Phase, State
from client.dialog import Dialog
from client.errors import ClientClosed, ConnectionEnded, End, Stopped
from client.feed import Feed
from client.frames import Frame
from client.history import HistoryReader
from client.options import Options
from client.replica import Replica
from client.rest import Rest
from client.store import Store
from client.supervisor import Supervisor
from client.teller import Teller
from client.tokens import Session

logger = logging.getLogger(__name__)


class Client:
    """One user on one device. Everything is called from the event loop it was made in."""

    def __init__(
        self,
        base_url: str,
        username: str,
        password: str | None = None,
        *,
        device: str | None = None,
        store: Store | None = None,
        tokens: Tokens | None = None,
        take: bool = False,
        http: httpx.AsyncClient | None = None,
        options: Options | None = None,
    ) -> None:
        """Take a password, `tokens` or both; `take` replaces another device's connection; `http` may be shared."""
        options = options or Options()
        backoff = Backoff(options.waits, options.random)
        self.rest = Rest(base_url, tokens=tokens, http=http)
        self._replica = Replica(backoff.pause, user_name=username, device=device)
        self._feed = Feed(options.feed_limit)
        self._history = HistoryReader(self.rest, backoff, page=options.history_page, tell=self._feed.put)
        self._teller = Teller(self._replica, store, self._feed, self._history)
        self._supervisor = Supervisor(
            Session(self.rest, username, password),
            self._replica,
            options,
            take=take,
            tell=self._teller.tell,
            observe=self._teller.observe,
        )
        self._supervising: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._restore(store, device)

    @property
    def state(self) -> State:
        """Where the client stands, and why."""
        return self._teller.state

    @property
    def chats(self) -> Mapping[int, int]:
        """The chats of the user, each with the seq applied last."""
        return self._replica.streams.cursors

    @property
    def user(self) -> int | None:
        """The id of the user, known since the first `ready`."""
        return self._replica.streams.user

    @property
    def device(self) -> str:
        """The id of this installation."""
        return self._replica.device

    @property
    def unsettled(self) -> list[Frame]:
        """The writes without a final answer, oldest first."""
        return self._replica.outbox.export()

    def events(self) -> Feed:
        """Return the feed of changes, in order; each is told once, to whoever takes it.

        An application that reads none stops the client after a while: `Options(feed_limit=0)` is for those.
        """
        return self._feed

    async def until(self, *phases: Phase) -> State:
        """Wait for one of `phases`; raise why the client stopped, if it does so first."""
        state = await self._teller.until(*phases, Phase.STOPPED, Phase.CLOSED)
        if state.phase in phases:
            return state
        raise state.cause or ClientClosed

    async def connected(self) -> None:
        """Wait until a connection is ready."""
        await self.until(Phase.CONNECTED, Phase.LIVE)

    async def caught_up(self) -> None:
        """Wait until every chat of a connection has reached its head."""
        await self.until(Phase.LIVE)

    async def send(
        self,
        chat: int,
        text: str,
        *,
        id: str | None = None,
        reply_to: int | None = None,
        attachments: Sequence[object] | None = None,
    ) -> Sent:
        """Write a message and return its place in the chat, however many connections that takes."""
        command = commands.message_send(chat, text, id=id, reply_to=reply_to, attachments=attachments)
        return pick(Sent, await self.write(command))

    async def edit(self, chat: int, seq: int, text: str) -> Sent:
        """Replace the text of a message."""
        return pick(Sent, await self.write(commands.message_edit(chat, seq, text)))

    async def delete(self, chat: int, seq: int) -> Sent:
        """Delete a message."""
        return pick(Sent, await self.write(commands.message_delete(chat, seq)))

    async def react(self, chat: int, seq: int, emoji: str, *, on: bool = True) -> Sent | None:
        """Put an emoji on a message, or take it off; None where that changes nothing."""
        ack = await self.write(commands.reaction_set(chat, seq, emoji, on=on))
        return None if ack.get("noop") else pick(Sent, ack)

    async def write(self, command: Frame) -> Frame:
        """Send a write until it has its final answer, and return the ack; raise CommandRefused where it is an error.

        It waits as long as it takes, while the client is stopped too. Cancelled, the waiting ends and the write does
        not: it may have been sent.
        """
        self.post(command)
        settled = await self._teller.settled(command)
        if settled.refusal:
            raise settled.refusal
        return settled.answer

    def post(self, command: Frame) -> None:
        """Put a write into the outbox and do not wait: it is sent until the feed tells its final answer (`Settled`)."""
        self._refuse_closed()
        self._replica.put(command)
        self._teller.save()
        if self._supervisor.dialog:
            self._supervisor.dialog.look()

    async def request(self, command: Frame) -> Frame:
        """Send a command that is no write (`sync`, `history`, `presence.watch`, `ping`) and return its ack.

        Raises CommandRefused for an error, ConnectionEnded where there is no connection, or none any more.
        """
        return await self._dialog().request(command)

    async def mark_read(self, chat: int, seq: int) -> None:
        """Move the read marker; not answered, and not repeated after a lost connection."""
        await self._dialog().connection.send(commands.read(chat, seq))

    async def typing(self, chat: int, *, on: bool = True) -> None:
        """Say that the user writes, or stopped; not answered."""
        await self._dialog().connection.send(commands.typing(chat, on=on))

    async def watch_presence(self, users: Iterable[int]) -> list[Frame]:
        """Hear of these people's presence and of nobody else's, from now on; return the state of those who may be seen.

        Later ones are told as `Signal`, and so are all of them on the next connections, which watch the same people. Raises
        as `request` does; who is wanted is kept all the same.
        """
        self._replica.watched = list(users)
        ack = await self.request(commands.presence_watch(self._replica.watched))
        return list(ack.get("states", []))

    def start(self) -> None:
        """Begin to connect, in the background."""
        self._refuse_closed()
        if self._supervising is None or self._supervising.done():
            self._teller.save()
            self._supervising = self._spawn(self._supervisor.run())
        if self._reading is None:
            self._reading = self._spawn(self._history.run())

    def reconnect(self, *, take: bool = False) -> None:
        """Connect anew at once: on foreground, on a change of network, or after a stop, when the person says so."""
        self._supervisor.ask(take=take)
        self.start()

    async def run(self) -> None:
        """Stay connected until there is a reason to stop, and raise it."""
        self.start()
        await self.until(Phase.CLOSED)

    async def close(self) -> None:
        """Say good-bye and end everything; what waits for an answer gets ClientClosed."""
        if self.state.phase is Phase.CLOSED:
            return
        self._teller.observe(State(Phase.CLOSED))
        tasks = [task for task in (self._supervising, self._reading) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._teller.close()
        await self.rest.close()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def _dialog(self) -> Dialog:
        dialog = self._supervisor.dialog
        if dialog is None or dialog.lived is None:
            raise ConnectionEnded(End(None, "not connected"))
        return dialog

    def _refuse_closed(self) -> None:
        if self.state.phase is Phase.CLOSED:
            raise ClientClosed

    def _restore(self, store: Store | None, device: str | None) -> None:
        saved = store.load() if store else None
        if saved:
            self._replica.restore(saved)
        if device:
            self._replica.device = device

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            logger.error("the client broke", exc_info=error)
            self._teller.observe(State(Phase.STOPPED, "broken", cause=Stopped(f"broken: {error!r}")))
