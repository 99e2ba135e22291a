"""The application for any ASGI server; `project.server` and `project.uvicorn_server` are those we run."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished
from django.db import connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
# Before the imports below: they need the apps.
django_application = get_asgi_application()

from messaging.runtime import with_runtime  # noqa: E402
from routing.websocket import application as websocket_application  # noqa: E402


def _close_connections(**_signal: Any) -> None:
    """Close what a request opened.

    Its thread ends with it, so a connection kept for the next one would lie open until the garbage collector comes by:
    a thousand requests later the process is out of files.
    """
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


request_finished.connect(_close_connections)

application = with_runtime(ProtocolTypeRouter({"http": django_application, "websocket": websocket_application}))
