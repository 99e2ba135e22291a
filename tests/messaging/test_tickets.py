"""Tickets: the right to one attempt from one device."""

from __future__ import annotations

import uuid

import pytest
from django.core.cache import cache

from messaging.tickets import Ticket, leave_ticket, take_ticket
from tests.messaging.world import in_threads


@pytest.fixture
def user() -> int:
    return uuid.uuid4().int >> 96


@pytest.mark.parametrize("take", [True, False])
def test_a_ticket_is_taken_once_as_it_was_left(user, take):
    leave_ticket(user, device="phone", take=take)
    assert take_ticket(user, "phone") == Ticket("phone", take)
    assert take_ticket(user, "phone") is None


def test_it_stands_under_the_key_that_others_may_look_for(user):
    leave_ticket(user, device="phone", take=False)
    assert cache.get(f"ws_checker_{user}") is not None
    take_ticket(user, "phone")
    assert cache.get(f"ws_checker_{user}") is None


def test_another_device_does_not_get_it_and_does_not_spoil_it(user):
    leave_ticket(user, device="phone", take=False)
    assert take_ticket(user, "tablet") is None
    assert take_ticket(user + 1, "phone") is None
    assert take_ticket(user, "phone") is not None


def test_a_newer_ticket_stands_in_place_of_the_older(user):
    leave_ticket(user, device="phone", take=True)
    leave_ticket(user, device="tablet", take=False)
    assert take_ticket(user, "phone") is None
    assert take_ticket(user, "tablet") == Ticket("tablet", False)


def test_of_many_sockets_with_one_ticket_one_gets_it(user):
    for _ in range(5):
        leave_ticket(user, device="phone", take=False)
        taken = in_threads(20, lambda _: take_ticket(user, "phone"))
        assert len([ticket for ticket in taken if ticket]) == 1
