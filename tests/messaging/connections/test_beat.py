"""The beat and the sweep of a server process (protocol §6), with connections that have no socket."""

from __future__ import annotations

import asyncio

import pytest
from django.db import connection, transaction

from messaging.connections.beat import beat_once, remove_nodes, sweep_once
from messaging.connections.claims import raise_token_version, take_claim
from messaging.database import run_in_thread
from messaging.models import Account, Connection, Node, Store, User
from messaging.protocol.codes import CloseCode
from tests.messaging.connections.peers import Process, age, claim_of, holder_of, last_seen_of, make_nodes, take, until
from tests.messaging.world import count_statements, make_users

pytestmark = pytest.mark.django_db(transaction=True)


def epoch() -> str:
    return Store.objects.get().epoch


# One beat, one sweep


def test_a_beat_renews_the_node_and_tells_how_its_claims_stand():
    make_nodes("n1", "n2")
    ann, bob = make_users("ann", "bob")
    own, others = claim_of(ann, node="n1"), claim_of(bob, node="n2")
    assert [take_claim(own), take_claim(others)] == [True, True]
    age(Node.objects, "beat_at", 60)
    report = beat_once("n1", lambda: [own.connection])
    assert report is not None
    assert (report.epoch, set(report.standings)) == (epoch(), {own.connection})
    assert sweep_once(30, own="n1") == 1
    assert Node.objects.get().pk == "n1"


def test_a_beat_of_a_process_that_was_swept_says_so():
    make_nodes("n1")
    assert beat_once("n2", lambda: []) is None
    assert Node.objects.get().pk == "n1"


def test_a_claim_without_a_connection_is_released_when_it_is_old(shrink):
    shrink(orphan_claim_seconds=10)
    make_nodes("n1", "n2")
    young, _old, held, others = claims = [
        claim_of(user, node=node)
        for user, node in zip(make_users("a", "b", "c", "d"), ("n1", "n1", "n1", "n2"), strict=True)
    ]
    assert all(take_claim(claim) for claim in claims)
    age(Connection.objects, "since", 11)
    age(Connection.objects.filter(connection=young.connection), "since", 5)
    beat_once("n1", lambda: [held.connection])
    left = set(Connection.objects.values_list("connection", flat=True))
    assert left == {young.connection, held.connection, others.connection}


def test_a_sweep_takes_silent_processes_with_their_claims():
    make_nodes("old")
    ann, bob = make_users("ann", "bob")
    assert take_claim(claim_of(ann, node="old"))
    age(Node.objects, "beat_at", 16)
    make_nodes("new")
    assert take_claim(claim_of(bob, node="new"))
    assert [sweep_once(15, own="new"), sweep_once(15, own="new")] == [1, 0]
    assert [User.objects.get(pk=user).is_ws_connected for user in (ann, bob)] == [False, True]
    assert Node.objects.get().pk == "new"


def test_whoever_was_swept_was_seen_until_then_and_it_costs_the_same_for_many():
    users = make_users(*(f"user{n}" for n in range(40)))
    make_nodes("own")
    counted = []
    for node, of_node in (("one", users[:1]), ("many", users[1:])):
        make_nodes(node)
        for user in of_node:
            assert take_claim(claim_of(user, node=node))
        age(Node.objects.filter(pk=node), "beat_at", 16)
        counted.append(count_statements(lambda: sweep_once(15, own="own")))
    assert counted[0] == counted[1]
    assert Account.objects.filter(last_seen_at__isnull=False).count() == 40


def test_whose_claim_was_an_orphan_was_seen_until_then(shrink):
    shrink(orphan_claim_seconds=1)
    make_nodes("n1")
    users = make_users("ann", "bob", "eve")
    claims = [claim_of(user) for user in users]
    for claim in claims:
        assert take_claim(claim)
    age(Connection.objects, "since", 2)
    beat_once("n1", lambda: [claims[0].connection])
    assert [holder_of(user) is None for user in users] == [False, True, True]
    assert [last_seen_of(user) is None for user in users] == [True, False, False]


def test_a_connection_that_opens_during_a_beat_keeps_its_claim(shrink):
    shrink(orphan_claim_seconds=1)
    make_nodes("n1")
    claim = claim_of(*make_users("ann"))
    assert take_claim(claim)
    age(Connection.objects, "since", 2)
    here: set[str] = set()

    def open_then(execute, *statement):
        here.add(claim.connection)
        return execute(*statement)

    with connection.execute_wrapper(open_then):
        beat_once("n1", here.copy)
    assert Connection.objects.get().connection == claim.connection


