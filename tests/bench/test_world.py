"""The people and chats of the scenarios."""

from __future__ import annotations

from collections import Counter

from bench.world import by_process, make_chats, make_memberships, make_mixed, make_pairs


def test_a_world_is_the_same_in_every_run():
    assert make_chats() == make_chats()
    assert make_mixed() == make_mixed()


def test_no_two_private_chats_are_of_the_same_pair():
    rooms = make_pairs(users=50, rooms=200).rooms
    assert {len(room.members) for room in rooms} == {2}
    assert len({room.members for room in rooms}) == 200


def test_every_user_is_in_so_many_chats():
    world = make_memberships(users=100, chats_each=7, size=10)
    assert set(Counter(user for room in world.rooms for user in room.members).values()) == {7}
    assert len(world.rooms) == 70


def test_members_of_a_chat_are_different_people():
    for world in (make_chats(), make_mixed(), by_process(make_chats(), 4)[0]):
        assert all(len(set(room.members)) == len(room.members) for room in world.rooms)


def test_members_of_a_chat_are_put_on_one_process():
    world, process_of = by_process(make_chats(), 4)
    of_rooms = [{process_of[user] for user in room.members} for room in world.rooms]
    assert all(len(processes) == 1 for processes in of_rooms)
    assert set.union(*of_rooms) == {0, 1, 2, 3}


def test_sizes_and_activity_of_the_mixed_world_are_steep():
    rooms = make_mixed(users=300, rooms=100, largest=100).rooms
    assert max(len(room.members) for room in rooms) == 100
    assert sorted(len(room.members) for room in rooms)[50] <= 4
    assert max(room.weight for room in rooms) == 100 * min(room.weight for room in rooms)
