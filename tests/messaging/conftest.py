"""The stores that a test of this folder needs, two users and their group, a writer that hangs, and limits made small."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from django.db import connection

from messaging.runtime import Runtime
from tests.messaging.places import Place
from tests.messaging.world import make_group, make_users
from tests.vocabulary import PATIENCE


@pytest.fixture(autouse=True)
def _right_stores(request: pytest.FixtureRequest) -> None:
    """Skip a test that is true of the other pair of stores only, where it was not deselected."""
    unwanted = "services" if connection.vendor == "sqlite" else "embedded"
    if request.node.get_closest_marker(unwanted):
        pytest.skip(f"it is marked {unwanted}")


@pytest.fixture
def shrink(settings) -> Callable[..., None]:
    """Return a function that sets some of the limits for this test."""

    def change(**limits: float) -> None:
        settings.ONESOCKET = {**settings.ONESOCKET, "LIMITS": {**settings.ONESOCKET["LIMITS"], **limits}}

    return change


@pytest.fixture
def ann() -> int:
    """Return a user."""
    return make_users("ann")[0]


@pytest.fixture
def bob() -> int:
    """Return another user."""
    return make_users("bob")[0]


@pytest.fixture
def chat(ann, bob) -> int:
    """Return a group of Ann, whose owner she is, and Bob."""
    return make_group(ann, bob)


@pytest.fixture
def stuck() -> Iterator[Callable[[Runtime], None]]:
    """Return a function that keeps the writer of a runtime from committing until the test ends."""
    free = threading.Event()

    def hold(runtime: Runtime) -> None:
        runtime.writer._lane.submit(free.wait, PATIENCE)

    yield hold
    free.set()


@pytest.fixture
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """Yield where layers of the kind that the test asks for meet."""
    made = Place(request.param)
    yield made
    await made.close()