def test_a_process_that_is_late_itself_or_was_swept_sweeps_nobody(shrink):
    shrink(beat_seconds=4)
    make_nodes("old", "own")
    age(Node.objects.filter(pk="old"), "beat_at", 60)
    age(Node.objects.filter(pk="own"), "beat_at", 9)
    assert [sweep_once(15, own=own) for own in ("own", "old", "swept")] == [0, 0, 0]
    age(Node.objects.filter(pk="own"), "beat_at", 7)
    assert sweep_once(15, own="own") == 1


def test_who_stops_takes_itself_out():
    make_nodes("n1", "n2")
    (ann,) = make_users("ann")
    assert take_claim(claim_of(ann, node="n1"))
    remove_nodes(["n1"])
    assert (holder_of(ann), Node.objects.get().pk) == (None, "n2")


# A process


async def test_a_process_registers_and_is_gone_when_it_stops(fast):
    process = Process()
    process.beat.start()
    node = await process.beat.registered()
    assert (await run_in_thread(Node.objects.get)).pk == node == process.beat.node
    assert process.beat.epoch == await run_in_thread(epoch)
    (ann,) = await run_in_thread(make_users, "ann")
    await process.connect(ann)
    await process.beat.stop()
    assert await run_in_thread(lambda: (Node.objects.count(), holder_of(ann))) == (0, None)


async def test_while_all_is_well_nobody_is_ended(process):
    users = await run_in_thread(make_users, "ann", "bob")
    peers = [await process.connect(user) for user in users]
    for _ in range(3):
        await process.beats()
    assert [peer.ends for peer in peers] == [[], []]


async def test_a_connection_whose_claim_is_anothers_is_replaced(process):
    (ann,) = await run_in_thread(make_users, "ann")
    old = await process.connect(ann)
    new = await process.connect(ann)
    await old.expect_end(CloseCode.REPLACED)
    assert new.ends == []


async def test_a_connection_that_lost_its_claim_to_another_process_is_replaced(process):
    (ann,) = await run_in_thread(make_users, "ann")
    old = await process.connect(ann)
    await run_in_thread(make_nodes, "other")
    await take(ann, "other")
    await old.expect_end(CloseCode.REPLACED)


async def test_a_user_who_was_disabled_is_ended(process):
    (ann,) = await run_in_thread(make_users, "ann")
    peer = await process.connect(ann)
    await run_in_thread(lambda: User.objects.update(is_active=False))
    await peer.expect_end(CloseCode.ACCOUNT_DISABLED)


async def test_a_user_who_was_signed_out_is_ended_and_a_newer_token_is_not(process):
    ann, bob = await run_in_thread(make_users, "ann", "bob")
    peer = await process.connect(ann)
    for user in (ann, bob):
        await run_in_thread(raise_token_version, user)
    newer = await process.connect(bob, token_version=1)
    await peer.expect_end(CloseCode.SIGNED_OUT)
    await process.beats()
    assert newer.ends == []


async def test_another_history_of_the_store_ends_everybody(process):
    (ann,) = await run_in_thread(make_users, "ann")
    peer = await process.connect(ann)
    await run_in_thread(lambda: Store.objects.update(epoch="restored"))
    await peer.expect_end(CloseCode.DRAINING)
    assert process.beat.epoch == "restored"
    later = await process.connect(ann)
    await process.beats()
    assert later.ends == []


async def test_a_store_restored_from_before_this_process_ends_everybody_too(process):
    (ann,) = await run_in_thread(make_users, "ann")
    peer = await process.connect(ann)

    def restore() -> None:
        with transaction.atomic():
            Store.objects.update(epoch="restored")
            Connection.objects.all().delete()
            Node.objects.all().delete()

    await run_in_thread(restore)
    await peer.expect_end(CloseCode.DRAINING)
    assert process.beat.epoch == "restored"


async def test_a_claim_whose_handshake_died_is_released(process):
    (ann,) = await run_in_thread(make_users, "ann")
    await take(ann, await process.beat.registered())
    await until(lambda: holder_of(ann) is None)


async def test_a_claim_whose_handshake_goes_on_is_kept(process):
    (ann,) = await run_in_thread(make_users, "ann")
    claim = claim_of(ann, node=await process.beat.registered())
    process.local.open(claim.connection)
    await run_in_thread(take_claim, claim)
    await run_in_thread(age, Connection.objects, "since", 60)
    for _ in range(3):
        await process.beats()
    assert await run_in_thread(holder_of, ann) == claim.connection
    process.local.discard(claim.connection)
    await until(lambda: holder_of(ann) is None)


async def test_a_claim_is_no_orphan_before_its_connection_is_added(process):
    # Claims come and go all the time; none is taken for gone while its handshake is under way.
    users = await run_in_thread(make_users, *(f"user{n}" for n in range(20)))
    peers = await asyncio.gather(*(process.connect(user) for user in users))
    for _ in range(2):
        await process.beats()
    assert [peer.ends for peer in peers] == [[]] * 20
    assert await run_in_thread(Connection.objects.count) == 20
