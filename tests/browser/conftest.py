"""A real Chromium, on a real server. One browser a test, one private context a person."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.server import PASSWORD, Person, Server

# As root, and in a closed network: nothing of the browser's own may try to reach out.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that a test answers itself is of no known network, and may not call a server of this machine.
    "--disable-features=LocalNetworkAccessChecks",
]


class Screen:
    """The page as one person has it open."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    async def log_in(self, name: str) -> None:
        """Open the page and log in."""
        await self.page.goto(self.url)
        await self.page.fill("#login-form [name=username]", name)
        await self.page.fill("#login-form [name=password]", PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.expect_state("connected")

    async def expect_state(self, state: str) -> None:
        """Wait until the line about the socket says so."""
        await self.page.wait_for_selector(f"#socket-state[data-state={state}]", timeout=15_000)

    async def open_chat(self, chat: int) -> None:
        """Open a chat of the list."""
        await self.page.click(f'#chat-list [data-chat="{chat}"]')
        await self.page.wait_for_selector("#composer textarea:not([disabled])")

    async def say(self, text: str) -> None:
        """Type a message and send it."""
        await self.page.fill("#composer textarea", text)
        await self.page.press("#composer textarea", "Enter")

    async def expect_message(self, text: str) -> None:
        """Wait until a message that the server has numbered is on the screen."""
        await self.page.wait_for_selector(
            f'#messages [data-seq]:not([data-pending]):has-text("{text}")', timeout=15_000
        )

    async def texts(self) -> list[str]:
        """Return what the numbered messages say, in the order of the screen."""
        rows = await self.page.query_selector_all("#messages [data-seq]")
        return [await row.inner_text() for row in rows]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Start Debian's Chromium."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_ARGUMENTS)
        yield started
        await started.close()


@pytest.fixture
async def context(browser: Browser) -> BrowserContext:
    """Return what the tabs of one browser share: cookies, storage, locks."""
    return await browser.new_context()


@pytest.fixture
async def open_screen(browser: Browser):
    """Return a function that opens the page for one more person; an error on any page fails the test."""
    errors: list[str] = []

    async def open_(on: Server, person: Person | None = None) -> Screen:
        page = await (await browser.new_context()).new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        screen = Screen(page, on.url)
        if person is not None:
            await screen.log_in(person.name)
        return screen

    yield open_
    assert errors == []


@pytest.fixture
async def chat(server, sign_up):
    """Return a chat of ann and bob, where bob listens."""
    ann, bob = await sign_up(server, "ann", "bob")
    id = (await ann.rest.create_chat("private", [bob.id])).id
    talk = await bob.join()
    talk.chat, talk.rest = id, bob.rest
    return talk
