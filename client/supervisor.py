"""The reconnect loop: a ticket, a socket, a conversation, and by its end the next attempt, until one says stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from client.backoff import Backoff, Step
from client.changes import Change, Phase, State
from client.connection import Connection
from client.dialog import Dialog
from client.errors import ClientError
from client.options import Options
from client.replica import Replica
from client.tokens import Session

logger = logging.getLogger(__name__)


class Supervisor:
    """Keeps at most one socket of one replica open."""

    def __init__(
        self,
        session: Session,
        replica: Replica,
        options: Options,
        *,
        take: bool,
        tell: Callable[[Sequence[Change]], Awaitable[None]],
        observe: Callable[[State], None],
    ) -> None:
        self.dialog: Dialog | None = None
        self._session = session
        self._rest = session.rest
        self._replica = replica
        self._options = options
        self._take = take
        self._tell = tell
        self._observe = observe
        self._backoff = Backoff(options.waits, options.random)
        self._asked = asyncio.Event()
        # The access token of a connection that ended with 43xx: to be replaced before the next attempt.
        self._spent: str | None = None

    def ask(self, *, take: bool) -> None:
        """Ask for a new connection now, in place of any other; with `take`, in place of another device's too."""
        self._take = self._take or take
        self._asked.set()

    async def run(self) -> None:
        """Connect again and again, until there is a reason to stop."""
        step = Step("started")
        while step.stop is None or self._asked.is_set():
            self._observe(State(Phase.CONNECTING, step.why))
            step = await self._attempt_unless_asked()
            logger.info("connection over: %s, next in %.2f s", step.why, step.wait)
            if step.stop is None and step.wait:
                self._observe(State(Phase.RECONNECTING, step.why, step.wait))
                await self._pause(step.wait)
        self._observe(State(Phase.STOPPED, step.why, cause=step.stop))

    async def _attempt_unless_asked(self) -> Step:
        self._asked.clear()
        attempt = asyncio.create_task(self._attempt())
        asked = asyncio.create_task(self._asked.wait())
        try:
            await asyncio.wait((attempt, asked), return_when=asyncio.FIRST_COMPLETED)
            # Only the newest socket counts (§8): what ended the old one does not, once a new one was asked for.
            if self._asked.is_set():
                self._backoff.reset()
                return Step("asked")
            return attempt.result()
        finally:
            attempt.cancel()
            asked.cancel()
            await asyncio.gather(attempt, asked, return_exceptions=True)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._asked.wait()
                self._backoff.reset()

    async def _attempt(self) -> Step:
        try:
            await self._renew_spent()
            ticket = await self._rest.ticket(self._replica.device, take=self._take)
            token = self._rest.access
            connection = await Connection.open(
                self._rest.base_url,
                path=ticket.path,
                token=token,
                browser=self._options.browser,
                ping_seconds=self._options.ping_seconds,
                tap=self._options.tap,
            )
        except ClientError as error:
            return self._backoff.after_error(error)
        return await self._talk(connection, token)

    async def _talk(self, connection: Connection, token: str | None) -> Step:
        dialog = Dialog(connection, self._replica, self._options, tell=self._tell, renew=self._renewed)
        self.dialog = dialog
        try:
            end = await dialog.run()
            lived = dialog.lived
        finally:
            self.dialog = None
            # The person said "take" to what was there then, not to whoever comes later.
            self._take = self._take and dialog.lived is None
            await self._leave(connection)
        step = self._backoff.after_close(end, lived=lived)
        self._spent = token if step.renew else None
        return step

    async def _leave(self, connection: Connection) -> None:
        # A new connection is asked for where the network has changed: nobody may be there to say good-bye to.
        await (connection.abort() if self._asked.is_set() else connection.close())

    async def _renew_spent(self) -> None:
        if self._spent is not None:
            await self._session.renew(self._spent)
            self._spent = None

    async def _renewed(self) -> str:
        await self._session.renew(self._rest.access)
        return self._rest.access or ""
