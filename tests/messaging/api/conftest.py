"""People with a client of their own, who speak to the REST API in its own words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from messaging import accounts, services
from messaging.access import issue_tokens
from tests.messaging.api.described import expect_described

PASSWORD = "a long way to Tipperary"


class Caller:
    """A client of the API; `body` is what it was answered last."""

    id = 0
    name = ""

    def __init__(self, **headers: str) -> None:
        self.client = APIClient(raise_request_exception=False)
        self.client.credentials(**headers)
        self.body: Any = None
        self.headers: dict[str, str] = {}

    def call(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: Any) -> int:
        """Call and return the status; the answer is one that the API's own document knows."""
        data = raw if raw is not None or body is None else json.dumps(body).encode()
        path = path if path.startswith("http") else f"/api/{path}"
        client: Any = self.client
        response = client.generic(method, path, data or b"", "application/json", **headers)
        self.headers = dict(response.items())
        self.body = json.loads(response.content) if response.content else None
        expect_described(method, path, response.status_code, self.body)
        return int(response.status_code)

    def get(self, path: str) -> Any:
        """Return the answer to a GET that succeeds."""
        assert self.call("GET", path) == 200, self.body
        return self.body

    def post(self, path: str, body: Any, status: int = 201) -> Any:
        """Return the answer to a POST that succeeds."""
        assert self.call("POST", path, body) == status, self.body
        return self.body

    def refused(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Return the status and the code of an error, which has the shape of all errors."""
        status = self.call(method, path, body, **options)
        error = self.body["error"]
        assert error["status"] == status
        assert error["detail"]
        return status, error["code"]

    def refused_field(self, method: str, path: str, body: Any = None, **options: Any) -> str:
        """Return the field for which the request is a bad frame."""
        assert self.refused(method, path, body, **options) == (400, "bad_frame"), self.body
        return str(self.body["error"].get("field"))

    def pages(self, path: str) -> list[list[Any]]:
        """Return the results of every page of a list."""
        pages = []
        following: str | None = path
        while following:
            pages.append(self.get(following)["results"])
            following = self.body["next"]
        return pages


class Person(Caller):
    """A user who is signed in."""

    def __init__(self, name: str, user: Any) -> None:
        self.tokens = issue_tokens(user.pk)
        super().__init__(HTTP_AUTHORIZATION=f"Bearer {self.tokens.access}")
        self.name, self.user, self.id = name, user, int(user.pk)

    def group(self, *others: Person, title: str = "Group") -> int:
        """Make a group and return its id."""
        members = [other.id for other in others]
        return int(self.post("chats/", {"kind": "group", "members": members, "title": title})["id"])

    def say(self, chat: int, *texts: str) -> None:
        """Write messages."""
        for text in texts:
            services.send_message(sender=self.id, chat=chat, id=f"{self.id}-{text}", text=text)


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture
def anybody() -> Caller:
    """Return somebody without a token."""
    return Caller()


@pytest.fixture
def person(transactional_db: None) -> Callable[[str], Person]:
    """Return a function that makes a user and signs it in."""

    def make(name: str) -> Person:
        return Person(name, accounts.register_user(username=name, password=PASSWORD))

    return make


@pytest.fixture
def ada(person: Callable[[str], Person]) -> Person:
    """Return a person."""
    return person("ada")


@pytest.fixture
def bob(person: Callable[[str], Person]) -> Person:
    """Return another person."""
    return person("bob")


@pytest.fixture
def cleo(person: Callable[[str], Person]) -> Person:
    """Return a third person."""
    return person("cleo")


@pytest.fixture
def onesocket(settings: Any) -> Callable[..., None]:
    """Return a function that sets some of our settings for this test; those in lower case are limits."""

    def change(**values: Any) -> None:
        limits = {name: value for name, value in values.items() if name.islower()}
        rest = {name: value for name, value in values.items() if not name.islower()}
        settings.ONESOCKET = {**settings.ONESOCKET, **rest, "LIMITS": {**settings.ONESOCKET["LIMITS"], **limits}}

    return change
