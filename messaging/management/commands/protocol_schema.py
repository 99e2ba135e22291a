"""Write the schemas of the wire and of REST: what a client in another language is generated from, or checked with."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from messaging.api.schema import describe_api
from messaging.protocol.schema import describe_frames, describe_socket, render


class Command(BaseCommand):
    """Generate each document from the types that are read and written."""

    help = "Write JSON Schema and AsyncAPI of every frame and OpenAPI of REST, generated from the types."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/schema"), help="where to write them")

    def handle(self, *, folder: Path, **_options: Any) -> None:
        """Write them, and print where they are."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in list_documents().items():
            (folder / name).write_text(text, encoding="utf-8")
            self.stdout.write(str(folder / name))


def list_documents() -> dict[str, str]:
    """Return the text of each file by its name."""
    documents = {"chat.v1": describe_frames(), "asyncapi": describe_socket(), "openapi": describe_api()}
    return {f"{name}.json": render(document) for name, document in documents.items()}
