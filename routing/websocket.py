"""The one WebSocket route."""

from __future__ import annotations

from channels.routing import URLRouter
from django.urls import path

from consumers.chat import ChatConsumer
from routing.auth import Handshake

application = URLRouter([path("ws/", Handshake(ChatConsumer.as_asgi()))])  # type: ignore[arg-type]  # an ASGI view
