"""The handshake: who is let in, and who is the one connection of a user."""

from __future__ import annotations

import asyncio

import pytest

from messaging import accounts
from messaging.access import issue_tokens
from messaging.database import run_in_thread
from messaging.models import Connection, User
from tests.consumers.conftest import forge_access

pytestmark = pytest.mark.django_db(transaction=True)


async def test_the_ticket_is_good_for_one_socket(world):
    ann = await world.user("ann")
    await world.connect(ann)
    _, connected = await world.handshake(ann, ticket=False)
    assert not connected


async def test_without_a_ticket_nobody_is_let_in(world):
    _, connected = await world.handshake(await world.user("ann"), ticket=False)
    assert not connected


async def test_of_two_sockets_racing_for_one_ticket_always_one_is_let_in(world):
    ann = await world.user("ann")
    for _ in range(50):
        await world.leave_ticket(ann)
        both = await asyncio.gather(world.handshake(ann, ticket=False), world.handshake(ann, ticket=False))
        assert [connected for _, connected in both].count(True) == 1
        await world.close()


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 1},
        {"key": "another key, and long enough to be one"},
        {"alg": "none"},
        {"token_type": "refresh"},
        {"user_id": "nobody"},
        {"tv": 1},
        {"tv": "0"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_token_that_is_not_good_is_refused(world, change):
    ann = await world.user("ann")
    token = forge_access(ann, **change)
    _, connected = await world.handshake(ann, headers=[(b"authorization", b"Bearer " + token.encode())])
    assert not connected
    good = forge_access(ann)
    _, connected = await world.handshake(ann, headers=[(b"authorization", b"Bearer " + good.encode())])
    assert connected


async def test_a_browser_brings_its_token_as_a_subprotocol_and_never_gets_it_back(world):
    ann = await world.user("ann")
    token = await world.access(ann)
    communicator = await world.open(ann, subprotocols=["chat.v1", f"bearer.{token}"])
    connected, subprotocol = await communicator.connect()
    assert (connected, subprotocol) == (True, "chat.v1")
    await communicator.disconnect()


@pytest.mark.parametrize("query", ["&token={}", "&access_token={}"])
async def test_a_token_in_the_url_is_refused(world, query):
    ann = await world.user("ann")
    token = await world.access(ann)
    communicator = await world.open(
        ann, query=query.format(token), headers=[(b"authorization", f"Bearer {token}".encode())]
    )
    assert (await communicator.connect())[0] is False


async def test_a_token_in_both_places_is_refused(world):
    ann = await world.user("ann")
    token = await world.access(ann)
    headers = [(b"authorization", f"Bearer {token}".encode())]
    communicator = await world.open(ann, headers=headers, subprotocols=["chat.v1", f"bearer.{token}"])
    assert (await communicator.connect())[0] is False


@pytest.mark.parametrize(
    ("origin", "let_in"), [("http://localhost:8000", True), ("http://evil.example", False), ("null", False)]
)
async def test_only_a_page_of_an_allowed_origin_is_let_in(world, origin, let_in):
    ann = await world.user("ann")
    token = await world.access(ann)
    headers = [(b"authorization", f"Bearer {token}".encode()), (b"origin", origin.encode())]
    _, connected = await world.handshake(ann, headers=headers)
    assert connected is let_in


async def test_a_second_device_is_refused_and_the_first_stays(world):
    ann = await world.user("ann")
    first = await world.join(ann, device="phone")
    _, connected = await world.handshake(ann, device="tablet")
    assert not connected
    await first.expect_ack(await first.send("ping"))


async def test_the_same_device_takes_its_own_place(world):
    ann = await world.user("ann")
    first = await world.join(ann, device="phone")
    second = await world.join(ann, device="phone")
    await first.expect_close(4409)
    await second.expect_ack(await second.send("ping"))


async def test_a_ticket_that_takes_replaces_another_device(world):
    ann = await world.user("ann")
    first = await world.join(ann, device="phone")
    second = await world.join(ann, device="tablet", take=True)
    await first.expect_close(4409)
    await second.expect_ack(await second.send("ping"))


async def test_policy_replace_lets_any_device_in(world, settings):
    settings.ONESOCKET = settings.ONESOCKET | {"CONNECTION_POLICY": "replace"}
    ann = await world.user("ann")
    first = await world.join(ann, device="phone")
    await world.join(ann, device="tablet")
    await first.expect_close(4409)


async def test_the_flag_follows_the_connection(world):
    ann = await world.user("ann")
    user = await world.call(User.objects.get, pk=ann)
    talk = await world.join(ann)
    assert await world.call(lambda: user.is_ws_connected) is True
    await talk.leave()
    await world.settle()
    assert await world.call(lambda: user.is_ws_connected) is False


async def test_the_clean_up_of_a_replaced_connection_leaves_the_new_claim(world):
    ann = await world.user("ann")
    first, second = await world.join(ann), await world.join(ann)
    await first.expect_close(4409)
    await first.leave()
    await world.settle()
    claim = await world.call(Connection.objects.get, user=ann)
    assert claim.connection == second.ready["connection"]


async def test_an_inactive_user_gets_no_socket(world):
    ann = await world.user("ann")
    headers = [(b"authorization", b"Bearer " + (await world.access(ann)).encode())]
    await run_in_thread(User.objects.filter(pk=ann).update, is_active=False)
    _, connected = await world.handshake(ann, headers=headers)
    assert not connected


async def test_signing_out_ends_the_connection(world):
    ann = await world.user("ann")
    talk = await world.join(ann)
    await world.call(accounts.sign_out, user=ann)
    await talk.expect_close(4302)


async def test_a_deactivated_user_is_sent_away_by_the_beat(world):
    ann = await world.user("ann")
    talk = await world.join(ann)
    await run_in_thread(User.objects.filter(pk=ann).update, is_active=False)
    await talk.expect_close(4403)


async def test_an_older_token_opens_nothing_after_signing_out(world):
    ann = await world.user("ann")
    token = (await run_in_thread(issue_tokens, ann)).access
    await world.call(accounts.sign_out, user=ann)
    _, connected = await world.handshake(ann, headers=[(b"authorization", b"Bearer " + token.encode())])
    assert not connected
