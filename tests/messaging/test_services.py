"""What a person or the host application asks for: chats, members, markers and accounts."""

from __future__ import annotations

import json

import pytest
from channels.layers import get_channel_layer

from messaging import accounts, services
from messaging.connections.claims import token_version_of
from messaging.database import run_in_thread
from messaging.errors import (
    BadFrame,
    CredentialsInvalid,
    Forbidden,
    IdConflict,
    LimitReached,
    MessageNotFound,
    NotAMember,
    UsernameTaken,
    UserNotFound,
)
from messaging.fanout import group_for_chat
from messaging.models import Account, Chat, Event, Membership, User
from tests.messaging.places import Ear
from tests.messaging.world import (
    answers,
    in_threads,
    make_group,
    make_private,
    make_users,
    membership,
    removal,
    renaming,
    say,
    seqs_of,
)

pytestmark = pytest.mark.django_db(transaction=True)


# Making chats


def test_a_group_has_its_creator_as_owner_and_begins_with_nothing(ann, bob):
    chat, new = services.create_chat(creator=ann, kind="group", members=[bob, ann, bob], title="Team")
    assert new
    made = Chat.objects.get(pk=chat)
    assert (made.kind, made.title, made.creator_id, made.last_seq) == ("group", "Team", ann, 0)
    rows = Membership.objects.filter(chat=chat).order_by("user").values_list("user", "role", "joined_seq", "left_seq")
    assert list(rows) == [(ann, "owner", 0, None), (bob, "member", 0, None)]
    assert seqs_of(chat) == []


def test_a_group_may_be_of_one(ann):
    chat, _ = services.create_chat(creator=ann, kind="group", members=[])
    assert Membership.objects.get(chat=chat).user_id == ann


def test_a_pair_has_one_private_chat_whoever_asks(ann, bob):
    chat, new = services.create_chat(creator=ann, kind="private", members=[bob])
    assert (chat, new) == (Chat.objects.get().pk, True)
    assert services.create_chat(creator=bob, kind="private", members=[ann], create_id="x") == (chat, False)
    assert {m.role for m in Membership.objects.filter(chat=chat)} == {"member"}


def test_a_group_is_made_once_per_creator_and_create_id(ann, bob):
    made = [services.create_chat(creator=user, kind="group", members=[], create_id="x") for user in (ann, ann, bob)]
    assert [new for _, new in made] == [True, False, True]
    assert made[0][0] == made[1][0] != made[2][0]


@pytest.mark.parametrize("kind", ["private", "group"])
def test_of_many_who_make_one_chat_at_once_one_does(ann, bob, kind):
    ask = {"creator": ann, "kind": kind, "members": [bob], "create_id": "x"}
    made = in_threads(8, lambda _: services.create_chat(**ask))
    assert {chat for chat, _ in made} == {Chat.objects.get().pk}
    assert [new for _, new in made].count(True) == 1
    assert Membership.objects.count() == 2


@pytest.mark.parametrize("members", [[], ["ann"], ["bob", "eve"]])
def test_a_pair_is_two_different_users(ann, members):
    ids = {"ann": ann, **dict(zip(("bob", "eve"), make_users("bob", "eve"), strict=True))}
    with pytest.raises(BadFrame) as caught:
        services.create_chat(creator=ann, kind="private", members=[ids[name] for name in members])
    assert caught.value.field == "members"


def test_unknown_and_inactive_users_are_not_found(ann, bob):
    User.objects.filter(pk=bob).update(is_active=False)
    for user in (bob, bob + 1):
        for kind in ("private", "group"):
            with pytest.raises(UserNotFound):
                services.create_chat(creator=ann, kind=kind, members=[user])
    assert not Chat.objects.exists()


def test_a_group_has_no_more_members_than_is_set(shrink, ann, bob):
    (eve,) = make_users("eve")
    shrink(members=2)
    services.create_chat(creator=ann, kind="group", members=[bob])
    with pytest.raises(LimitReached):
        services.create_chat(creator=ann, kind="group", members=[bob, eve])


