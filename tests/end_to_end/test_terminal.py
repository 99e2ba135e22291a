"""The terminal client against the real server: two people chat, and what fails between them is told and healed."""

from __future__ import annotations

import pytest

from messaging.models import Event
from tests.end_to_end.terminal import Program, run_terminal
from tests.server import PASSWORD

pytestmark = pytest.mark.services


@pytest.fixture
async def open_terminal(tmp_path):
    """Return a function that runs the terminal client; all that it ran is gone when the test is over."""
    running: list[Program] = []

    async def start(*arguments, **more):
        running.append(await run_terminal(*arguments, **({"XDG_STATE_HOME": str(tmp_path / "state")} | more)))
        return running[-1]

    yield start
    for program in running:
        await program.kill()
        program.release()


async def _texts(chat: int) -> list[str]:
    return [event.text async for event in Event.objects.filter(chat=chat).order_by("seq")]


@pytest.fixture
async def chat(server, sign_up) -> int:
    """Make ann, bob and a chat of the two, and return its number."""
    ann, bob = await sign_up(server, "ann", "bob")
    return (await ann.rest.create_chat("private", [bob.id])).id


async def test_two_terminals_chat(server, chat, open_terminal):
    one, two = await open_terminal(server, "ann"), await open_terminal(server, "bob")
    await one.expect(f"[{chat}] bob\n")
    await two.expect(f"[{chat}] ann\n")
    one.enter("/open bob", "hello", "there")
    await one.expect("… hello", "✓ ", "ann: hello\n", "ann: there\n")
    await two.expect(f"* [{chat}] ann · 2 unread · there")
    two.enter(f"/open {chat}")
    await two.expect("── 2 unread ──", "ann: hello", "ann: there")
    await one.expect("    read by bob")
    two.enter("hi ann")
    await two.expect("✓ ", "bob: hi ann")
    await one.expect("bob: hi ann")
    two.end_input()
    one.enter("/quit")
    assert (await one.ended(), await two.ended()) == (0, 0)
    assert await _texts(chat) == ["hello", "there", "hi ann"]


async def test_messages_are_changed_answered_reacted_to_and_deleted(server, chat, open_terminal):
    one, two = await open_terminal(server, "ann", tty=True), await open_terminal(server, "bob", tty=True)
    for program in (one, two):
        program.enter(f"/open {chat}")
        await program.expect("── ")
    one.enter("helo")
    await two.expect("#1 ann: helo\n")
    one.enter("/edit hello")
    await one.expect("✓ ", "· ann changed #1: hello\n")
    await two.expect("· ann changed #1: hello\n")
    two.enter("/react #1 ❤️", "/reply #1 hi ann")
    await two.expect("✓ ", "· bob put ❤️ on #1 (ann: hello)\n", "#4 bob: (to #1 ann: hello) hi ann\n")
    await one.expect("· bob put ❤️ on #1 (ann: hello)\n", "#4 bob: (to #1 ann: hello) hi ann\n")
    one.enter("/react #4 👍", "/react #4 👍", "/react #4 👍 off", "/delete #4", "/edit #4 mine", "/delete #1")
    await one.expect(
        "✓ put 👍 on #4  (it was so already)\n",
        "took 👍 off #4",
        "✗ not done: delete #4 (",
        "✗ not done: change #4: mine (",
    )
    await two.expect("· ann deleted #1\n")
    one.enter(f"/open {chat}")
    await one.expect("── ", "#1 ann: (deleted)\n", "#4 bob: (to #1 ")
    assert await _texts(chat) == ["", "", "", "hi ann", "", "", ""]


async def test_a_message_read_later_has_its_reactions_and_its_present_text(server, chat, open_terminal):
    one, two = await open_terminal(server, "ann"), await open_terminal(server, "bob", tty=True)
    one.enter("/open bob", "helo", "/edit hello", "/react #1 ❤️")
    await one.expect("ann put ❤️ on #1")
    one.enter("/members")
    await one.expect("  bob (", "has read nothing)")
    two.enter(f"/open {chat}")
    await two.expect("#1 ann: hello  ❤️ 1  (edited)\n")
    await one.expect("    read by bob")
    two.enter("/react #1 ❤️")
    await one.expect("bob put ❤️ on #1 (ann: hello)")
    one.enter("/members", "/open bob")
    await one.expect("  bob (", "has read up to #", "── bob", "#1 ann: hello  ❤️ 2 (you)  (edited)\n", "read by bob")


async def test_who_blocks_and_is_blocked_cannot_write(server, sign_up, open_terminal):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    await ann.rest.send_message(chat, "hello")
    await bob.rest.call("PUT", f"/api/users/blocked/{ann.id}/")
    one = await open_terminal(server, "ann", tty=True)
    one.enter("/open bob", "/reply #1 there?", "/react #1 👍")
    why = "(one of you blocks the other)\n"
    await one.expect("✗ not sent: (to #1) there? " + why, "✗ not done: put 👍 on #1 " + why)


@pytest.mark.timeout(120)  # three starts of a server, and the longest pause that the client draws
async def test_a_restart_of_the_server_is_told_and_missed_messages_are_shown(start_server, sign_up, open_terminal):
    server, other = await start_server(), await start_server()
    ann, bob = await sign_up(server, "ann", "bob")
    chats = [(await ann.rest.create_chat("group", [bob.id], title=title)).id for title in ("Tea", "Cake")]
    one = await open_terminal(server, "ann")
    one.enter("/open tea")
    await one.expect("── Tea")
    two = await open_terminal(other, "bob")
    await server.stop()
    await one.expect("— connection lost (the server stops), trying again in")
    one.enter("written while away")
    two.enter("/open cake", "one", "/open tea", "two", "three")
    await two.expect("bob: three")
    await one.expect("… written while away")
    await server.start()
    await one.expect("bob: two", "bob: three", "— back, 3 missed messages", f"* [{chats[1]}] Cake · 1 unread")
    await two.expect("ann: written while away")
    # It may have been stored before all else was caught up, and then stands above that line.
    one.enter("/open tea")
    await one.expect("── Tea", "✓ ", "ann: written while away")
    assert await _texts(chats[0]) == ["two", "three", "written while away"]


