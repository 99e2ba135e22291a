"""What a person can do about a client that does not go on by itself: take over, sign in again, or leave."""

from __future__ import annotations

from client.changes import State
from client.errors import AccountDisabled, AlreadyConnected, ClientError, Replaced, RestError, SignInRefused
from client.terminal.desk import Desk
from client.terminal.errors import Failure, explain


class Stops:
    """Asks where somebody is there to be asked, and ends the program where nobody is, or nothing helps."""

    def __init__(self, desk: Desk, user: str) -> None:
        self._desk = desk
        self._user = user

    async def settle(self, state: State) -> None:
        """Get the client going again."""
        try:
            with self._desk.asking():
                await self._settle(state)
        except Failure as failure:
            self._desk.fail(failure)

    async def _settle(self, state: State) -> None:
        match state.cause:
            case AlreadyConnected():
                await self._take("connected from another device", "Take over?")
            case Replaced():
                await self._take("another device took over", "Take it back?")
            case SignInRefused():
                await self._sign_in()
            case AccountDisabled():
                raise Failure("this account is disabled")
            case cause:
                raise Failure(f"the connection ended for good: {cause or state.why}")

    async def _take(self, why: str, question: str) -> None:
        if not self._desk.console.interactive:
            raise Failure(f"{why}; --take takes over")
        self._desk.tell(f"— {why}")
        if not (await self._desk.ask(f"{question} [y/N] ")).lower().startswith("y"):
            raise Failure("left to the other device")
        self._desk.client.reconnect(take=True)

    async def _sign_in(self) -> None:
        if not self._desk.console.hides:
            raise Failure("signed out; start again to sign in")
        self._desk.tell("— you were signed out")
        while True:
            password = await self._desk.ask(f"Password of {self._user}: ", hidden=True)
            try:
                await self._desk.rest.login(self._user, password)
            except ClientError as error:
                self._desk.tell(f"! {_refused(error)}")
            else:
                return self._desk.client.reconnect()


def _refused(error: ClientError) -> str:
    return "wrong password" if isinstance(error, RestError) and error.status == 401 else explain(error)
