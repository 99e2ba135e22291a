"""Chat in a terminal: `client.terminal` under a name that is near at hand."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from client.terminal.arguments import add_arguments, read_settings
from client.terminal.program import run


class Command(BaseCommand):
    """Chat as a user of any server; this project's own settings and database have no part in it."""

    help = "Chat in a terminal, as a user of a running server."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, **options: Any) -> None:
        """Run the program, and end with its exit code."""
        sys.exit(run(read_settings(options, os.environ)))
