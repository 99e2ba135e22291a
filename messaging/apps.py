"""The Django app."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.db.models.signals import post_migrate


class MessagingConfig(AppConfig):
    """Chats, their logs and who may read them."""

    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Onesocket"

    def ready(self) -> None:
        """Have the one row of Store made where a database is new or was emptied."""
        from messaging import checks  # noqa: F401 - registers them

        post_migrate.connect(_make_store, sender=self)


def _make_store(using: str, apps: Apps = installed, **_kwargs: Any) -> None:
    try:
        store = apps.get_model("messaging", "Store")
    except LookupError:  # migrated back to before there was one
        return
    store._default_manager.using(using).get_or_create(pk=1)
