"""JSON over HTTP with a bearer token: every failure is a TransportError or a RestError, every list a Page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Self, TypeVar, overload
from urllib.parse import urlsplit

import httpx

from client.answers import Page, Tokens, pick
from client.errors import RestError, TransportError
from client.frames import Frame

T = TypeVar("T")
Query = Mapping[str, object]

TIMEOUT_SECONDS = 10.0


class Http:
    """The calls of one user; without tokens they are sent without, and the server says what it thinks of that."""

    def __init__(
        self,
        base_url: str,
        *,
        tokens: Tokens | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """Take an `http` client to share one between many users; it is then the caller's to close."""
        self.base_url = base_url.rstrip("/")
        self.tokens = tokens
        # Called with the access token that was refused; a call that gets a 401 is then made once more.
        self.renew: Callable[[str | None], Awaitable[None]] | None = None
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        self._owned = http is None

    async def anonymous(self, method: str, path: str, *, json: Frame | None = None) -> Any:
        """Call without a token."""
        return await self._request(method, path, {}, json, {})

    async def call(self, method: str, path: str, *, query: Query | None = None, json: Frame | None = None) -> Any:
        """Call with the access token; where it is refused and can be renewed, once more with the new one."""
        if self.access is None and self.renew:
            await self.renew(None)
        used = self.access
        try:
            return await self._request(method, path, query or {}, json, self._authorization())
        except RestError as error:
            if error.status != HTTPStatus.UNAUTHORIZED or not self.renew:
                raise
        await self.renew(used)
        return await self._request(method, path, query or {}, json, self._authorization())

    @overload
    async def page(self, cls: type[T], path: str, query: Query) -> Page[T]: ...
    @overload
    async def page(self, cls: None, path: str, query: Query) -> Page[Frame]: ...

    async def page(self, cls: type[T] | None, path: str, query: Query) -> Page[T] | Page[Frame]:
        """Read a part of a list, as values of `cls` or as they stand."""
        answer = await self.call("GET", path, query=query)
        page: Page[Frame] = pick(Page, answer)
        return page if cls is None else Page([pick(cls, item) for item in page.results], page.next, page.unread_total)

    @property
    def access(self) -> str | None:
        """The access token."""
        return self.tokens.access if self.tokens else None

    def path_of(self, url: str) -> str:
        """Return path and query of `url`: the token goes to our server, whatever host an answer names."""
        parts = urlsplit(url)
        return f"{parts.path.removeprefix(urlsplit(self.base_url).path)}?{parts.query}"

    async def close(self) -> None:
        """Close the HTTP client, unless it is shared."""
        if self._owned:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access}"} if self.access else {}

    async def _request(self, method: str, path: str, query: Query, json: Frame | None, headers: dict[str, str]) -> Any:
        params = {name: str(value) for name, value in query.items() if value is not None}
        try:
            response = await self._http.request(
                method, self.base_url + path, params=params or None, json=json, headers=headers
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise TransportError(f"no answer: {type(error).__name__}") from error
        if not response.is_success:
            raise rest_error(response)
        return _body(response)


def rest_error(response: httpx.Response) -> RestError:
    """Read an error answer; one that is not ours, a proxy's page for instance, has the status as its code."""
    try:
        error = response.json()["error"]
        code, detail = error["code"], error.get("detail", "")
    except (ValueError, KeyError, TypeError):
        return RestError(response.status_code, f"http_{response.status_code}", retry_after=_retry_after(response, {}))
    return RestError(
        response.status_code,
        code,
        detail,
        retry=error.get("retry", False),
        field=error.get("field"),
        retry_after=_retry_after(response, error),
    )


def _body(response: httpx.Response) -> Any:
    if response.status_code == HTTPStatus.NO_CONTENT or not response.content:
        return None
    try:
        return response.json()
    except ValueError as error:
        raise TransportError("the answer is not JSON") from error


def _retry_after(response: httpx.Response, error: Frame) -> float | None:
    header = response.headers.get("Retry-After")
    if header is None:
        told = error.get("retry_after")
        return float(told) if isinstance(told, int | float) else None
    if header.isdecimal():
        return float(header)
    try:
        wait = parsedate_to_datetime(header) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None
    return max(0.0, wait.total_seconds())
