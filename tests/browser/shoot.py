"""Take the pictures of the page that the documents show, from a demo that is running.

python -m tests.browser.shoot http://127.0.0.1:8000 docs/screenshots
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.chromium import ARGUMENTS, EXECUTABLE

LAPTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "has_touch": True}


async def enter(browser: Browser, url: str, name: str, **options: Any) -> Page:
    """Log in as somebody of the demo."""
    page = await (await browser.new_context(locale="en-GB", **options)).new_page()
    await page.goto(url)
    await page.click(f'[data-username="{name}"]')
    await page.wait_for_selector("#socket-state[data-state=connected]")
    await page.wait_for_selector("#chat-list li")
    return page


async def shoot_view(page: Page, path: Path) -> None:
    """Take one picture, without what shows only under a pointer."""
    await page.mouse.move(0, 0)
    await expect(page.locator(".tools")).to_have_count(0)
    await page.screenshot(path=path)


async def open_chat(page: Page, title: str) -> None:
    """Open a chat and wait for its messages."""
    await page.locator("#chat-list a", has_text=title).press("Enter")
    await page.wait_for_selector("#messages .message")
    await page.wait_for_timeout(500)


async def talk(ada: Page, grace: Page) -> None:
    """Say a few things more, so that there is something of everything to be seen."""
    for page in (ada, grace):
        await open_chat(page, "Launch")
    await grace.fill("#composer-text", "Published: https://onesocket.example/launch @ada, thank you!")
    await grace.press("#composer-text", "Enter")
    last = ada.locator("#messages .message", has_text="Published").last
    await last.hover()
    await ada.click('.tools [aria-label="React"]')
    await ada.click('.tools [aria-label="party"]')
    await last.hover()
    await ada.click('.tools [aria-label="Reply"]')
    await ada.keyboard.type("That was the second paragraph, first.")
    await ada.keyboard.press("Enter")
    await grace.wait_for_selector('.message:has-text("second paragraph, first")')


async def shoot(url: str, folder: Path) -> None:
    """Take all pictures."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        ada = await enter(browser, url, "ada", **LAPTOP)
        grace = await enter(browser, url, "grace", color_scheme="dark", **LAPTOP)
        linus = await enter(browser, url, "linus", **PHONE)
        await talk(ada, grace)
        await shoot_view(linus, folder / "phone-chats.png")
        await open_chat(linus, "Launch")
        await linus.fill("#composer-text", "Well done")
        await ada.click("#wire-button")
        await ada.wait_for_selector('#chat-about:has-text("Linus is typing")')
        await shoot_view(ada, folder / "laptop.png")
        await shoot_view(grace, folder / "dark.png")
        await shoot_view(linus, folder / "phone-chat.png")
        await grace.click("#members-button")
        await grace.wait_for_selector("#members-list li")
        await shoot_view(grace, folder / "members.png")
        await browser.close()


if __name__ == "__main__":
    asyncio.run(shoot(sys.argv[1], Path(sys.argv[2])))
