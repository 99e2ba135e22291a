"""Tickets: the call before the socket, and who may take what it left."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache

from messaging.connections.claims import Claim, raise_token_version, take_claim
from messaging.models import Node
from messaging.tickets import Ticket, leave_ticket, take_ticket
from tests.messaging.api.conftest import Caller, Person
from tests.messaging.world import in_threads

TICKET = "ws-ticket/?device=phone"


def connect(person: Person, device: str) -> None:
    """Let the person be connected from a device."""
    node = Node.objects.create(pk=secrets.token_hex(16))
    assert take_claim(Claim(person.id, secrets.token_hex(16), device, node.pk, token_version=0))


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return what stands for the runtime of a server process."""
    stand_in = SimpleNamespace(is_full=False)
    monkeypatch.setattr("messaging.api.views.tickets.get_runtime", lambda: stand_in)
    return stand_in


def test_a_ticket_says_where_to_connect_and_names_every_chat(ada: Person, bob: Person, settings: Any) -> None:
    """It leaves the key that the handshake takes, and no cache keeps the answer."""
    chats = [ada.group(bob), ada.group()]
    bob.group()
    seconds = settings.ONESOCKET["LIMITS"]["ticket_seconds"]
    assert ada.get(TICKET) == {
        "expires_in": seconds,
        "protocol": "chat.v1",
        "path": "/ws/?device=phone",
        "chats": chats,
    }
    assert ada.headers["Cache-Control"] == "no-store"
    assert cache.get(f"ws_checker_{ada.id}") == {"device": "phone", "take": False, "chats": chats}


def test_a_device_without_a_name_gets_one(ada: Person) -> None:
    """Another one each time."""
    paths = {ada.get("ws-ticket/")["path"] for _ in range(2)}
    assert len(paths) == 2
    assert all(re.fullmatch(r"/ws/\?device=[A-Za-z0-9._-]{1,64}", path) for path in paths)


@pytest.mark.parametrize("device", ["", "a b", "é", "a%0a", "x" * 65, "a/b", "a%00"])
def test_a_device_of_another_form_is_a_bad_frame(ada: Person, device: str) -> None:
    """It stands in an address and in a row."""
    assert ada.refused_field("GET", f"ws-ticket/?device={device}") == "device"
    assert ada.refused_field("GET", f"{TICKET}&take=yes") == "take"


def test_a_ticket_needs_a_good_token(anybody: Caller) -> None:
    """Without one there is nothing to learn."""
    assert anybody.refused("GET", TICKET) == (401, "token_invalid")
    assert anybody.headers["WWW-Authenticate"] == "Bearer"


def test_who_is_connected_from_elsewhere_is_asked_first(ada: Person) -> None:
    """The same device comes back freely; another one only when the person says so."""
    connect(ada, "desk")
    assert ada.refused("GET", TICKET) == (409, "already_connected")
    assert cache.get(f"ws_checker_{ada.id}") is None
    ada.get("ws-ticket/?device=desk")
    ada.get(f"{TICKET}&take=1")
    assert take_ticket(ada.id, "phone") == Ticket("phone", take=True, chats=())


def test_under_the_policy_replace_nobody_is_asked(ada: Person, onesocket: Callable[..., None]) -> None:
    """The newer connection wins."""
    onesocket(CONNECTION_POLICY="replace")
    connect(ada, "desk")
    ada.get(TICKET)


def test_a_server_that_takes_no_more_connections_says_when_to_come_back(ada: Person, runtime: SimpleNamespace) -> None:
    """Draining or full: 503 with Retry-After."""
    runtime.is_full = True
    assert ada.refused("GET", TICKET) == (503, "unavailable")
    assert int(ada.headers["Retry-After"]) >= 1
    assert ada.body["error"]["retry"]


def test_without_the_cache_there_is_no_ticket(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with Retry-After, and nothing of what the cache said."""

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionError("redis://secret@host")

    monkeypatch.setattr(cache, "set", fail)
    assert ada.refused("GET", TICKET) == (503, "unavailable")
    assert int(ada.headers["Retry-After"]) >= 1
    assert "secret" not in str(ada.body)


def test_a_ticket_costs_one_query(ada: Person, bob: Person, django_assert_num_queries: Any) -> None:
    """The user, its connection and its chats, however many."""
    for _ in range(3):
        ada.group(bob)
    with django_assert_num_queries(1):
        ada.get(TICKET)


def test_who_may_not_sign_in_any_more_gets_no_ticket(ada: Person) -> None:
    """From the moment on: the token is still good by itself."""
    raise_token_version(ada.id)
    assert ada.refused("GET", TICKET) == (401, "token_invalid")
    assert cache.get(f"ws_checker_{ada.id}") is None


def test_who_is_not_active_gets_no_ticket(ada: Person) -> None:
    """Nor who is not there."""
    get_user_model().objects.filter(pk=ada.id).update(is_active=False)
    assert ada.refused("GET", TICKET) == (401, "token_invalid")


def test_a_ticket_is_taken_once_and_for_its_device() -> None:
    """The wrong device takes nothing away from the right one."""
    leave_ticket(7, device="phone", take=False)
    assert take_ticket(7, "desk") is None
    assert take_ticket(8, "phone") is None
    assert take_ticket(7, "phone") == Ticket("phone", take=False)
    assert take_ticket(7, "phone") is None


def test_of_many_sockets_exactly_one_takes_the_ticket() -> None:
    """However close together they come."""
    for _ in range(20):
        leave_ticket(7, device="phone", take=False)
        taken = in_threads(8, lambda _: take_ticket(7, "phone"))
        assert sum(ticket is not None for ticket in taken) == 1


def test_a_newer_ticket_takes_the_place_of_an_older_one() -> None:
    """A user has one."""
    leave_ticket(7, device="phone", take=True)
    leave_ticket(7, device="desk", take=False)
    assert take_ticket(7, "phone") is None
    assert take_ticket(7, "desk") == Ticket("desk", take=False)
