"""The connections of this process: handshakes count, and are no orphans."""

from __future__ import annotations

from messaging.connections.local import LocalConnections
from tests.messaging.connections.peers import Peer, claim_of


def test_a_handshake_counts_until_it_is_a_connection_or_has_failed():
    local, peer = LocalConnections(), Peer(claim_of(1, connection="a"))
    local.open("a")
    local.open("b")
    assert (len(local), sorted(local.ids()), list(local)) == (2, ["a", "b"], [])
    local.add(peer)
    local.discard("b")
    assert (len(local), local.ids(), list(local)) == (1, ["a"], [peer])


def test_only_an_open_connection_is_held():
    local = LocalConnections()
    local.open("a")
    assert not local.holds("a")
    local.add(Peer(claim_of(1, connection="a")))
    assert local.holds("a")
    local.discard("a")
    local.discard("a")
    assert not local.holds("a")


def test_connections_may_end_while_they_are_gone_through():
    local = LocalConnections()
    for id in ("a", "b", "c"):
        local.add(Peer(claim_of(1, connection=id)))
    for peer in local:
        local.discard(peer.claim.connection)
    assert len(local) == 0
