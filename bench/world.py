"""Who is there: users and chats of a scenario, the same in every run. Users and chats are numbered from 1 in the stores."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Room:
    """A chat: its members, by their place among the users; its share of the messages; how many it has stored."""

    members: tuple[int, ...]
    weight: float = 1.0
    stored: int = 0


@dataclass(frozen=True, slots=True)
class World:
    """Users 0 … `users` - 1 and their chats."""

    users: int
    rooms: tuple[Room, ...]

    def first(self, users: int) -> World:
        """Return the world of the first users alone; chats without any of them go."""
        kept = [tuple(user for user in room.members if user < users) for room in self.rooms]
        rooms = tuple(
            Room(members or (0,), room.weight if members else 0.0, room.stored)
            for members, room in zip(kept, self.rooms, strict=True)
        )
        return World(users, rooms)


def make_chats(users: int = 200, rooms: int = 100, size: int = 10) -> World:
    """Return chats of equal size whose members are drawn."""
    dice = random.Random(1)
    return World(users, tuple(Room(tuple(dice.sample(range(users), size))) for _ in range(rooms)))


def make_pairs(users: int = 1000, rooms: int = 2000) -> World:
    """Return chats of two."""
    dice = random.Random(1)
    pairs: dict[tuple[int, ...], None] = {}
    while len(pairs) < rooms:
        pairs[tuple(sorted(dice.sample(range(users), 2)))] = None
    return World(users, tuple(Room(pair) for pair in pairs))


def make_hall(users: int = 1000) -> World:
    """Return one chat of everybody."""
    return World(users, (Room(tuple(range(users))),))


def make_mixed(users: int = 500, rooms: int = 400, largest: int = 200) -> World:
    """Return chats whose size and activity follow Zipf, the two drawn apart from each other."""
    dice = random.Random(1)
    weights = [1 / rank for rank in range(1, rooms + 1)]
    dice.shuffle(weights)
    sizes = [max(2, round(largest / rank)) for rank in range(1, rooms + 1)]
    drawn: dict[tuple[int, ...], None] = {}
    for size in sizes:
        members = tuple(sorted(dice.sample(range(users), size)))
        while members in drawn:
            members = tuple(sorted(dice.sample(range(users), size)))
        drawn[members] = None
    return World(users, tuple(Room(members, weight) for members, weight in zip(drawn, weights, strict=True)))


def make_memberships(users: int, chats_each: int, size: int = 50) -> World:
    """Return chats of `size` such that each user is in `chats_each`."""
    dice = random.Random(1)
    rooms: list[Room] = []
    for _ in range(chats_each):
        order = list(range(users))
        dice.shuffle(order)
        rooms += [Room(tuple(order[at : at + size])) for at in range(0, users, size)]
    return World(users, tuple(rooms))


def make_missed(users: int = 2000, missed: int = 200, size: int = 10) -> World:
    """Return chats of `size` without a common member, each with events that nobody has seen."""
    rooms = (tuple(range(at, min(at + size, users))) for at in range(0, users, size))
    return World(users, tuple(Room(members, stored=missed) for members in rooms))


def make_sizes(sizes: Sequence[int], *, stored: Sequence[int] | None = None) -> World:
    """Return one chat for each size, all of the first users; `stored` says what each has."""
    kept = stored or [0] * len(sizes)
    rooms = (Room(tuple(range(size)), stored=count) for size, count in zip(sizes, kept, strict=True))
    return World(max(sizes), tuple(rooms))


def by_process(world: World, processes: int) -> tuple[World, list[int]]:
    """Return the same world with each chat's members on one process, and the process of each user."""
    dice = random.Random(2)
    groups = [[user for user in range(world.users) if user % processes == which] for which in range(processes)]
    rooms = [
        Room(tuple(dice.sample(groups[at % processes], len(room.members))), room.weight)
        for at, room in enumerate(world.rooms)
    ]
    return World(world.users, tuple(rooms)), [user % processes for user in range(world.users)]
