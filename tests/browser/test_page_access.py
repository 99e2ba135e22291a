"""The page for everybody: by keyboard, with a screen reader, on any width, in any light and any script."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Page, expect

from tests.browser.conftest import Screen

pytestmark = pytest.mark.services

# Shifts that no hand of the person brought about, as the browser counts them.
WATCH_SHIFTS = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
  }).observe({ type: 'layout-shift', buffered: false });
}"""


async def expect_accessible(page: Page) -> None:
    """Expect that axe has nothing to say about what is to be seen."""
    results = await Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


async def is_too_wide(page: Page) -> bool:
    """Tell whether anything makes the page scroll to the side."""
    return bool(
        await page.evaluate("() => document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )


@pytest.fixture
async def furnished(server, sign_up):
    """Return Ann, who has a group with all that a message can be, and the chat."""
    ann, bob, eve = await sign_up(server, "ann", "bob", "eve")
    chat = (await ann.rest.create_chat("group", [bob.id, eve.id], title="Tea")).id
    seq = (await bob.rest.send_message(chat, "Tea, @ann? https://a.example/")).seq
    await ann.rest.send_message(chat, "Yes!", reply_to=seq)
    talk = await eve.join()
    await talk.send("reaction.set", chat=chat, seq=seq, emoji="👍", on=True)
    await talk.expect("ack")
    await eve.rest.send_message(chat, "🎉")
    return ann, chat


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
async def test_no_view_has_a_barrier(server, furnished, open_screen, scheme, width):
    _, chat = furnished
    screen: Screen = await open_screen(
        server, color_scheme=scheme, viewport={"width": width, "height": 800}, bypass_csp=True, reduced_motion="reduce"
    )
    page = screen.page
    await page.goto(screen.url)
    await expect_accessible(page)
    await page.click("[data-show=signup-form]")
    await expect_accessible(page)
    await screen.log_in("ann")
    await screen.expect("#chat-list li")
    await expect_accessible(page)
    await screen.open_chat(chat)
    await screen.expect_message("🎉")
    await screen.use_tool("Tea,", "React")
    await expect_accessible(page)
    await page.keyboard.press("Escape")
    await page.fill("#composer-text", "@b")
    await expect_accessible(page)
    await page.keyboard.press("Escape")
    for button, close in (("#members-button", "#members-close"), ("#wire-button", "#wire-close")):
        await page.click(button)
        await screen.expect(close)
        await expect_accessible(page)
        await page.click(close)
    await screen.use_tool("Yes!", "Delete")
    await expect_accessible(page)


async def test_a_chat_is_found_answered_and_left_by_keyboard_alone(server, furnished, open_screen):
    ann, _ = furnished
    screen = await open_screen(server, ann)
    page = screen.page
    await screen.expect("#chat-list li")
    await page.focus("#chats-search")
    await page.keyboard.type("tea")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await screen.expect_message("🎉")
    await expect(page.locator("#composer-text")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await expect(page.locator(".message").last).to_be_focused()
    await page.keyboard.press("Home")
    await expect(page.locator(".message").first).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Enter")
    await expect(page.locator("#composer-purpose-name")).to_have_text("Reply to bob")
    await page.keyboard.type("By hand")
    await page.keyboard.press("Enter")
    await screen.expect('.message:has(.quote):has-text("By hand")')


async def test_the_focus_stays_with_a_message_whatever_is_done_with_it(server, furnished, open_screen):
    ann, chat = furnished
    screen = await open_screen(server, ann)
    page = screen.page
    await screen.open_chat(chat)
    await screen.expect_message("🎉")
    message = screen.message("Yes!").last
    await message.focus()
    for keys in (["Enter", "Enter"], ["ArrowRight", "ArrowRight", "ArrowRight", "Enter"]):
        for key in ["Enter", *keys]:
            await page.keyboard.press(key)
        await expect(message).to_be_focused()
    await page.keyboard.press("Enter")
    await page.click('.tools [aria-label="Delete"]')
    await page.keyboard.press("Escape")
    await expect(message).to_be_focused()


async def test_who_leaves_a_chat_on_a_narrow_screen_is_at_its_row(server, furnished, open_screen):
    ann, chat = furnished
    await ann.rest.create_chat("group", [], title="Newer")
    screen = await open_screen(server, ann, viewport={"width": 320, "height": 568})
    await screen.open_chat(chat)
    await screen.page.focus("#chat-head .back")
    await screen.page.keyboard.press("Enter")
    await expect(screen.page.locator(f'#chat-list [data-chat="{chat}"]')).to_be_focused()


async def test_a_screen_reader_finds_landmarks_and_hears_messages(server, furnished, open_screen, sign_up):
    ann, chat = furnished
    screen = await open_screen(server, ann)
    page = screen.page
    await screen.open_chat(chat)
    for place in (
        page.get_by_role("banner"),
        page.get_by_role("main"),
        page.get_by_role("navigation", name="Chats"),
        page.get_by_role("region", name="Messages"),
        page.get_by_role("textbox", name="Message", exact=True),
    ):
        await expect(place).to_be_visible()
    [dan] = await sign_up(server, "dan")
    await ann.rest.call("POST", f"/api/chats/{chat}/members/", json={"user": dan.id})
    await dan.rest.send_message(chat, "Is there cake?")
    await expect(page.locator("#announcer")).to_contain_text("Is there cake?")


async def test_the_same_words_again_are_announced_again(run):
    spoken = await run(
        """async () => {
          document.body.innerHTML = '<p id="announcer"></p><p id="toast"></p>';
          const { Announcer } = await import('/static/messaging/page/announcer.js');
          const announcer = new Announcer();
          const say = (words) => (announcer.say(words), document.querySelector('#announcer').textContent);
          return [say('ann: hi'), say('ann: hi'), say('ann: hi')];
        }"""
    )
    assert [words.strip() for words in spoken] == ["ann: hi"] * 3
    assert spoken[0] != spoken[1] != spoken[2]


@pytest.mark.parametrize("width", [320, 768, 3840])
async def test_nothing_is_cut_off_at_any_width(server, furnished, open_screen, width):
    ann, chat = furnished
    screen = await open_screen(server, viewport={"width": width, "height": 640 if width < 3840 else 2160})
    await screen.page.goto(screen.url)
    assert not await is_too_wide(screen.page)
    await screen.log_in("ann")
    await screen.open_chat(chat)
    await ann.rest.send_message(chat, "unbroken" * 500)
    await screen.expect_message("unbroken")
    assert not await is_too_wide(screen.page)
    await screen.page.click("#wire-button")
    assert not await is_too_wide(screen.page)
    assert await screen.page.evaluate(
        "() => document.querySelector('#scroller').scrollWidth <= document.querySelector('#scroller').clientWidth"
    )


async def test_text_that_runs_from_right_to_left_does(server, furnished, open_screen):
    ann, chat = furnished
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.say("שלום, עולם")
    await screen.expect_message("שלום, עולם")
    text = screen.message("שלום").locator(".text")
    assert await text.evaluate("(node) => getComputedStyle(node).direction") == "rtl"
    assert (
        await screen.message("Yes!").locator(".text").first.evaluate("(node) => getComputedStyle(node).direction")
        == "ltr"
    )


async def test_what_comes_and_goes_moves_nothing_else(server, furnished, open_screen, sign_up):
    ann, chat = furnished
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.expect_message("🎉")
    await screen.page.evaluate(WATCH_SHIFTS)
    await screen.say("sent, stored")
    await screen.expect_message("sent, stored")
    await screen.message("Yes!").first.hover()
    await screen.expect(".tools")
    [dan] = await sign_up(server, "dan")
    await dan.rest.create_chat("group", [ann.id], title="Another")
    await screen.expect('#chat-list li:has-text("Another")')
    assert sum(await screen.page.evaluate("() => window.shifts")) < 0.02


async def test_who_wants_no_motion_sees_none(server, furnished, open_screen):
    ann, chat = furnished
    screen = await open_screen(server, ann, reduced_motion="reduce")
    await screen.open_chat(chat)
    await screen.expect_message("🎉")
    moving = "(nodes) => nodes.filter((node) => getComputedStyle(node).animationName !== 'none').length"
    assert await screen.page.locator("body *").evaluate_all(moving) == 0


async def test_a_message_of_4000_characters_is_sent_and_one_more_is_not(server, furnished, open_screen):
    ann, chat = furnished
    screen = await open_screen(server, ann)
    await screen.open_chat(chat)
    await screen.page.fill("#composer-text", "🙂" * 4001)
    await expect(screen.page.locator("#composer-note")).to_have_text("Too long by 1 character.")
    await expect(screen.page.locator("#composer-send")).to_be_disabled()
    await screen.say("🙂" * 4000)
    await screen.expect_message("🙂" * 50)
