"""The page with much in it: long chats scroll as short ones do, and a first visit is small."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import expect

from messaging.database import run_in_thread
from messaging.log import append
from messaging.protocol.frames import MessageSend
from messaging.write import Write
from tests.browser.conftest import Screen, go_on_after
from tests.server import Person

pytestmark = pytest.mark.services

AT_ONCE = 500
# One step of the wheel, many times, and how long each frame took; milliseconds.
SCROLL = """async () => {
  const scroller = document.querySelector('#scroller');
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const times = [];
  for (let step = 0; step < 60; step += 1) {
    scroller.scrollTop += step < 30 ? -400 : 400;
    const begun = performance.now();
    scroller.getBoundingClientRect();
    await frame();
    await frame();
    times.push(performance.now() - begun);
  }
  times.sort((a, b) => a - b);
  return times[Math.floor(times.length / 2)];
}"""
# The list is drawn after a scroll and before the event that tells of it, which comes with the next frame.
SCROLL_AND_DRAW = """() => {
  document.querySelector('#scroller').scrollTop -= 1000;
  dispatchEvent(new Event('hashchange'));
}"""
# Where a message stands in the sight, in pixels.
PLACE = "(node) => node.getBoundingClientRect().top"


async def fill(chat: int, sender: int, count: int, *, name: str = "m") -> None:
    """Write so many messages into a chat; `name` tells their ids from those of another time."""
    for first in range(1, count + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, count + 1))
        commands = [MessageSend(id=f"{name}{number}", chat=chat, text=f"Message {number}.") for number in numbers]
        await run_in_thread(append, [Write.from_command(sender, command) for command in commands])


async def go_to_the_beginning(screen: Screen) -> None:
    """Scroll up until there is nothing above."""
    page = screen.page
    while await page.locator("#messages-note", has_text="This is where the chat begins.").count() == 0:
        await page.evaluate("() => { document.querySelector('#scroller').scrollTop = 0; }")
        await page.wait_for_timeout(10)


@pytest.fixture
async def long_chat(server, sign_up):
    """Return Ann, Bob, and a function that makes a chat of theirs with so many messages of one of them: else Ann's."""
    ann, bob = await sign_up(server, "ann", "bob")

    async def make(count: int, by: Person = ann) -> int:
        chat = (await ann.rest.create_chat("group", [bob.id], title=f"With {count}")).id
        await fill(chat, by.id, count)
        return int(chat)

    return ann, bob, make


async def test_a_chat_of_10000_messages_scrolls_as_one_of_100(server, long_chat, open_screen):
    ann, bob, make = long_chat
    few, many = await make(100), await make(10_000, by=bob)
    for chat in (few, many):
        await bob.rest.send_message(chat, "At first", reply_to=1)
    screen = await open_screen(server, ann)
    times: dict[int, Any] = {}
    for chat in (few, many):
        await screen.open_chat(chat)
        # All pages back to the first one are read: much sooner than by hand.
        await screen.page.click('.message:has-text("At first") .quote')
        await screen.expect('.message.flash[data-seq="1"]')
        await go_to_the_beginning(screen)
        assert await screen.page.locator("#messages > li").count() <= 260
        await screen.page.evaluate("() => { document.querySelector('#scroller').scrollTop = 14000; }")
        times[chat] = await screen.page.evaluate(SCROLL)
    assert times[many] < 3 * times[few] + 20, times
    await screen.page.click("#jump")
    await screen.expect_message("At first")


async def test_history_comes_in_above_without_a_jump(server, long_chat, open_screen):
    ann, _, make = long_chat
    chat = await make(300)
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.expect_message("Message 300.")
    anchor = screen.page.locator('#messages [data-seq="262"]')
    await anchor.evaluate("(node) => node.scrollIntoView()")
    before = await anchor.evaluate(PLACE)
    await expect(screen.page.locator('#messages [data-seq="201"]')).to_be_attached()
    assert abs(await anchor.evaluate(PLACE) - before) <= 1


async def test_an_open_chat_whose_end_is_looked_at_keeps_2000_messages_and_one_read_above_all(run):
    counts = await run(
        """async () => {
          const { Store } = await import('/static/messaging/page/store.js');
          const store = new Store(() => {});
          const history = store.openHistory(1);
          history.addPage(Array.from({ length: 2100 }, (_, n) => ({ type: 'message.created', seq: n + 1 })), false);
          const kept = (follows) => { store.trimHistories(1, follows); return [history.items.length, history.more]; };
          return [kept(false), kept(true)];
        }"""
    )
    assert counts == [[2100, False], [2000, True]]