async def test_a_server_killed_while_a_line_is_typed_gets_it_once(server, chat, open_terminal):
    one = await open_terminal(server, "ann")
    one.enter("/open bob", "before")
    await one.expect("✓ ", "before")
    texts = [f"line {number}" for number in range(20)]
    one.enter(*texts)
    await server.kill()
    one.end_input()
    await one.expect("— connection lost (cut off)")
    await server.start()
    assert await one.ended() == 0
    assert await _texts(chat) == ["before", *texts]


async def test_a_message_typed_offline_survives_the_program(server, chat, open_terminal):
    one = await open_terminal(server, "ann")
    one.enter("/open bob")
    await one.expect("── bob")
    await server.stop()
    await one.expect("connection lost")
    one.enter("kept", "kept too")
    await one.expect("… kept too")
    await one.kill()
    await server.start()
    again = await open_terminal(server, "ann")
    await again.expect("✓ bob: kept\n", "✓ bob: kept too\n")
    again.end_input()
    assert await again.ended() == 0
    assert await _texts(chat) == ["kept", "kept too"]


async def test_typing_is_seen_and_a_half_typed_line_stays_whole(server, chat, open_terminal):
    one, two = await open_terminal(server, "ann", tty=True), await open_terminal(server, "bob")
    for program in (one, two):
        program.enter(f"/open {chat}")
        await program.expect("── ")
    one.type("half a l")
    await two.expect("    ann is typing …")
    two.enter("meanwhile")
    await one.expect("bob: meanwhile\n", "bob> half a l")
    one.type("ine\r")
    await two.expect("ann: half a line")
    await one.expect("✓ ", "ann: half a line\n", "read by bob")


async def test_texts_of_others_cannot_reach_the_terminal(server, sign_up, open_terminal):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("group", [bob.id], title="Tea\u202e")).id
    one = await open_terminal(server, "ann", tty=True)
    one.enter(f"/open {chat}")
    await one.expect("── Tea [")
    await bob.rest.send_message(chat, "evil \u009b2J\u009d0;title\u009c \u202eesrever\nann: forged")
    await one.expect("bob: evil 2J0;title esrever\n", "       │ ann: forged")
    assert not {"\u009b", "\u009d", "\u009c", "\u202e"} & set(one.raw)


async def test_a_second_device_asks_before_it_takes_over(server, chat, open_terminal):
    one = await open_terminal(server, "ann", tty=True)
    await one.expect("bob")
    script = await open_terminal(server, "ann", "--device", "script")
    await script.expect("chat: connected from another device; --take takes over")
    assert await script.ended() == 1
    two = await open_terminal(server, "ann", "--device", "tablet", tty=True)
    await two.expect("— connected from another device", "Take over? [y/N]")
    two.enter("y")
    await two.expect(f"[{chat}] bob")
    await one.expect("— another device took over", "Take it back? [y/N]")
    one.enter("n")
    await one.expect("chat: left to the other device")
    assert await one.ended() == 1


async def test_one_device_is_in_one_terminal(server, chat, open_terminal):
    one = await open_terminal(server, "ann")
    await one.expect("bob")
    again = await open_terminal(server, "ann")
    await again.expect("chat: this user is in another terminal here; --device NAME")
    assert await again.ended() == 1


async def test_a_password_that_was_changed_is_asked_for(server, sign_up, open_terminal):
    [ann] = await sign_up(server, "ann")
    one = await open_terminal(server, "ann", tty=True, ONESOCKET_PASSWORD="")
    await one.expect("Password of ann:")
    one.enter("not it")
    await one.expect("chat: wrong name or password", "Password of ann:")
    one.enter(PASSWORD)
    await one.expect("You are in no chat yet")
    await ann.rest.change_password(PASSWORD, "another " + PASSWORD)
    await one.expect("— you were signed out", "Password of ann:")
    one.enter(PASSWORD, "another " + PASSWORD)
    await one.expect("! wrong password", "— back, nothing missed")
    assert PASSWORD not in one.shown


async def test_ctrl_c_gives_the_terminal_back(server, chat, open_terminal):
    one = await open_terminal(server, "ann", tty=True)
    before = one.mode
    await one.expect("bob")
    assert one.mode != before
    one.type("half a line\x03")
    assert await one.ended() == 0
    assert one.mode == before
    assert one.raw.endswith("\r\x1b[J\x1b[?2004l")


async def test_a_script_that_nobody_reads_ends(server, chat, open_terminal):
    one = await open_terminal(server, "ann", "--log", "/dev/null")
    await one.expect("bob")
    one.look_away()
    one.enter("/chats")
    assert await one.process.wait() == 1


async def test_a_wrong_password_is_told(server, chat, open_terminal):
    program = await open_terminal(server, "ann", "--password", "wrong")
    await program.expect("chat: wrong name or password")
    assert await program.ended() == 1


async def test_it_is_a_management_command_too(server, chat, open_terminal):
    one = await open_terminal(server, "ann", program=("manage.py", "chat"))
    one.enter("/open bob", "hello")
    one.end_input()
    assert await one.ended() == 0
    assert await _texts(chat) == ["hello"]
