"""The one WebSocket route."""

from __future__ import annotations

from typing import Any

from channels.routing import URLRouter
from django.urls import path, re_path

from consumers.chat import ChatConsumer
from routing.auth import Handshake


async def refuse(_scope: Any, _receive: Any, send: Any) -> None:
    """Refuse a handshake at an address where there is nothing."""
    await send({"type": "websocket.close"})


application = URLRouter(
    [
        path("ws/", Handshake(ChatConsumer.as_asgi())),  # type: ignore[arg-type]  # an ASGI application, not a view
        re_path("", refuse),  # type: ignore[arg-type]
    ]
)