async def test_what_comes_in_below_leaves_who_reads_above_in_peace(server, long_chat, open_screen):
    ann, bob, make = long_chat
    chat = await make(120)
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.expect_message("Message 120.")
    anchor = screen.page.locator('#messages [data-seq="90"]')
    await anchor.evaluate("(node) => node.scrollIntoView()")
    await screen.expect("#jump")
    before = await anchor.evaluate(PLACE)
    await bob.rest.send_message(chat, "News")
    await screen.expect('#jump .badge:text-is("1")')
    assert abs(await anchor.evaluate(PLACE) - before) <= 1
    await screen.page.click("#jump")
    await screen.expect_message("News")
    await screen.expect_gone("#jump")


async def test_who_scrolls_up_is_not_drawn_back_to_the_end(server, long_chat, open_screen):
    ann, _, make = long_chat
    chat = await make(120)
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.expect_message("Message 120.")
    await screen.page.evaluate(SCROLL_AND_DRAW)
    await screen.expect("#jump")
    await screen.page.click("#jump")
    await screen.expect_gone("#jump")


async def test_a_quotation_leads_to_a_message_that_was_not_read_yet(server, long_chat, open_screen):
    ann, bob, make = long_chat
    chat = await make(300)
    await bob.rest.send_message(chat, "As I said", reply_to=3)
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.page.click('.message:has-text("As I said") .quote')
    await screen.expect('.message.flash[data-seq="3"]')
    await expect(screen.page.locator('.message[data-seq="3"]')).to_be_in_viewport()


@pytest.mark.parametrize("unread", [30, 150])
async def test_a_chat_with_many_unread_messages_opens_at_the_first_of_them(server, long_chat, open_screen, unread):
    ann, bob, make = long_chat
    chat = await make(200)
    await ann.rest.send_message(chat, "Read so far")
    await fill(chat, bob.id, unread, name="new")
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await expect(screen.page.locator("#messages > .unread + .message")).to_contain_text("Message 1.")
    await expect(screen.page.locator("#messages > .unread")).to_be_in_viewport()
    await expect(screen.message("Read so far")).to_be_in_viewport()
    await screen.expect(f'#jump .badge:text-is("{unread}")')
    await screen.page.click("#jump")
    await screen.expect_message(f"Message {unread}.")
    await screen.expect_gone("#chat-list .badge")


@pytest.mark.parametrize("unread", [30, 150])
async def test_a_chat_that_was_never_read_opens_at_its_first_message(server, long_chat, open_screen, unread):
    ann, bob, make = long_chat
    chat = await make(unread, by=bob)
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await expect(screen.page.locator('#messages > .unread + .message[data-seq="1"]')).to_be_in_viewport()
    await screen.expect(f'#jump .badge:text-is("{unread}")')


async def test_who_scrolls_up_is_not_drawn_to_the_unread_messages(server, long_chat, open_screen):
    ann, bob, make = long_chat
    chat = await make(150, by=bob)
    screen = await open_screen(server, ann)
    may_answer = asyncio.Event()
    await screen.page.route("**/messages/?*before=*", lambda route: go_on_after(may_answer, route))
    await screen.open_chat(chat)
    await screen.expect('#messages-note:has-text("Loading earlier messages…")')
    await screen.page.evaluate(SCROLL_AND_DRAW)
    anchor = screen.page.locator('#messages [data-seq="120"]')
    before = await anchor.evaluate(PLACE)
    may_answer.set()
    await expect(screen.page.locator('#messages [data-seq="100"]')).to_be_attached()
    assert abs(await anchor.evaluate(PLACE) - before) <= 1


async def test_a_chat_whose_unread_messages_fit_is_read_by_opening_it(server, long_chat, open_screen):
    ann, bob, make = long_chat
    chat = await make(50)
    await ann.rest.send_message(chat, "Read so far")
    await bob.rest.send_message(chat, "News")
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await expect(screen.page.locator("#messages > .unread + .message")).to_contain_text("News")
    await screen.expect_gone("#chat-list .badge")
    await bob.rest.send_message(chat, "More news")
    await expect(screen.message("More news")).to_be_in_viewport()


async def test_a_first_visit_loads_little(server, open_screen):
    screen = await open_screen(server)
    sizes: dict[str, int] = {}
    screen.page.on(
        "response", lambda response: sizes.setdefault(response.url, int(response.headers.get("content-length", 0)))
    )
    await screen.page.goto(screen.url)
    await screen.expect("#login-form")
    assert all(url.startswith(screen.url) for url in sizes)
    assert sum(sizes.values()) < 110_000
