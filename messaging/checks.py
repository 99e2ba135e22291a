"""System checks: settings that start well and then lose messages."""

from __future__ import annotations

import os
from typing import Any

from channels.layers import channel_layers
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

_PROCESS_VARIABLES = ("WEB_CONCURRENCY", "PROCESSES")


@register("onesocket")
def check_processes(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse several processes that cannot hear each other."""
    backend = channel_layers.configs.get("default", {}).get("BACKEND", "")
    several = any(os.environ.get(name, "1") not in ("", "1") for name in _PROCESS_VARIABLES)
    if "InMemory" not in backend:
        return []
    if several:
        return [Error("Several processes need Redis: the in-memory layer reaches one.", id="onesocket.E001")]
    if settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        hint = "Set REDIS_URL, or see to it that only one server process runs."
        return [Warning("The in-memory layer and cache serve one process only.", hint=hint, id="onesocket.W001")]
    return []
