"""The tables: what they refuse, and that being connected is derived from the claim."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from messaging.models import Account, Chat, Connection, Event, Membership, Node, Store, User
from tests.messaging.world import count_statements, make_group, make_private, make_users

pytestmark = pytest.mark.django_db


def refuses(make) -> bool:
    try:
        with transaction.atomic():
            make()
    except IntegrityError:
        return True
    return False


def claim_for(user: int, connection: str = "c1") -> Connection:
    node, _ = Node.objects.get_or_create(pk="n1")
    return Connection.objects.create(user_id=user, connection=connection, device="phone", node=node)


def event_in(chat: int, sender: int, **fields) -> Event:
    fields = {"seq": 1, "kind": "message.created", "at": timezone.now(), "message_no": 1} | fields
    return Event.objects.create(chat_id=chat, sender_id=sender, **fields)


# Connected or not


def test_a_user_is_connected_while_there_is_a_claim():
    ann, bob = (User.objects.get(pk=user) for user in make_users("ann", "bob"))
    assert (ann.is_ws_connected, bob.is_ws_connected) == (False, False)
    claim = claim_for(ann.pk)
    assert (ann.is_ws_connected, bob.is_ws_connected) == (True, False)
    claim.delete()
    assert ann.is_ws_connected is False


def test_the_end_of_a_process_takes_its_claims_along():
    ann = User.objects.get(pk=make_users("ann")[0])
    claim_for(ann.pk).node.delete()
    assert ann.is_ws_connected is False


def test_a_list_of_users_tells_it_with_one_query():
    users = make_users("ann", "bob", "eve")
    claim_for(users[1])
    listed: list[bool] = []
    users_now = User.objects.with_connection().order_by("pk")
    cost = count_statements(lambda: listed.extend(bool(user.is_ws_connected) for user in users_now))
    assert (listed, cost) == ([False, True, False], 1)


def test_users_can_be_asked_for_by_it():
    ann, _ = make_users("ann", "bob")
    claim_for(ann)
    connected = {"is_ws_connected": True}
    assert User.objects.with_connection().filter(**connected).get().pk == ann


def test_it_is_stored_nowhere_and_cannot_be_given():
    assert "is_ws_connected" not in {field.name for field in User._meta.get_fields()}
    with pytest.raises(TypeError, match="is_ws_connected"):
        User(username="ann", **{"is_ws_connected": True})


# What the tables refuse


def test_a_user_has_one_claim_and_a_connection_one_user():
    ann, bob = make_users("ann", "bob")
    claim_for(ann, "c1")
    assert refuses(lambda: claim_for(ann, "c2"))
    assert refuses(lambda: claim_for(bob, "c1"))


def test_a_seq_is_used_once_per_chat_and_begins_at_one():
    ann, bob = make_users("ann", "bob")
    chat, other = make_group(ann, bob), make_private(ann, bob)
    event_in(chat, ann)
    assert not refuses(lambda: event_in(other, ann))
    assert refuses(lambda: event_in(chat, bob))
    assert refuses(lambda: event_in(chat, ann, seq=0))


def test_an_id_is_used_once_per_chat_and_sender():
    ann, bob = make_users("ann", "bob")
    chat, other = make_group(ann, bob), make_private(ann, bob)
    event_in(chat, ann, client_id="a")
    assert not refuses(lambda: event_in(chat, bob, seq=2, client_id="a"))
    assert not refuses(lambda: event_in(other, ann, client_id="a"))
    assert refuses(lambda: event_in(chat, ann, seq=3, client_id="a"))
    # Events without an id are not each other's repeat.
    assert not refuses(lambda: [event_in(chat, ann, seq=seq) for seq in (4, 5)])


def test_a_pair_has_one_private_chat():
    ann, bob = make_users("ann", "bob")
    make_private(ann, bob)
    assert refuses(lambda: make_private(bob, ann))


@pytest.mark.parametrize(("kind", "pair"), [("private", None), ("group", "1:2"), ("channel", None), ("", None)])
def test_a_private_chat_has_a_pair_and_a_group_has_none(kind, pair):
    (ann,) = make_users("ann")
    assert refuses(lambda: Chat.objects.create(kind=kind, pair=pair, creator_id=ann))


def test_a_create_id_makes_one_chat_of_its_creator():
    ann, bob = make_users("ann", "bob")
    Chat.objects.create(kind="group", creator_id=ann, create_id="x")
    assert refuses(lambda: Chat.objects.create(kind="group", creator_id=ann, create_id="x"))
    assert not refuses(lambda: Chat.objects.create(kind="group", creator_id=bob, create_id="x"))
    assert not refuses(lambda: [Chat.objects.create(kind="group", creator_id=ann) for _ in range(2)])


def test_a_chat_has_no_more_messages_than_events():
    chat = make_group(*make_users("ann"))
    assert refuses(lambda: Chat.objects.filter(pk=chat).update(message_count=1))


def test_a_user_is_once_in_a_chat_and_leaves_after_joining():
    (ann,) = make_users("ann")
    chat = make_group(ann)
    own = Membership.objects.filter(chat=chat, user=ann)
    assert refuses(lambda: Membership.objects.create(chat_id=chat, user_id=ann))
    assert refuses(lambda: own.update(joined_seq=5, left_seq=5))
    assert refuses(lambda: own.update(left_seq=0))
    assert not refuses(lambda: own.update(joined_seq=5, left_seq=6))


@pytest.mark.parametrize("field", ["joined_seq", "read_seq", "read_count"])
def test_no_marker_is_negative(field):
    make_group(*make_users("ann"))
    assert refuses(lambda: Membership.objects.update(**{field: -1}))


def test_the_store_is_one_row():
    assert Store.objects.get().pk == 1
    assert refuses(lambda: Store.objects.create(pk=2))
    assert len(Store.objects.get().epoch) == 16


def test_an_account_is_beside_its_user_and_goes_with_it():
    (ann,) = make_users("ann")
    Account.objects.create(user_id=ann, display_name="Ann")
    assert refuses(lambda: Account.objects.create(user_id=ann))
    User.objects.get(pk=ann).delete()
    assert not Account.objects.exists()
