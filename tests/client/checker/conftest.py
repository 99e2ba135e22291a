"""What the checker's tests begin with."""

from __future__ import annotations

import pytest

from tests.client.checker.world import World


@pytest.fixture
def world() -> World:
    """Return a world with users 1, 2 and 3 connected and in chat 7, in which something was said."""
    world = World()
    for user in (1, 2, 3):
        world.connect(user)
    world.create(7, 1, 2, 3)
    world.send(1, 7, "one")
    world.send(2, 7, "two")
    world.send(3, 7, "three")
    return world
