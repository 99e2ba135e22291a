"""Who the user is and how new tokens are had: by the refresh token, else by the password, one at a time."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus

from client.errors import RestError, SignInRefused
from client.rest import Rest

logger = logging.getLogger(__name__)

_NO = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Session:
    """The tokens of one user, kept in `rest` and renewed on its behalf."""

    def __init__(self, rest: Rest, username: str, password: str | None) -> None:
        self.rest = rest
        self._username = username
        self._password = password
        self._lock = asyncio.Lock()
        rest.renew = self.renew

    async def renew(self, refused: str | None) -> None:
        """Get an access token other than `refused`, unless that has happened already."""
        async with self._lock:
            if self.rest.access not in (None, refused):
                return
            if not await self._refresh():
                await self._login()

    async def _refresh(self) -> bool:
        if self.rest.tokens is None:
            return False
        try:
            await self.rest.refresh()
        except RestError as error:
            if error.status != HTTPStatus.UNAUTHORIZED:
                raise
            logger.info("refresh token refused: %s", error.code)
            self.rest.tokens = None
            return False
        return True

    async def _login(self) -> None:
        if self._password is None:
            raise SignInRefused("signed_out")
        try:
            await self.rest.login(self._username, self._password)
        except RestError as error:
            if error.status in _NO:
                raise SignInRefused(error.code) from error
            raise
