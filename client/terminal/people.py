"""Who the ids of users are: names as they were learned from members and searches, and people found by their name."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from client.answers import User
from client.errors import ClientError
from client.rest import Rest
from client.terminal.errors import Problem

# How many pages of a search are looked through for the exact name.
_PAGES = 10
# How long a line waits for a name.
_PATIENCE_SECONDS = 3.0


class People:
    """The people this user has met."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._names: dict[int, str] = {}

    def name(self, user: int) -> str:
        """Return the name of a user, which is unique, and a makeshift for one nobody knows."""
        return self._names.get(user) or f"user {user}"

    def meet(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Learn from objects with `id` and `username`; a server may know less of its members."""
        self._names |= {row["id"]: row["username"] for row in rows if "id" in row and "username" in row}

    async def learn(self, users: Iterable[int]) -> None:
        """Ask for those names that are missing, once: who cannot be seen stays without."""
        missing = sorted({user for user in users if user not in self._names})
        if not missing:
            return
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                found = (await self._rest.users(ids=missing)).results
        except (ClientError, TimeoutError):
            return  # until next time
        self._names |= dict.fromkeys(missing, "") | {user.id: user.username for user in found}

    async def search(self, part: str | None) -> list[User]:
        """Return people whose name contains `part`; without it, those one shares a chat with."""
        found = (await self._rest.users(search=part)).results
        self._names |= {user.id: user.username for user in found}
        return found

    async def find(self, name: str) -> User:
        """Return who has this name, however it is capitalised; raise Problem where nobody does."""
        page = await self._rest.users(search=name)
        seen = page.results
        for _ in range(_PAGES):
            for user in page.results:
                if user.username.casefold() == name.casefold():
                    self._names[user.id] = user.username
                    return user
            if not page.next:
                break
            page = await self._rest.page(User, self._rest.path_of(page.next), {})
        near = ", ".join(user.username for user in seen[:5])
        raise Problem(f"there is nobody called {name}" + (f"; there is {near}" if near else ""))

    async def find_all(self, names: Iterable[str]) -> list[User]:
        """Return who has these names."""
        return [await self.find(name) for name in names]
