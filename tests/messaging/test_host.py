"""What the host application may call, and from where."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from channels.layers import get_channel_layer
from django.core.exceptions import SynchronousOnlyOperation
from django.db import transaction

from messaging import host
from messaging.database import run_in_thread
from messaging.errors import BadFrame, Forbidden, FrameTooLarge, IdConflict, NotAMember, UserNotFound
from messaging.fanout import group_for_user
from messaging.models import Chat, Event, Membership, User
from messaging.runtime import ensure_runtime
from tests.messaging.places import Ear
from tests.messaging.world import answers, make_group, make_private, make_users, promotion, seqs_of

pytestmark = pytest.mark.django_db(transaction=True)


def refused_field(call: Any, *args: Any, **kwargs: Any) -> str | None:
    with pytest.raises(BadFrame) as refusal:
        call(*args, **kwargs)
    return refusal.value.field


def test_users_and_chats_are_instances_or_ids(ann, bob):
    one, two = User.objects.get(pk=ann), User.objects.get(pk=bob)
    chat = Chat.objects.get(pk=host.create_chat(one, [two, ann]))
    assert host.send_message(one, chat, "hi").seq == 1
    assert host.send_message(ann, chat.pk, "ho", reply_to=1).seq == 2
    assert host.remove_member(chat, two).seq == 3
    assert host.add_member(chat.pk, bob).seq == 4
    assert host.add_member(chat, two).seq is None


def test_a_message_with_an_id_is_written_once(ann):
    chat = make_group(ann)
    first, second = (host.send_message(ann, chat, " hi\r\n", id="a") for _ in range(2))
    assert (first.seq, first.duplicate, second.seq, second.duplicate) == (1, False, 1, True)
    with pytest.raises(IdConflict):
        host.send_message(ann, chat, "other", id="a")
    assert Event.objects.get().text == "hi"


def test_messages_without_an_id_are_as_many_as_calls(ann):
    chat = make_group(ann)
    assert [host.send_message(ann, chat, "hi").seq for _ in range(2)] == [1, 2]


def test_what_cannot_be_names_its_field(ann, bob):
    chat = make_group(ann)
    assert refused_field(host.send_message, ann, chat, "") == "text"
    assert refused_field(host.send_message, ann, chat, "hi", id="a b") == "id"
    assert refused_field(host.create_chat, ann, [bob], kind="room") == "kind"
    assert refused_field(host.create_chat, ann, [bob], title="x" * 201) == "title"
    assert refused_field(host.create_chat, ann, [bob], id="x" * 65) == "id"
    assert refused_field(host.create_chat, ann, [ann], kind="private") == "members"
    assert refused_field(host.add_member, chat, bob, role="king") == "role"


def test_a_chat_with_an_id_is_made_once(ann, bob):
    assert len({host.create_chat(ann, [bob], title="Tea", id="tea") for _ in range(2)}) == 1
    assert len({host.create_chat(ann, [bob], kind="private", title="no") for _ in range(2)}) == 1
    assert sorted(Chat.objects.values_list("title", flat=True)) == ["", "Tea"]
    with pytest.raises(UserNotFound):
        host.create_chat(ann, [0])


def test_members_change_in_the_name_of_an_owner_or_of_who_is_named(ann, bob):
    (cid,) = make_users("cid")
    chat = make_group(bob, ann)
    host.add_member(chat, cid, role="admin")
    host.remove_member(chat, ann, actor=cid)
    assert list(Event.objects.order_by("seq").values_list("sender", flat=True)) == [bob, cid]
    answers(promotion(chat, bob, cid, "member"))
    with pytest.raises(Forbidden):
        host.add_member(chat, ann, actor=cid)
    with pytest.raises(NotAMember):
        host.add_member(make_private(ann, bob), cid)


def test_a_write_inside_a_transaction_is_refused_and_one_after_it_is_not(ann, bob):
    chat = make_group(ann)
    calls: list[Callable[[], Any]] = [
        lambda: host.send_message(ann, chat, "hi"),
        lambda: host.create_chat(ann, []),
        lambda: host.add_member(chat, bob),
        lambda: host.remove_member(chat, ann),
    ]
    for call in calls:
        with transaction.atomic(), pytest.raises(transaction.TransactionManagementError):
            call()
    with transaction.atomic():
        transaction.on_commit(lambda: host.send_message(ann, chat, "hi"))
        assert seqs_of(chat) == []
    assert seqs_of(chat) == [1]


@pytest.mark.django_db(transaction=False)
def test_the_transaction_around_a_test_is_let_be():
    (ann,) = make_users("ann")
    assert host.send_message(ann, host.create_chat(ann, []), "hi").seq == 1


@pytest.mark.parametrize("in_server", [True, False])
async def test_async_code_has_twins_and_the_plain_calls_refuse_it(in_server):
    if in_server:
        ensure_runtime()
    ann, bob = await run_in_thread(make_users, "ann", "bob")
    chat = await host.acreate_chat(ann, [])
    assert (await host.asend_message(ann, chat, "hi")).seq == 1
    assert (await host.aadd_member(chat, bob)).seq == 2
    assert (await host.aremove_member(chat, bob)).seq == 3
    with pytest.raises(SynchronousOnlyOperation):
        host.send_message(ann, chat, "hi")
    assert await run_in_thread(Membership.objects.filter(chat=chat, left_seq=None).count) == 1


# Signals to a user


@pytest.mark.parametrize("in_server", [True, False])
async def test_a_signal_is_told_to_the_user_alone(in_server):
    if in_server:
        ensure_runtime()
    layer = get_channel_layer()
    ear, other = await Ear.on(layer, group_for_user(7)), await Ear.on(layer, group_for_user(8))
    await host.anotify(7, "app.order_shipped", {"order": 4711, "at": UUID(int=1)})
    told = await ear.message()
    assert told["type"] == "user.signal"
    assert told["frame"] == b'{"type":"app.order_shipped","order":4711,"at":"00000000-0000-0000-0000-000000000001"}'
    assert other.idle


def test_a_signal_asks_the_database_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        host.notify(0, "app.x")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "app",
        "app.",
        "app.X",
        "app.1",
        "app._a",
        "app.a b",
        "app.a\n",
        "app.ä",
        "read",
        "xapp.a",
        "app.a" + "a" * 60,
        7,
    ],
)
def test_a_name_that_is_none_is_refused(name):
    assert refused_field(host.notify, 7, name, {}) == "name"


@pytest.mark.parametrize("payload", [[], "x", {"type": "read"}, {1: 2}, {"a": object()}, {"a": "\ud800"}])
def test_a_payload_that_is_no_object_of_json_is_refused(payload):
    assert refused_field(host.notify, 7, "app.a", payload) == "payload"


def test_a_payload_that_holds_itself_is_refused():
    payload: dict[str, Any] = {}
    payload["a"] = payload
    assert refused_field(host.notify, 7, "app.a", payload) == "payload"


def test_a_signal_has_a_bound():
    name = "app." + "a" * 60
    empty = len(json.dumps({"type": name, "x": ""}, separators=(",", ":")))
    host.notify(7, name, {"x": "x" * (16_384 - empty)})
    with pytest.raises(FrameTooLarge):
        host.notify(7, name, {"x": "x" * (16_384 - empty + 1)})
