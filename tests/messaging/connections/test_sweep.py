"""What becomes of a process that was swept, and of those that it sweeps itself."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from django.db import transaction

from messaging.connections.beat import remove_nodes
from messaging.connections.claims import raise_token_version, take_claim
from messaging.database import execute, is_postgresql, run_in_thread
from messaging.models import Account, Connection, Node, User
from messaging.protocol.codes import CloseCode
from tests.messaging.connections.peers import Process, age, claim_of, holder_of, make_nodes, until
from tests.messaging.world import make_users, start, wait_for_a_waiter
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)

SILENCE = 0.4


@pytest.fixture(autouse=True)
def _fast(fast) -> None:
    """Have processes beat fast; SILENCE is that of the fixture."""


def dead_process(user: int) -> None:
    make_nodes("dead")
    assert take_claim(claim_of(user, node="dead"))
    age(Node.objects.filter(pk="dead"), "beat_at", 60)


def hold_the_nodes(then: Callable[[], None] = lambda: None) -> Callable[[], None]:
    """Keep every beat waiting; return what lets them go on. `then` is done first, and seen by others when they can."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            if is_postgresql():
                execute("LOCK TABLE messaging_node IN EXCLUSIVE MODE", [])
            then()
            held.set()
            assert release.wait(PATIENCE)

    done = start(hold)
    assert held.wait(PATIENCE)

    def let_go() -> None:
        release.set()
        done()

    return let_go


def live_process(user: int) -> None:
    make_nodes("live")
    assert take_claim(claim_of(user, node="live"))


async def test_a_dead_process_is_swept_and_its_users_are_not_connected(process):
    (ann,) = await run_in_thread(make_users, "ann")
    await run_in_thread(dead_process, ann)
    await until(lambda: not Node.objects.filter(pk="dead").exists())
    assert await run_in_thread(holder_of, ann) is None


async def test_a_process_sweeps_only_after_it_has_beaten_for_as_long_as_it_asks_of_others(fast):
    (ann,) = await run_in_thread(make_users, "ann")
    await run_in_thread(dead_process, ann)
    process, started = Process(), time.monotonic()
    process.beat.start()
    await until(lambda: holder_of(ann) is None)
    await process.beat.stop()
    assert time.monotonic() - started >= SILENCE


async def test_an_outage_of_the_database_frees_nobody(process):
    ann, bob = await run_in_thread(make_users, "ann", "bob")
    await run_in_thread(dead_process, ann)
    await until(lambda: holder_of(ann) is None)
    # It sweeps. Now nobody can beat for longer than anybody may be silent, and then all can.
    let_go = await run_in_thread(hold_the_nodes, lambda: live_process(bob))
    await asyncio.sleep(SILENCE + 0.1)
    over = time.monotonic()
    await run_in_thread(let_go)
    await until(lambda: holder_of(bob) is None)
    assert time.monotonic() - over >= SILENCE


async def test_no_handshake_claims_before_the_process_is_known(fast):
    let_go = await run_in_thread(hold_the_nodes)
    process = Process()
    process.beat.start()
    registered = asyncio.ensure_future(process.beat.registered())
    await asyncio.wait([registered], timeout=0.1)
    assert not registered.done()
    await run_in_thread(let_go)
    assert await asyncio.wait_for(registered, PATIENCE) == process.beat.node
    await process.beat.stop()


async def test_a_process_that_was_swept_claims_again_under_a_new_name(process):
    (ann,) = await run_in_thread(make_users, "ann")
    peer = await process.connect(ann)
    swept = process.beat.node
    await run_in_thread(remove_nodes, [swept])
    await until(lambda: holder_of(ann) == peer.claim.connection)
    assert await run_in_thread(lambda: Connection.objects.get().node_id) == process.beat.node != swept
    await process.beats()
    assert (peer.ends, peer.claim.node) == ([], process.beat.node)


async def test_after_a_sweep_the_newest_connection_of_a_user_claims_again(process):
    users = await run_in_thread(make_users, *(f"user{n}" for n in range(5)))
    for user in users:
        await process.connect(user)
    newest = [await process.connect(user) for user in users]
    await run_in_thread(lambda: remove_nodes([process.beat.node]))
    await until(lambda: [holder_of(user) for user in users] == [peer.claim.connection for peer in newest])
    assert [peer.ends for peer in newest] == [[]] * 5


async def test_after_a_sweep_who_has_claimed_elsewhere_is_replaced(process):
    ann, bob = await run_in_thread(make_users, "ann", "bob")
    gone, stays = await process.connect(ann), await process.connect(bob)

    def sweep_and_claim_elsewhere() -> None:
        make_nodes("other")
        with transaction.atomic():
            remove_nodes([process.beat.node])
            assert take_claim(claim_of(ann, node="other"))

    await run_in_thread(sweep_and_claim_elsewhere)
    await gone.expect_end(CloseCode.REPLACED)
    await until(lambda: holder_of(bob) == stays.claim.connection)
    assert stays.ends == []


async def test_after_a_sweep_each_is_told_the_true_reason(process):
    ann, bob = await run_in_thread(make_users, "ann", "bob")
    disabled, signed_out = await process.connect(ann), await process.connect(bob)

    def change_all() -> None:
        with transaction.atomic():
            User.objects.filter(pk=ann).update(is_active=False)
            raise_token_version(bob)
            remove_nodes([process.beat.node])

    await run_in_thread(change_all)
    await disabled.expect_end(CloseCode.ACCOUNT_DISABLED)
    await signed_out.expect_end(CloseCode.SIGNED_OUT)


async def test_a_user_who_was_deleted_stops_no_beat(process):
    ann, bob = await run_in_thread(make_users, "ann", "bob")
    gone, stays = await process.connect(ann), await process.connect(bob)

    def delete_and_sweep() -> None:
        with transaction.atomic():
            User.objects.filter(pk=ann).delete()
            remove_nodes([process.beat.node])

    await run_in_thread(delete_and_sweep)
    await gone.expect_end(CloseCode.REPLACED)
    await until(lambda: holder_of(bob) == stays.claim.connection)


@pytest.mark.services
async def test_claiming_again_is_all_or_nothing(process):
    ann, bob = await run_in_thread(make_users, "ann", "bob")
    # To note that somebody left who has an account needs no lock of the user.
    await run_in_thread(lambda: Account.objects.bulk_create(Account(user_id=user) for user in (ann, bob)))
    peers = [await process.connect(user) for user in (ann, bob)]
    swept = process.beat.node

    def cut_the_beat_while_it_claims() -> None:
        with transaction.atomic():
            # Ann's claim can be made again, Bob's has to wait.
            User.objects.select_for_update().get(pk=bob)
            start(lambda: remove_nodes([swept]))()
            execute("SELECT pg_terminate_backend(%s)", [wait_for_a_waiter()])

    await run_in_thread(cut_the_beat_while_it_claims)
    await until(lambda: [holder_of(user) for user in (ann, bob)] == [peer.claim.connection for peer in peers])
    await process.beats()
    assert [peer.ends for peer in peers] == [[], []]
