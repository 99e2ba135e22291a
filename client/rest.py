"""The REST calls of protocol §7 and the two steps before a socket, as thin typed functions over one HTTP client."""

from __future__ import annotations

from client.answers import Chat, Page, Renewed, Sent, Ticket, Tokens, User, pick
from client.commands import new_id
from client.frames import Frame
from client.http import Http

# Members of a page; the server may have a lower bound of its own.
_PAGE_MOST = 100


class Rest(Http):
    """A user's calls; the tokens of the last `login` or `refresh` go with them."""

    async def register(self, username: str, password: str) -> User:
        """Make an account, where registration is open."""
        body = {"username": username, "password": password}
        return pick(User, await self.anonymous("POST", "/api/users/", json=body))

    async def login(self, username: str, password: str) -> Tokens:
        """Get tokens for a password, and keep them."""
        body = {"username": username, "password": password}
        self.tokens = pick(Tokens, await self.anonymous("POST", "/api/token/", json=body))
        return self.tokens

    async def refresh(self) -> Tokens:
        """Get the next tokens for the refresh token, and keep them."""
        old = self.tokens
        if old is None:
            raise ValueError("no refresh token: log in first")
        answer = await self.anonymous("POST", "/api/token/refresh/", json={"refresh": old.refresh})
        fresh = pick(Renewed, answer)
        self.tokens = Tokens(fresh.access, fresh.refresh or old.refresh)
        return self.tokens

    async def logout(self, *, everywhere: bool = False) -> None:
        """Revoke the refresh token kept here, or all tokens of the user."""
        refresh = self.tokens.refresh if self.tokens else ""
        await self.call("POST", "/api/users/logout/", json={"all": True} if everywhere else {"refresh": refresh})

    async def change_password(self, old: str, new: str) -> None:
        """Change the password, which ends every connection and token of the user."""
        await self.call("POST", "/api/users/password/", json={"old": old, "new": new})

    async def ticket(self, device: str | None = None, *, take: bool = False) -> Ticket:
        """Get the right to one attempt; `take` replaces the connection of another device."""
        query = {"device": device, "take": 1 if take else None}
        return pick(Ticket, await self.call("GET", "/api/ws-ticket/", query=query))

    async def me(self) -> User:
        """Tell who this is."""
        return pick(User, await self.call("GET", "/api/users/me/"))

    async def users(self, *, search: str | None = None, ids: list[int] | None = None) -> Page[User]:
        """Find people one can write to, or name those one shares a chat with."""
        query = {"search": search, "ids": ",".join(map(str, ids)) if ids else None}
        return await self.page(User, "/api/users/", query)

    async def chats(self, limit: int | None = None) -> Page[Chat]:
        """List the chats of the user, newest activity first."""
        return await self.page(Chat, "/api/chats/", {"limit": limit})

    async def more_chats(self, page: Page[Chat]) -> Page[Chat]:
        """List the chats after those of `page`."""
        return await self.page(Chat, self.path_of(page.next or ""), {})

    async def create_chat(self, kind: str, members: list[int], *, title: str = "", id: str | None = None) -> Chat:
        """Make a chat; the same `id`, or the same pair, gets the chat that exists."""
        body: Frame = {"kind": kind, "members": members, "title": title}
        return pick(Chat, await self.call("POST", "/api/chats/", json=body | ({"id": id} if id else {})))

    async def chat(self, chat: int) -> Chat:
        """Show one chat."""
        return pick(Chat, await self.call("GET", f"/api/chats/{chat}/"))

    async def rename_chat(self, chat: int, title: str) -> Chat:
        """Change the title of a group."""
        return pick(Chat, await self.call("PATCH", f"/api/chats/{chat}/", json={"title": title}))

    async def messages(
        self,
        chat: int,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int | None = None,
    ) -> Page[Frame]:
        """Read folded messages older than `before`, or younger than `after`."""
        query = {"before": before, "after": after, "limit": limit}
        return await self.page(None, f"/api/chats/{chat}/messages/", query)

    async def send_message(self, chat: int, text: str, *, id: str | None = None, **content: object) -> Sent:
        """Write a message without a socket."""
        body = {"id": id or new_id(), "text": text, **content}
        return pick(Sent, await self.call("POST", f"/api/chats/{chat}/messages/", json=body))

    async def members(self, chat: int) -> list[Frame]:
        """List the members of a chat, all of them."""
        page = await self.page(None, f"/api/chats/{chat}/members/", {"limit": _PAGE_MOST})
        members = page.results
        while page.next:
            page = await self.page(None, self.path_of(page.next), {})
            members += page.results
        return members

    async def add_member(self, chat: int, user: int) -> None:
        """Add somebody to a group."""
        await self.call("POST", f"/api/chats/{chat}/members/", json={"user": user})

    async def remove_member(self, chat: int, user: int) -> None:
        """Remove somebody from a group, or leave it."""
        await self.call("DELETE", f"/api/chats/{chat}/members/{user}/")

    async def set_role(self, chat: int, user: int, role: str) -> None:
        """Change what a member may do."""
        await self.call("PATCH", f"/api/chats/{chat}/members/{user}/", json={"role": role})

    async def change_settings(self, chat: int, **changes: object) -> Frame:
        """Change what the user has set for the chat: `muted_until`, `archived`, `pinned`, `marked_unread`; return it all."""
        settings: Frame = await self.call("PATCH", f"/api/chats/{chat}/settings/", json=changes)
        return settings

    async def mark_read(self, chat: int, seq: int) -> None:
        """Move the read marker up to and including `seq`."""
        await self.call("PUT", f"/api/chats/{chat}/read/", json={"seq": seq})
