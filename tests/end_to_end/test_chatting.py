"""Two people chat through the real server, as a stranger's clients would."""

from __future__ import annotations

import asyncio
import json

import pytest
import websockets

from client import Connection, HandshakeRefused
from messaging.models import Event
from tests.server import SocketTalk
from tests.servers import on_each_server


@on_each_server
async def test_two_people_chat_and_one_comes_back_for_what_was_missed(server, sign_up):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one, two = await ann.join(), await bob.join()
    await one.expect_ack(await one.say(chat, "hello"), seq=1)
    await two.expect_event(chat, 1, sender=ann.id, text="hello")
    await two.connection.abort()
    await one.expect_ack(await one.say(chat, "still there?"), seq=2)
    again = await bob.join(resume={chat: 1}, epoch=two.ready["epoch"])
    await again.expect_event(chat, 2, text="still there?")
    await again.expect("caught_up")


@pytest.mark.services
async def test_people_on_two_processes_chat(start_server, sign_up):
    first, second = await start_server(), await start_server()
    [ann], [bob] = await sign_up(first, "ann"), await sign_up(second, "bob")
    one, two = await ann.join(), await bob.join()
    chat = (await ann.rest.create_chat("group", [bob.id], title="Both")).id
    await one.expect("chat.joined", chat=chat)
    await two.expect("chat.joined", chat=chat)
    for seq in range(1, 21, 2):
        await one.expect_ack(await one.say(chat, "from one"), seq=seq)
        await two.expect_event(chat, seq, sender=ann.id)
        await two.expect_ack(await two.say(chat, "from two"), seq=seq + 1)
        await one.expect_event(chat, seq + 1, sender=bob.id)


@pytest.mark.services
async def test_a_client_that_the_project_did_not_write_chats_as_a_browser_does(server, sign_up):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    talk = await bob.join()
    ticket = await ann.rest.ticket("browser")
    url = f"ws://127.0.0.1:{server.port}{ticket.path}"
    protocols = [websockets.Subprotocol(name) for name in ("chat.v1", f"bearer.{ann.rest.access}")]
    async with websockets.connect(url, subprotocols=protocols, origin=websockets.Origin(server.url)) as socket:
        assert socket.subprotocol == "chat.v1"
        await socket.send('{"type":"hello","id":"1"}')
        assert json.loads(await socket.recv())["type"] == "ready"
        assert json.loads(await socket.recv()) == {"type": "caught_up"}
        await socket.send(json.dumps({"type": "message.send", "id": "2", "chat": chat, "text": "hi"}))
        assert json.loads(await socket.recv())["seq"] == 1
    await talk.expect_event(chat, 1, text="hi")


@pytest.mark.services
async def test_two_hundred_concurrent_retries_of_one_id_are_one_message(start_server, sign_up):
    server = await start_server(COMMANDS_PER_SECOND="1000", COMMANDS_BURST="1000", WRITES_IN_FLIGHT="200")
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one, two = await ann.join(), await bob.join()
    over_rest = [ann.rest.send_message(chat, "once", id="a") for _ in range(100)]
    over_socket = [one.say(chat, "once", id="a") for _ in range(100)]
    sending = asyncio.gather(*over_rest)
    await asyncio.gather(*over_socket)
    sent = await sending
    answers = [await one.take() for _ in range(100)]
    assert {answer.seq for answer in sent} == {1}
    assert [answer.duplicate for answer in sent].count(False) <= 1
    assert {(frame["type"], frame["seq"]) for frame in answers if frame["type"] == "ack"} == {("ack", 1)}
    await two.expect_event(chat, 1)
    await two.expect_nothing()
    assert await Event.objects.acount() == 1


@pytest.mark.services
async def test_of_two_sockets_racing_for_one_ticket_always_one_is_let_in(server, sign_up):
    [ann] = await sign_up(server, "ann")
    for _ in range(50):
        ticket = await ann.rest.ticket("phone")
        attempts = [Connection.open(server.url, path=ticket.path, token=ann.rest.access) for _ in range(2)]
        results = await asyncio.gather(*attempts, return_exceptions=True)
        opened = [each for each in results if isinstance(each, Connection)]
        assert len(opened) == 1
        assert [each.status for each in results if isinstance(each, HandshakeRefused)] == [403]
        await opened[0].close()


@on_each_server
@pytest.mark.services
async def test_a_frame_over_the_transports_limit_is_the_end_of_that_connection_only(server, sign_up):
    ann, bob = await sign_up(server, "ann", "bob")
    one, two = await ann.join(), await bob.join()
    await one.put(json.dumps({"type": "ping", "id": "1", "x": "x" * 100_000}))
    await one.expect_error("frame_too_large", id=None)
    await one.put("x" * 300_000)
    with pytest.raises(Exception, match="closed"):
        await one.take()
    await two.expect_ack(await two.send("ping"))


@on_each_server
@pytest.mark.services
@pytest.mark.timeout(180)
async def test_a_hundred_thousand_garbage_frames_leave_the_process_as_it_was(start_server, sign_up):
    much = "1000000"
    server = await start_server(BAD_FRAMES_PER_MINUTE=much, COMMANDS_PER_SECOND=much, COMMANDS_BURST=much)
    people = await sign_up(server, "ann", "bob")
    talks = [await person.join() for person in people]
    await _send_garbage(talks, frames=5_000)  # what is made once, is made
    before = server.usage()
    await _send_garbage(talks, frames=100_000)
    for talk in talks:
        await talk.expect_ack(await talk.send("ping"))
    after = server.usage()
    assert after.files == before.files
    assert after.memory - before.memory < 16_000_000, (before, after)
    assert "Traceback" not in server.log()


_GARBAGE = ["", "{", "[]", "null", '{"type":"ping"}', '{"type":3}', "[" * 500, '{"id":"\\ud800"}', "\x00", '"x"']


async def _send_garbage(talks: list[SocketTalk], *, frames: int) -> None:
    async def send(talk: SocketTalk) -> None:
        for n in range(frames // len(talks)):
            await talk.put(_GARBAGE[n % len(_GARBAGE)])

    async def hear(talk: SocketTalk) -> None:
        for _ in range(frames // len(talks)):
            assert (await talk.take())["type"] == "error"

    await asyncio.gather(*(work(talk) for talk in talks for work in (send, hear)))
