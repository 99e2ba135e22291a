"""The page at `/`: people chat in a real browser, over one socket each."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.server import PASSWORD

pytestmark = pytest.mark.services


@pytest.fixture
async def pair(server, sign_up, open_screen):
    """Return Ann's and Bob's screens, both in their private chat, and the chat."""
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one, two = await open_screen(server, ann), await open_screen(server, bob)
    await one.open_chat(chat)
    await two.open_chat(chat)
    return one, two, chat


async def test_two_browsers_chat(pair):
    one, two, _ = pair
    await one.say("Hello Bob")
    await two.expect_message("Hello Bob")
    await two.say("Hello Ann")
    await one.expect_message("Hello Ann")
    assert await one.said() == await two.said() == ["Hello Bob", "Hello Ann"]


async def test_three_browsers_see_one_order(server, sign_up, open_screen):
    people = await sign_up(server, "ann", "bob", "eve")
    chat = (await people[0].rest.create_chat("group", [person.id for person in people[1:]], title="Three")).id
    screens = [await open_screen(server, person) for person in people]
    for screen in screens:
        await screen.open_chat(chat)
    for number in range(4):
        for name, screen in zip("abe", screens, strict=True):
            await screen.say(f"{name}{number}")
    for screen in screens:
        await expect(screen.page.locator("#messages [data-seq]")).to_have_count(12)
    told = [await screen.said() for screen in screens]
    assert told[0] == told[1] == told[2]


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
    await screen.expect(f'#chat-list [data-chat="{second}"]:has-text("in the other one")')
    assert len(sockets) == 1


async def test_a_chat_opens_though_its_row_changes_during_the_click(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    screen = await open_screen(server, ann)
    title = await screen.page.locator(f'#chat-list [data-chat="{chat}"] .chat-title').bounding_box()
    assert title is not None
    await screen.page.mouse.move(title["x"] + 5, title["y"] + 5)
    await screen.page.mouse.down()
    await bob.rest.send_message(chat, "now")
    await screen.expect('#chat-list li:has-text("now")')
    await screen.page.mouse.up()
    await screen.expect("#composer textarea")


async def test_the_wire_shows_one_socket_and_the_frames_of_every_chat(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chats = [(await ann.rest.create_chat("group", [bob.id], title=title)).id for title in ("One", "Two")]
    screen = await open_screen(server, ann)
    await screen.page.click("#wire-button")
    for chat in chats:
        await bob.rest.send_message(chat, "hi")
        await screen.expect(f'#wire-frames .in:has-text("message.created"):has-text("chat {chat}")')
    assert await screen.page.inner_text("#wire-sockets") == "1"
    assert await screen.page.inner_text("#wire-chats") == "2"
    assert ann.rest.access not in await screen.page.inner_text("#wire")


async def test_a_message_is_sent_then_read(pair):
    one, two, _ = pair
    await two.page.click("#chats-search")
    await two.page.goto(f"{two.url}#")
    await one.say("Are you there?")
    await one.expect(".message .status.stored")
    await two.page.click("#chat-list a")
    await one.expect(".message .status.read[aria-label=Read]")


async def test_an_answer_quotes_and_leads_to_the_message(pair):
    one, two, _ = pair
    await one.say("Tea or coffee?")
    await two.expect_message("Tea or coffee?")
    await two.use_tool("Tea or coffee?", "Reply")
    await two.page.keyboard.type("Tea, please")
    await two.page.keyboard.press("Enter")
    quote = one.message("Tea, please").locator(".quote")
    await expect(quote).to_contain_text("Tea or coffee?")
    await quote.click()
    await one.expect('.message.flash:has-text("Tea or coffee?")')


async def test_a_reaction_shows_on_both_sides_and_goes_again(pair):
    one, two, _ = pair
    await one.say("Done!")
    await two.expect_message("Done!")
    await two.use_tool("Done!", "React")
    await two.page.click('.tools [aria-label="party"]')
    await two.expect('.reactions [aria-pressed=true]:has-text("🎉")')
    await one.expect('.reactions [aria-pressed=false]:has-text("1")')
    await two.page.click(".reactions button")
    await one.expect_gone(".reactions")


async def test_a_reaction_that_a_page_of_history_has_already_is_counted_once(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    seq = (await ann.rest.send_message(chat, "Done!")).seq
    talk = await bob.join()
    await talk.send("reaction.set", chat=chat, seq=seq, emoji="🎉", on=True)
    await talk.expect("ack")
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.expect('.reactions [aria-label="🎉 1"]')
    await talk.send("reaction.set", chat=chat, seq=seq, emoji="👍", on=True)
    await screen.expect('.reactions [aria-label="👍 1"]')
    assert await screen.page.locator(".reactions button").count() == 2


async def test_the_up_arrow_edits_the_last_message(pair):
    one, two, _ = pair
    await one.say("Helo")
    await two.expect_message("Helo")
    await one.page.press("#composer-text", "ArrowUp")
    await one.say("Hello")
    await two.expect('.message:has-text("Hello"):has-text("edited")')
    assert await two.said() == ["Hello"]


async def test_an_edit_gives_back_what_was_being_written(pair):
    one, two, _ = pair
    await one.say("Helo")
    await two.expect_message("Helo")
    for done_with in ("Enter", "Escape"):
        await one.page.fill("#composer-text", "And then I thought")
        await one.use_tool("Hel", "Edit")
        await one.page.fill("#composer-text", "Hello")
        await one.page.press("#composer-text", done_with)
        assert await one.page.input_value("#composer-text") == "And then I thought"
    await two.expect('.message:has-text("Hello"):has-text("edited")')


async def test_a_deleted_message_is_gone_on_both_sides(pair):
    one, two, _ = pair
    await one.say("Oops")
    await two.expect_message("Oops")
    await one.use_tool("Oops", "Delete")
    await one.page.click("#delete-confirm")
    await two.expect_message("Message deleted")
    assert await one.said() == await two.said() == ["Message deleted"]


async def test_typing_shows_until_the_message_is_there(pair):
    one, two, _ = pair
    await one.page.type("#composer-text", "Well")
    await two.expect('#chat-about:has-text("ann is typing…")')
    await one.page.press("#composer-text", "Enter")
    await two.expect_message("Well")
    await two.expect_gone('#chat-about:has-text("typing")')


async def test_presence_comes_and_goes(start_server, sign_up, open_screen):
    server = await start_server(PRESENCE_SECONDS="0.2", PRESENCE_GRACE_SECONDS="0.3")
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    one = await open_screen(server, ann)
    await one.open_chat(chat)
    await one.expect('#chat-about:has-text("Offline"), #chat-about:has-text("Last seen")')
    two = await open_screen(server, bob)
    await one.expect("#chat-list .avatar.online")
    await one.expect('#chat-about:has-text("Online")')
    await two.page.close()
    await one.expect('#chat-about:has-text("Last seen just now")')


async def test_a_mention_is_completed_counted_and_marked(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("group", [bob.id], title="Tea")).id
    one, two = await open_screen(server, ann), await open_screen(server, bob)
    await one.open_chat(chat)
    await one.page.type("#composer-text", "Milk, @b")
    await one.expect('#mention-box [aria-selected=true]:has-text("bob")')
    await one.page.press("#composer-text", "Enter")
    await one.page.type("#composer-text", "?")
    await one.page.press("#composer-text", "Enter")
    await two.expect("#chat-list .mention-mark")
    await two.open_chat(chat)
    await two.expect('.mention.me:has-text("@bob")')
    assert await one.said() == ["Milk, @bob ?"]


async def test_unread_messages_are_counted_and_read_by_looking(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    screen = await open_screen(server, ann)
    for text in ("one", "two"):
        await bob.rest.send_message(chat, text)
    await screen.expect('#chat-list .badge:text-is("2")')
    await expect(screen.page).to_have_title(re.compile(r"^\(2\)"))
    await screen.open_chat(chat)
    await screen.expect_gone("#chat-list .badge")
    await expect(screen.page).to_have_title("Onesocket")


async def test_the_search_finds_chats_by_title_and_by_people(server, sign_up, open_screen):
    ann, bob, eve = await sign_up(server, "ann", "bob", "eve")
    await ann.rest.create_chat("group", [bob.id], title="Gardening")
    await ann.rest.create_chat("private", [eve.id])
    screen = await open_screen(server, ann)
    rows = screen.page.locator("#chat-list li")
    await expect(rows).to_have_count(2)
    for wanted, found in (("garden", "Gardening"), ("bob", "Gardening"), ("EVE", "eve")):
        await screen.page.fill("#chats-search", wanted)
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text(found)
    await screen.page.fill("#chats-search", "nobody")
    await screen.expect('#chats-note:has-text("No chat of that name.")')


async def test_somebody_signs_up_and_finds_an_empty_place_in_words(server, open_screen):
    screen = await open_screen(server)
    await screen.page.goto(screen.url)
    await screen.page.click("[data-show=signup-form]")
    await screen.page.fill("#signup-form [name=username]", "carol")
    await screen.page.fill("#signup-form [name=password]", PASSWORD)
    await screen.page.keyboard.press("Enter")
    await screen.expect_state("connected")
    await screen.expect('#chats-note:has-text("No chats yet. Start one with “New chat”.")')
    await expect(screen.page.locator("#no-chat .buttons > :visible")).to_have_text(["New chat"])
    await screen.page.click("#sign-out")
    await screen.expect("#login-form")


async def test_a_wrong_password_is_told_in_words(server, open_screen):
    open_screen.expect_trouble("status of 401")
    screen = await open_screen(server)
    await screen.page.goto(screen.url)
    await screen.page.fill("#login-form [name=username]", "nobody")
    await screen.page.fill("#login-form [name=password]", "wrong")
    await screen.page.keyboard.press("Enter")
    await screen.expect('#login-form .error:has-text("password")')
