"""The page when the server, the network or another device comes between: nothing is lost, nothing doubled, and it says so."""

from __future__ import annotations

import asyncio
import json

import pytest
from playwright.async_api import expect

from tests.server import PASSWORD

pytestmark = pytest.mark.services

# What a browser says of a server that is not there.
GONE = (
    "ERR_CONNECTION_REFUSED",
    "ERR_CONNECTION_RESET",
    "ERR_SOCKET_NOT_CONNECTED",
    "ERR_EMPTY_RESPONSE",
    "WebSocket connection to",
)


async def test_three_browsers_lose_nothing_when_the_server_is_killed_while_they_type_and_send(
    server, sign_up, open_screen
):
    open_screen.expect_trouble(*GONE)
    people = await sign_up(server, "ann", "bob", "eve")
    chat = (await people[0].rest.create_chat("group", [person.id for person in people[1:]], title="Three")).id
    screens = [await open_screen(server, person) for person in people]
    for screen in screens:
        await screen.open_chat(chat)

    async def talk(name: str, number: int) -> None:
        for count in range(8):
            await screens[number].page.type("#composer-text", f"{name}{count}")
            await screens[number].page.press("#composer-text", "Enter")

    talking = [asyncio.create_task(talk(person.name, number)) for number, person in enumerate(people)]
    await screens[0].expect_message("ann2")
    await server.kill()
    await asyncio.gather(*talking)
    await screens[2].expect_state("waiting")
    await server.start()
    for screen in screens:
        await expect(screen.page.locator("#messages [data-seq]")).to_have_count(24, timeout=30_000)
    told = [await screen.said() for screen in screens]
    assert told[0] == told[1] == told[2]
    assert [text for text in told[0] if text.startswith("ann")] == [f"ann{count}" for count in range(8)]


async def test_a_server_restart_is_counted_down_and_what_was_written_meanwhile_is_sent(server, sign_up, open_screen):
    open_screen.expect_trouble(*GONE)
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await server.kill()
    await screen.expect_state("waiting")
    await expect(screen.page.locator("#socket-words")).to_have_text("Reconnecting")
    await screen.say("written while away")
    await screen.expect('.message[data-pending] .status[aria-label="Sending"]')
    await server.start()
    await screen.expect_message("written while away")
    await bob.rest.send_message(chat, "and heard after")
    await screen.expect_message("and heard after")
    assert await screen.said() == ["written while away", "and heard after"]


async def test_a_reload_in_the_middle_of_sending_neither_loses_nor_doubles(server, sign_up, open_screen):
    open_screen.expect_trouble("ERR_ABORTED")  # what the page was asking for when it was reloaded
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one, two = await open_screen(server, ann), await open_screen(server, bob)
    await two.open_chat(chat)
    await one.open_chat(chat)
    server.pause()
    await one.say("just before the reload")
    await one.expect(".message[data-pending]")
    server.resume()
    await one.page.reload()
    await one.expect_state("connected")
    await one.expect_message("just before the reload")
    await two.expect_message("just before the reload")
    assert await one.said() == await two.said() == ["just before the reload"]


async def test_offline_is_said_and_left_behind(server, sign_up, open_screen):
    open_screen.expect_trouble("ERR_INTERNET_DISCONNECTED", "WebSocket connection to")
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.page.context.set_offline(True)
    await screen.expect_state("offline")
    await screen.say("written offline")
    await screen.page.context.set_offline(False)
    await screen.expect_state("connected")
    await screen.expect_message("written offline")


async def test_after_a_pause_presence_is_asked_for_once(server, sign_up, open_screen):
    open_screen.expect_trouble("ERR_INTERNET_DISCONNECTED", "WebSocket connection to")
    ann, bob, eve = await sign_up(server, "ann", "bob", "eve")
    await ann.rest.create_chat("private", [bob.id])
    chat = (await ann.rest.create_chat("group", [bob.id, eve.id], title="Tea")).id
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.page.click("#members-button")
    await screen.expect('#members-list:has-text("eve")')
    sent: list[str] = []
    screen.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    await screen.page.context.set_offline(True)
    await screen.expect_state("offline")
    async with screen.page.expect_response(f"**/chats/{chat}/members/*") as reading:
        await screen.page.context.set_offline(False)
    await (await reading.value).finished()
    await screen.page.keyboard.press("Escape")
    await screen.say("and on")
    await screen.expect_message("and on")
    [asked] = [frame for frame in sent if "presence.watch" in frame]
    assert json.loads(asked)["users"] == [bob.id, eve.id]


async def test_a_refused_message_is_kept_and_sent_again_under_its_id(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await bob.rest.call("PUT", f"/api/users/blocked/{ann.id}/")
    await screen.say("Are you angry?")
    await screen.expect('.message[data-failed]:has-text("You may not do this.")')
    id = await screen.page.get_attribute(".message[data-failed]", "data-pending")
    await bob.rest.call("DELETE", f"/api/users/blocked/{ann.id}/")
    await screen.page.click('.failure button:text-is("Try again")')
    await screen.expect(f'.message[data-seq][data-key="id-{id}"]:has-text("Are you angry?")')
    assert await screen.said() == ["Are you angry?"]


async def test_a_change_that_is_refused_is_undone_and_said(start_server, sign_up, open_screen):
    server = await start_server(EDIT_WINDOW_SECONDS="0.1")
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.say("said is said")
    await screen.expect_message("said is said")
    await asyncio.sleep(0.2)
    await screen.page.press("#composer-text", "ArrowUp")
    await screen.say("never said")
    await screen.expect('#toast:has-text("You may not do this.")')
    await expect(screen.page.locator("#messages .text")).to_have_text(["said is said"])


async def test_a_second_browser_is_told_and_may_take_over(server, sign_up, open_screen):
    open_screen.expect_trouble("status of 409")
    [ann] = await sign_up(server, "ann")
    first = await open_screen(server, ann)
    second = await open_screen(server)
    await second.page.goto(second.url)
    await second.page.fill("#login-form [name=username]", "ann")
    await second.page.fill("#login-form [name=password]", PASSWORD)
    await second.page.keyboard.press("Enter")
    await second.expect_state("elsewhere")
    await second.expect('#socket-words:text-is("Another device is connected")')
    await second.page.click("#socket-action")
    await second.expect_state("connected")
    await first.expect_state("elsewhere")
    await first.expect('#socket-words:text-is("Another device took over")')


async def test_a_second_tab_shares_the_socket_and_takes_it_over_when_the_first_is_closed(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    first = await open_screen(server, ann)
    second = open_screen.watch(await first.page.context.new_page(), server)
    await second.page.goto(second.url)
    await second.expect_state("connected")
    await second.page.click("#wire-button")
    await second.expect('#wire-place:has-text("another tab")')
    await second.open_chat(chat)
    await second.say("from the second")
    await second.expect_message("from the second")
    await first.page.close()
    await second.expect_gone("#wire-place:not(:empty)")
    await bob.rest.send_message(chat, "still here?")
    await second.expect_message("still here?")
