"""What the kernel tells of a peer: unread bytes, silence, and the bound of its buffer."""

import asyncio
import socket

import pytest

from project.tcp import bound_send_buffer, count_unacknowledged, is_silent
from tests.plug import pull_plug


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def pair(listener):
    bound_send_buffer(listener)
    with socket.create_connection(listener.getsockname()) as near:
        far, _ = listener.accept()
        with far:
            far.setblocking(False)
            yield near, far


async def until(question):
    async with asyncio.timeout(10):
        while not question():  # noqa: ASYNC110 -- only the kernel knows
            await asyncio.sleep(0.05)


def send_all_it_takes(connection):
    sent = 0
    try:
        while True:
            sent += connection.send(b"x" * 10_000)
    except BlockingIOError:
        return sent


async def test_what_a_peer_does_not_read_is_unacknowledged_and_the_peer_not_silent(pair):
    _, far = pair
    assert count_unacknowledged(far) == 0
    sent = send_all_it_takes(far)
    assert 0 < count_unacknowledged(far) < sent
    await until(lambda: not is_silent(far))  # it is for a moment, while what was too much for the peer is sent again


def test_a_peer_that_does_not_read_is_given_no_more_than_the_bound(pair):
    _, far = pair
    send_all_it_takes(far)
    assert count_unacknowledged(far) < 1_000_000


@pytest.mark.parametrize("reads", [True, False])
async def test_a_peer_that_vanished_is_silent_whether_it_was_reading_or_not(pair, reads):
    near, far = pair
    if not reads:
        send_all_it_takes(far)
    pull_plug(near)
    if reads:
        far.send(b"x")
    await until(lambda: is_silent(far))


def test_nothing_is_known_of_sockets_that_are_closed_or_not_tcp():
    near, far = socket.socketpair()
    with near, far:
        assert not is_silent(near)
    assert (count_unacknowledged(near), is_silent(near)) == (0, False)
