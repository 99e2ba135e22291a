"""The application of the baseline, for any ASGI server."""

from __future__ import annotations

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished
from django.db import connection
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.baseline.settings")
django_application = get_asgi_application()

from bench.baseline.consumer import ChatConsumer  # noqa: E402 -- needs the apps


def _close_connection(**_signal: Any) -> None:
    # A request has a thread of its own: a connection that persists would be lost with it.
    connection.close()


request_finished.connect(_close_connection)

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": URLRouter([path("ws/", ChatConsumer.as_asgi())]),
    }
)
