"""Name a new history of the store: after a restore, or a fail-over that lost commits."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from messaging.models import Store, new_epoch


class Command(BaseCommand):
    """Give the store a new epoch, under which no client trusts what it has read before."""

    help = "Give the store a new epoch. Run it after a restore or a lossy fail-over: clients then read everything anew."

    def handle(self, **_options: Any) -> None:
        """Do it, and print the new epoch."""
        store, _ = Store.objects.update_or_create(pk=1, defaults={"epoch": new_epoch()})
        self.stdout.write(store.epoch)
