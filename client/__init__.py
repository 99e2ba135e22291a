"""The reference client of chat.v1: what a mobile developer ports, and what the project's own tests stand upon.

`Client` is for applications. `Replica` (with `Streams` and `Outbox`) is the same without I/O; `Connection` and `Rest`
speak raw frames and calls. Nothing here knows more of the server than the protocol, and imports no more of the project.
"""

from client.answers import Chat, Page, Sent, Ticket, Tokens, User
from client.backoff import Waits
from client.changes import (
    Applied,
    Broken,
    CaughtUp,
    Change,
    Dropped,
    Forgotten,
    History,
    Phase,
    Ready,
    Settled,
    Signal,
    State,
)
from client.client import Client
from client.connection import Connection
from client.errors import (
    AccountDisabled,
    AlreadyConnected,
    AnswerError,
    ClientClosed,
    ClientError,
    CommandRefused,
    ConnectionEnded,
    End,
    HandshakeRefused,
    Replaced,
    RestError,
    SignInRefused,
    Stopped,
    TransportError,
)
from client.frames import Frame
from client.options import Options
from client.replica import Replica
from client.rest import Rest
from client.store import JsonFile, Store

__all__ = [
    "AccountDisabled",
    "AlreadyConnected",
    "AnswerError",
    "Applied",
    "Broken",
    "CaughtUp",
    "Change",
    "Chat",
    "Client",
    "ClientClosed",
    "ClientError",
    "CommandRefused",
    "Connection",
    "ConnectionEnded",
    "Dropped",
    "End",
    "Forgotten",
    "Frame",
    "HandshakeRefused",
    "History",
    "JsonFile",
    "Options",
    "Page",
    "Phase",
    "Ready",
    "Replaced",
    "Replica",
    "Rest",
    "RestError",
    "Sent",
    "Settled",
    "SignInRefused",
    "Signal",
    "State",
    "Stopped",
    "Store",
    "Ticket",
    "Tokens",
    "TransportError",
    "User",
    "Waits",
]
