"""The application for any ASGI server; `project.server` is the one we run."""

import os

from channels.routing import ProtocolTypeRouter

from project.handler import get_handler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
# Before the imports below: they need the apps.
django_application = get_handler()

from messaging.runtime import with_runtime  # noqa: E402
from routing.websocket import application as websocket_application  # noqa: E402

application = with_runtime(ProtocolTypeRouter({"http": django_application, "websocket": websocket_application}))