def test_nobody_is_in_more_chats_than_is_set(shrink, ann, bob):
    chat = make_group(ann, bob)
    shrink(chats=1)
    (eve,) = make_users("eve")
    for creator, members in ((ann, [eve]), (eve, [bob])):
        with pytest.raises(LimitReached):
            services.create_chat(creator=creator, kind="group", members=members)
    answers(removal(chat, bob, bob))
    assert services.create_chat(creator=eve, kind="group", members=[bob])[1]


# Writing and members


def test_a_message_is_written_once(ann):
    chat = make_group(ann)
    first = services.send_message(sender=ann, chat=chat, id="a", text="hi")
    again = services.send_message(sender=ann, chat=chat, id="a", text="hi")
    assert (first.seq, first.duplicate) == (1, False)
    assert (again.seq, again.at, again.duplicate) == (1, first.at, True)
    with pytest.raises(IdConflict):
        services.send_message(sender=ann, chat=chat, id="a", text="ho")


def test_a_reply_needs_its_message(ann):
    chat = make_group(ann)
    with pytest.raises(MessageNotFound):
        services.send_message(sender=ann, chat=chat, id="a", text="hi", reply_to=1)
    services.send_message(sender=ann, chat=chat, id="a", text="hi")
    reply = services.send_message(sender=ann, chat=chat, id="b", text="ho", reply_to=1)
    assert (reply.seq, Event.objects.get(seq=2).reply_to) == (2, 1)


def test_a_member_is_added_once_and_removed_once(ann, bob):
    chat = make_group(ann)
    assert services.add_member(actor=ann, chat=chat, user=bob).seq == 1
    assert services.add_member(actor=ann, chat=chat, user=bob).seq is None
    assert services.remove_member(actor=ann, chat=chat, user=bob).seq == 2
    with pytest.raises(UserNotFound):
        services.remove_member(actor=ann, chat=chat, user=bob)


def test_who_adds_a_stranger_to_a_chat_learns_nothing_of_users(ann, bob):
    chat = make_group(ann)
    for user in (ann, bob, bob + 1):
        with pytest.raises(NotAMember):
            services.add_member(actor=bob, chat=chat, user=user)
    with pytest.raises(UserNotFound):
        services.add_member(actor=ann, chat=chat, user=bob + 1)


def test_an_inactive_user_is_not_added(ann, bob):
    User.objects.filter(pk=bob).update(is_active=False)
    with pytest.raises(UserNotFound):
        services.add_member(actor=ann, chat=make_group(ann), user=bob)


def test_a_user_with_as_many_chats_as_is_set_is_not_added(shrink, ann, bob):
    make_group(bob)
    shrink(chats=1)
    with pytest.raises(LimitReached):
        services.add_member(actor=ann, chat=make_group(ann), user=bob)


def test_roles_and_titles_are_changed_by_who_may(ann, bob):
    chat = make_group(ann, bob)
    with pytest.raises(Forbidden):
        services.rename_chat(actor=bob, chat=chat, title="Bob's")
    assert services.change_role(actor=ann, chat=chat, user=bob, role="admin").seq == 1
    assert services.rename_chat(actor=bob, chat=chat, title="Bob's").seq == 2
    assert (membership(chat, bob).role, Chat.objects.get(pk=chat).title) == ("admin", "Bob's")


def test_a_private_chat_stays_as_it_is(ann, bob):
    (eve,) = make_users("eve")
    chat = make_private(ann, bob)
    for service, arguments in (
        (services.add_member, {"user": eve}),
        (services.remove_member, {"user": ann}),
        (services.change_role, {"user": bob, "role": "admin"}),
        (services.rename_chat, {"title": "Us"}),
    ):
        with pytest.raises(Forbidden):
            service(actor=ann, chat=chat, **arguments)


# How far one has read


def test_the_read_marker_moves_forward_only_and_not_beyond_the_head(ann, bob):
    chat = make_group(ann, bob)
    say(chat, ann, "one", "two", "three")
    given = [services.mark_read(user=bob, chat=chat, seq=seq) for seq in (2, 1, 0, 99, 3)]
    assert given == [2, 2, 2, 3, 3]
    assert (membership(chat, bob).read_seq, membership(chat, bob).read_count) == (3, 3)


