"""The end of a connection from our side: a last word, then the close frame, in whatever way the server takes them."""

from __future__ import annotations

import asyncio

from consumers.connection_log import ConnectionLog
from consumers.outlet import AnyOutlet, AsgiSend
from messaging import metrics
from messaging.protocol.codec import encode
from messaging.protocol.codes import CloseCode
from messaging.protocol.frames import Bye
from messaging.runtime import Runtime

# How long a server may take to hand over what was said last, and then the close frame.
_CLOSE_SECONDS = 2.0


class Ending:
    """The end of the connection that the current task serves; it begins once, and its code is that of the log."""

    def __init__(self, outlet: AnyOutlet, send: AsgiSend, *, runtime: Runtime, log: ConnectionLog) -> None:
        self._outlet = outlet
        self._send = send
        self._runtime = runtime
        self._log = log
        self._application = asyncio.current_task()
        self.begun = False

    def begin(self, code: CloseCode, *, retry_after: float | None = None) -> None:
        """Say bye and close; nothing is sent after the bye."""
        if self.begun:
            return
        metrics.CLOSES.labels(code.name.lower()).inc()
        self._outlet.send(encode(Bye(code=code, reason=code.reason, retry_after=retry_after)))
        self.note(code)
        self._runtime.spawn(self._close(code))

    def note(self, code: int | None) -> None:
        """Take note that the connection has ended, unless it was ended before; `code` is the peer's, if there was one."""
        if not self.begun and code is not None:
            self._log.code = int(code)
        self.begun = True
        self._outlet.seal()

    async def _close(self, code: CloseCode) -> None:
        """Close, in good order where the server takes what was sent, and by force where it waits for a peer."""
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._outlet.flush()
        except TimeoutError:
            self._outlet.give_up()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": int(code)})
        except TimeoutError:
            if self._application is not None:
                self._application.cancel()
