"""What uvicorn speaks with a client over HTTP: its own protocol, with the bounds that Daphne has."""

from __future__ import annotations

from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

# For a request from its head to the end of its answer; and the longest head.
_REQUEST_SECONDS = 30.0
_HEAD_BYTES = 64 * 1024


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with bounds on how long a client may say nothing, an answer take, and a head be."""

    in_head = False
    head_bytes = 0
    request_timer: TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_keepalive_if_required()
        self._cancel_request_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.get_protocol() is not self or self.transport.is_closing():
            return
        self.head_bytes = self.head_bytes + len(data) if self.in_head else 0
        if self.head_bytes > _HEAD_BYTES:
            self.send_400_response("The head of the request is too long.")
        elif not self._is_answering():
            self._wait()

    def _is_answering(self) -> bool:
        """Tell whether a request has come as a whole and has no answer yet."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete and not cycle.more_body

    def _wait(self) -> None:
        """Give the client so long to say more."""
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def on_message_begin(self) -> None:
        self.in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.in_head = False
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.request_timer = self.loop.call_later(_REQUEST_SECONDS, self.transport.abort)
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        self._cancel_request_timer()
        super().on_response_complete()

    def _cancel_request_timer(self) -> None:
        if self.request_timer is not None:
            self.request_timer.cancel()
            self.request_timer = None
