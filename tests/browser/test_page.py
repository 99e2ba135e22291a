"""The page at `/`: people chat in a real browser, over one socket each."""

from __future__ import annotations

import pytest

from tests.server import PASSWORD

pytestmark = pytest.mark.services


async def test_two_browsers_chat(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one, two = await open_screen(server, ann), await open_screen(server, bob)
    await one.open_chat(chat)
    await two.open_chat(chat)
    await one.say("Hello Bob")
    await two.expect_message("Hello Bob")
    await two.say("Hello Ann")
    await one.expect_message("Hello Ann")
    assert len(await one.texts()) == len(await two.texts()) == 2


async def test_every_chat_is_live_over_the_one_socket(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    first = (await ann.rest.create_chat("private", [bob.id])).id
    second = (await ann.rest.create_chat("group", [bob.id], title="Second")).id
    sockets: list[str] = []
    screen = await open_screen(server)
    screen.page.on("websocket", lambda socket: sockets.append(socket.url))
    await screen.log_in("ann")
    await screen.open_chat(first)
    await bob.rest.send_message(first, "in the open one")
    await screen.expect_message("in the open one")
    await bob.rest.send_message(second, "in the other one")
    await screen.page.wait_for_selector(f'#chat-list [data-chat="{second}"]:has-text("in the other one")')
    assert len(sockets) == 1


async def test_a_server_restart_loses_nothing_and_the_page_says_what_goes_on(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await server.kill()
    await screen.expect_state("waiting")
    await screen.say("written while away")
    await server.start()
    await screen.expect_message("written while away")
    await bob.rest.send_message(chat, "and heard after")
    await screen.expect_message("and heard after")
    assert len(await screen.texts()) == 2


async def test_text_is_text(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    await bob.rest.send_message(chat, evil)
    await screen.page.wait_for_selector("#messages [data-seq]")
    assert evil in (await screen.texts())[0]
    assert await screen.page.query_selector("#messages img, #messages script") is None


async def test_a_second_browser_is_told_and_may_take_over(server, sign_up, open_screen):
    [ann] = await sign_up(server, "ann")
    first = await open_screen(server, ann)
    second = await open_screen(server)
    await second.page.goto(second.url)
    await second.page.fill("#login-form [name=username]", "ann")
    await second.page.fill("#login-form [name=password]", PASSWORD)
    await second.page.keyboard.press("Enter")
    await second.expect_state("elsewhere")
    await second.page.click("#socket-action")
    await second.expect_state("connected")
    await first.expect_state("elsewhere")


async def test_a_wrong_password_is_told_in_words(server, open_screen):
    screen = await open_screen(server)
    await screen.page.goto(screen.url)
    await screen.page.fill("#login-form [name=username]", "nobody")
    await screen.page.fill("#login-form [name=password]", "wrong")
    await screen.page.keyboard.press("Enter")
    await screen.page.wait_for_selector('#login-form .error:has-text("password")')
