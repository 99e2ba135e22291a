"""What a server process is, whichever server runs in it: how it tells where it serves, what it does to its memory, its end.

A process that is told to stop says goodbye to its clients and finishes its writes; `end` has the order and the bounds. A
server lends it what differs: its ports, and what is still under way.
"""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Sequence
from threading import Timer
from typing import Any, Protocol

from project.env import load

logger = logging.getLogger("project.server")

APPLICATION = "project.asgi:application"
HOST = "127.0.0.1"

# Over our own limit on a frame, so that one beyond it is answered and not cut off.
MESSAGE_BYTES = 256 * 1024
# Of a message that is sent in parts; each costs memory, also one without a byte.
PARTS_MOST = 1000
# Connections that wait to be taken; the system may have a lower bound of its own.
BACKLOG = 2048
# A ping is sent so often, and its answer waited for so long.
PING_SECONDS, PONG_SECONDS = 15, 12
# A ping that is late is looked at so often, and a peer whose kernel was silent so often in a row has vanished.
LOOK_SECONDS, SILENCES = 2.0, 3
# Frames of a client that wait for the application, beyond which the socket is not read; up to a few of one read more.
FRAMES_UNREAD = 16

# After the clients had their time: to cancel what is left, to stop the runtime, and to be gone whatever hangs.
_CANCEL_SECONDS = 0.5
_STOP_SECONDS = 1.0
_HANG_SECONDS = 2.0
# For threads to end by themselves, once everything is done.
_JOIN_SECONDS = 0.3
# honcho and its supervisor may both pass on the same signal.
_SECOND_SIGNAL_SECONDS = 1.0
_POLL_SECONDS = 0.02
_SWITCH_SECONDS = 0.0003


class Server(Protocol):
    """What the end of a process asks of a server."""

    def close_ports(self) -> None:
        """Take no more connections."""

    def is_busy(self) -> bool:
        """Tell whether an answer is under way or a WebSocket has not finished its closing handshake."""

    def running(self) -> Sequence[asyncio.Future[Any]]:
        """Return the applications that have not ended."""


async def end(server: Server) -> None:
    """End all that runs in this process, within DRAIN_SECONDS and a little; where something hangs, the process ends."""
    # Not at the top: the application is loaded after this module.
    from messaging.runtime import get_runtime

    loop = asyncio.get_running_loop()
    seconds = load().limits.drain_seconds
    deadline = loop.time() + seconds
    loop.call_later(_SECOND_SIGNAL_SECONDS, _let_signals_kill)
    _exit_after(seconds + _HANG_SECONDS, status=1)
    runtime = get_runtime()
    if runtime is not None:
        # The port stays open for as long as that takes: a balancer reads at /readyz that it is to look elsewhere.
        await _within(seconds, runtime.drain())
    server.close_ports()
    while server.is_busy() and loop.time() < deadline:  # noqa: ASYNC110 -- no server tells that one has ended
        await asyncio.sleep(_POLL_SECONDS)
    await _cancel(server.running())
    if runtime is not None:
        await _within(max(0.0, deadline - loop.time()) + _STOP_SECONDS, runtime.stop())
    # The interpreter waits for its threads, and one may wait for a database that is away: all is done without it.
    _exit_after(_JOIN_SECONDS, status=0)


async def _cancel(running: Sequence[asyncio.Future[Any]]) -> None:
    for task in running:
        task.cancel()
    if running:
        logger.warning("Requests and connections that did not end in time are given up: %d.", len(running))
        await asyncio.wait(running, timeout=_CANCEL_SECONDS)


async def _within(seconds: float, work: Awaitable[None]) -> None:
    """Wait for one step of the end; whatever becomes of it, the next one follows."""
    try:
        await asyncio.wait_for(work, seconds)
    except Exception:
        logger.exception("A step of the shutdown failed.")


def _exit_after(seconds: float, *, status: int) -> None:
    # From a thread: the event loop, or a database thread that the interpreter waits for, may be what hangs.
    timer = Timer(seconds, os._exit, [status])
    timer.daemon = True
    timer.start()


def _let_signals_kill() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def freeze_memory() -> None:
    """Spare the garbage collector what is loaded by now, which lives as long as the process.

    No collection need look at it again, and with thousands of connections a full one is long.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def share_interpreter() -> None:
    """Let the event loop and the writer's thread take turns sooner than after Python's 5 ms.

    Each answer of the database that the writer waits for costs it a turn: a commit takes ten or so.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)


def choose_port(given: int | None) -> int:
    """Return the port to serve on, which is PORT where none is given."""
    if given is not None:
        # Before the settings are read: the origins allowed by default name the port.
        os.environ["PORT"] = str(given)
    default = load().port
    return default if given is None else given


def tell_serving(where: object) -> None:
    """Log where the process serves: a path, or host and port."""
    if isinstance(where, tuple):
        host, port = where[:2]
        where = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    logger.info("Serving on %s", where)


def tell_refused(reason: str) -> None:
    """Print why the process does not serve."""
    print(f"onesocket: {reason.rstrip('.')}.", file=sys.stderr)
