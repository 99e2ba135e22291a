"""What can go wrong for a client, as one tree.

ClientError
├── TransportError         nobody answered, or not in the protocol: network, TLS, timeout, no JSON
│   └── HandshakeRefused   the server answered the WebSocket handshake with an HTTP status
├── AnswerError            the error object of the protocol
│   ├── RestError          … a REST call got
│   └── CommandRefused     … a command on the socket got
├── ConnectionEnded        the socket is closed; carries the code, and the `bye` if there was one
├── Stopped                the client does not go on by itself
│   ├── SignInRefused      the tokens are worthless and the password, if there is one, is not accepted
│   ├── AlreadyConnected   another device of this user is connected; the person decides
│   ├── Replaced           a newer connection of this user took over
│   └── AccountDisabled    this user may not connect any more
└── ClientClosed           `close()` was called
"""

from __future__ import annotations

from dataclasses import dataclass


class ClientError(Exception):
    """Anything this package raises on purpose."""


class TransportError(ClientError):
    """Nobody answered, or what answered does not speak the protocol."""


class HandshakeRefused(TransportError):
    """The WebSocket handshake was answered with an HTTP status other than 101."""

    def __init__(self, status: int) -> None:
        super().__init__(f"handshake refused with HTTP {status}")
        self.status = status


class AnswerError(ClientError):
    """The error object of the protocol, as REST and the socket both carry it."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str = "",
        *,
        retry: bool = False,
        field: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.retry = retry
        self.field = field
        self.retry_after = retry_after


class RestError(AnswerError):
    """The server answered a REST call with an error."""


@dataclass(frozen=True, slots=True)
class End:
    """How a socket ended; 1006 or None is a socket that was cut."""

    code: int | None
    reason: str = ""
    retry_after: float | None = None


class ConnectionEnded(ClientError):
    """The socket is closed: nothing can be sent or received any more."""

    def __init__(self, end: End) -> None:
        super().__init__(f"connection ended with {end.code} {end.reason}".rstrip())
        self.end = end


class CommandRefused(AnswerError):
    """A command got an error; of a write, the final one."""


class Stopped(ClientError):
    """The client does not go on by itself."""

    def __init__(self, why: str = "stopped") -> None:
        super().__init__(why)
        self.why = why


class SignInRefused(Stopped):
    """Neither the refresh token nor the password gets a new access token."""


class AlreadyConnected(Stopped):
    """Another device of this user is connected; ask the person, then `reconnect(take=True)`."""


class Replaced(Stopped):
    """A newer connection of this user took over."""


class AccountDisabled(Stopped):
    """This user may not connect any more."""


class ClientClosed(ClientError):
    """The client was closed; what is in the outbox was not confirmed."""
