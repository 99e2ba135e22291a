"""Prepare a first look: the tables, four people with their chats, and the way in."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from messaging import demo
from messaging.conf import get_settings
from messaging.database import is_postgresql


class Command(BaseCommand):
    """Migrate, seed once, and print how to get in."""

    help = "Prepare the database, put four people and their chats into an empty one, and print how to get in."
    # The server checks itself; here it would be a third of the time.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="do it on PostgreSQL too")

    def handle(self, *, force: bool, **_options: Any) -> None:
        """Do it; what is there already stays as it is."""
        if is_postgresql() and not force:
            raise CommandError(
                "The demo makes accounts whose passwords everybody knows; on PostgreSQL it does so only with --force."
            )
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Preparing the database …")
            call_command("migrate", verbosity=0, interactive=False)
        if demo.is_wanted():
            self.stdout.write("Inviting four people …")
            demo.seed()
        self.stdout.write(_describe())


def _describe() -> str:
    # The page connects only from an origin that is allowed, so that is where to open it.
    address = next(iter(get_settings().ws_allowed_origins), "http://127.0.0.1:8000")
    logins = [f"            {login['username']:<9} {login['password']}" for login in demo.list_logins()]
    # A database of others was left as it is.
    way_in = "\n".join(["  Log in    name      password", *logins] if logins else ["  Log in    as one of yours"])
    return f"""
  Open      {address}
            (again in a private window, to be two people)
{way_in}
  Connect   README.md shows how to get a token and open a socket of your own.
  Stop      Ctrl-C
"""