def test_the_marker_counts_messages_alone(ann, bob):
    chat = make_group(ann, bob)
    answers(renaming(chat, ann, "A"))
    say(chat, ann, "one")
    answers(renaming(chat, ann, "B"))
    counts = []
    for seq in (1, 2, 3):
        services.mark_read(user=bob, chat=chat, seq=seq)
        counts.append(membership(chat, bob).read_count)
    assert counts == [0, 1, 1]


async def test_a_marker_that_moved_is_told_to_a_small_chat(shrink, ann, bob):
    chat, large = await run_in_thread(lambda: (make_group(ann, bob), make_group(ann, bob, *make_users("eve"))))
    for each in (large, chat):
        await run_in_thread(say, each, ann, "one", "two")
    shrink(signal_members=2)
    ear = await Ear.on(get_channel_layer(), group_for_chat(chat), group_for_chat(large))
    for each, seq in ((large, 2), (chat, 2), (chat, 1), (chat, 2)):
        await run_in_thread(services.mark_read, user=bob, chat=each, seq=seq)
    told = await ear.message()
    assert (told["type"], told["chat"], told["user"]) == ("chat.signal", chat, bob)
    assert json.loads(told["frame"]) == {"type": "read", "chat": chat, "user": bob, "seq": 2}
    await run_in_thread(services.send_message, sender=ann, chat=chat, id="a", text="hi")
    assert (await ear.message())["type"] == "chat.events"


def test_strangers_have_no_marker(ann, bob):
    with pytest.raises(NotAMember):
        services.mark_read(user=bob, chat=make_group(ann), seq=0)


def test_a_marker_that_many_move_ends_at_the_highest(ann, bob):
    chat = make_group(ann, bob)
    say(chat, ann, *("hi" for _ in range(16)))
    in_threads(8, lambda n: [services.mark_read(user=bob, chat=chat, seq=seq) for seq in (n + 1, 16 - n, n)])
    assert (membership(chat, bob).read_seq, membership(chat, bob).read_count) == (16, 16)
    assert Event.objects.count() == 16


# Accounts


@pytest.mark.parametrize("name", ["ann", "Ann", "ANN"])
def test_a_name_is_taken_whatever_its_capitals(ann, name):
    with pytest.raises(UsernameTaken):
        accounts.register_user(username=name, password="x")


def test_an_account_has_its_password_and_display_name():
    user = accounts.register_user(username="joe", password="x", display_name="Joe")
    assert user.check_password("x")
    assert Account.objects.get(user=user).display_name == "Joe"


def test_the_display_name_can_be_changed(ann):
    for name in ("Ann", "Anna"):
        accounts.set_display_name(user=ann, display_name=name)
    assert (Account.objects.get().display_name, token_version_of(ann)) == ("Anna", 0)


def test_a_preference_is_changed_alone(ann):
    accounts.set_display_name(user=ann, display_name="Ann")
    for name, value in (("one", "a"), ("two", "b"), ("one", "c")):
        accounts.set_preference(user=ann, name=name, value=value)
    account = Account.objects.get()
    assert (account.preferences, account.display_name) == ({"one": "c", "two": "b"}, "Ann")


def test_a_new_password_needs_the_old_and_ends_every_token():
    user = accounts.register_user(username="joe", password="old")
    with pytest.raises(CredentialsInvalid):
        accounts.change_password(user=user, old="wrong", new="new")
    assert token_version_of(user.pk) == 0
    accounts.change_password(user=user, old="old", new="new")
    assert User.objects.get(pk=user.pk).check_password("new")
    assert token_version_of(user.pk) == 1


def test_signing_out_raises_the_token_version_each_time(ann):
    accounts.set_display_name(user=ann, display_name="Ann")
    in_threads(4, lambda _: accounts.sign_out(ann))
    assert (token_version_of(ann), Account.objects.get().display_name) == (4, "Ann")
