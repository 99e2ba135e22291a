"""What every test stands on: the process's threads and layers are made anew for each event loop and given back after."""

from __future__ import annotations

import inspect
import signal
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from asgiref.sync import sync_to_async
from channels.layers import channel_layers
from django.db import connections

from messaging.database import close_pool
from messaging.runtime import get_runtime
from tests.vocabulary import PATIENCE

# Folders whose tests mostly wait.
_BESIDE = ("browser", "faults", "stalls")
# Threads of a runtime that end with it, though nobody waits for them.
_LANES = ("writer_", "beat_", "tail_", "presence_", "signals_")

pytest_plugins = ["tests.servers", "tests.consumers.streams"]


def pytest_configure() -> None:
    """Have the servers of the tests take SIGINT: a shell's job in the background ignores it, and what it starts does too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs beside the rest by its folder, and refuse an async database test that is not transactional.

    Its writes would happen in threads outside its transaction.
    """
    for item in items:
        if item.path.parent.name in _BESIDE:
            item.add_marker(item.path.parent.name)
        marker = item.get_closest_marker("django_db")
        function = getattr(item, "function", None)
        if marker and inspect.iscoroutinefunction(function) and not marker.kwargs.get("transaction"):
            raise pytest.UsageError(f"{item.nodeid} needs django_db(transaction=True).")


@pytest.fixture(scope="session", autouse=True)
def _close_threads() -> Iterator[None]:
    yield
    close_pool()


def _join_lanes() -> None:
    """Wait until the threads of lanes that were closed have ended: a late write would meet the emptying of the tables."""
    for thread in threading.enumerate():
        if thread.name.startswith(_LANES):
            thread.join(PATIENCE)


@pytest.fixture(autouse=True)
async def _own_process_parts() -> AsyncIterator[None]:
    """Give the test a channel layer and a runtime of its own loop, and leave none behind."""
    channel_layers.backends = {}
    yield
    runtime = get_runtime()
    if runtime is not None:
        await runtime.stop()
    _join_lanes()
    # The thread of Django's asynchronous ORM keeps a connection, which would hold the test database open.
    await sync_to_async(connections.close_all)()
    channel_layers.backends = {}
