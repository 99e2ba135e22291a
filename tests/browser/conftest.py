"""A real Chromium, on a real server. One browser for all tests, one private context a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Route,
    async_playwright,
)

from tests.browser.chromium import serve_chromium
from tests.browser.tab import serve_from_disk
from tests.server import PASSWORD, Person, Server

WAIT_MS = 15_000


class Screen:
    """The page as one person has it open."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    async def log_in(self, name: str) -> None:
        """Open the page and log in."""
        await self.page.goto(self.url)
        await self.fill_in(name)

    async def fill_in(self, name: str) -> None:
        """Log in with the form that is shown."""
        await self.page.fill("#login-form [name=username]", name)
        await self.page.fill("#login-form [name=password]", PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.expect_state("connected")

    async def expect_state(self, state: str) -> None:
        """Wait until the pill of the socket says so."""
        await self.page.wait_for_selector(f"#socket-state[data-state={state}]", timeout=WAIT_MS)

    async def open_chat(self, chat: int) -> None:
        """Open a chat of the list."""
        await self.page.click(f'#chat-list [data-chat="{chat}"]')
        await self.page.wait_for_selector("#composer textarea:not([disabled])")

    async def say(self, text: str) -> None:
        """Type a message and send it."""
        await self.page.fill("#composer textarea", text)
        await self.page.press("#composer textarea", "Enter")

    def message(self, text: str) -> Locator:
        """Return the message with this text."""
        return self.page.locator("#messages .message", has_text=text)

    async def expect_message(self, text: str) -> None:
        """Wait until a message that the server has numbered is on the screen."""
        await self.page.wait_for_selector(
            f'#messages [data-seq]:not([data-pending]):has-text("{text}")', timeout=WAIT_MS
        )

    async def expect(self, selector: str) -> None:
        """Wait until something is to be seen."""
        await self.page.wait_for_selector(selector, timeout=WAIT_MS)

    async def expect_gone(self, selector: str) -> None:
        """Wait until something is no longer to be seen."""
        await self.page.wait_for_selector(selector, state="hidden", timeout=WAIT_MS)

    async def use_tool(self, text: str, tool: str) -> None:
        """Do something with the message that has this text."""
        await self.message(text).last.hover()
        await self.page.click(f'.tools [aria-label="{tool}"]')

    async def texts(self) -> list[str]:
        """Return what the numbered messages say, in the order of the screen."""
        rows = await self.page.query_selector_all("#messages [data-seq]")
        return [await row.inner_text() for row in rows]

    async def said(self) -> list[str]:
        """Return the texts alone of the numbered messages, in the order of the screen."""
        return await self.page.locator("#messages [data-seq] .text").all_inner_texts()


class Screens:
    """Opens the page for people, and keeps what went wrong on any of them."""

    def __init__(self, browser: Browser) -> None:
        self.wrong: list[str] = []
        self._browser = browser
        self._expected: tuple[str, ...] = ()

    def expect_trouble(self, *words: str) -> None:
        """Let pass what the browser reports with these words in it: the test brings it about."""
        self._expected += words

    async def __call__(self, on: Server, person: Person | None = None, **options: Any) -> Screen:
        """Open the page in a browser profile of its own, and log in where it is somebody's."""
        context = await self._browser.new_context(**options)
        screen = self.watch(await context.new_page(), on)
        if person is not None:
            await screen.log_in(person.name)
        return screen

    def watch(self, page: Page, on: Server) -> Screen:
        """Take a page that is open as a screen."""
        page.on("pageerror", lambda error: self._note(f"error: {error}"))
        page.on("console", self._hear)
        page.on("requestfailed", self._hear_failure)
        return Screen(page, on.url)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._note(message.text)

    def _hear_failure(self, request: Request) -> None:
        # The browser asks for the icon when all else is there, and gives it up where the page has gone elsewhere by then.
        if not (request.url.endswith("/icon.svg") and request.failure == "net::ERR_ABORTED"):
            self._note(f"failed: {request.url} {request.failure}")

    def _note(self, words: str) -> None:
        if not any(expected in words for expected in self._expected):
            self.wrong.append(words)


async def go_on_after(event: asyncio.Event, route: Route) -> None:
    """Let a request pass when the time has come."""
    await event.wait()
    await route.continue_()


@pytest.fixture(scope="session")
def chromium() -> Iterator[str]:
    """Start Debian's Chromium, and return the address at which it is driven."""
    with serve_chromium() as address:
        yield address


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Return the browser; what a test opens in it is closed after the test."""
    async with async_playwright() as playwright:
        connected = await playwright.chromium.connect(chromium)
        yield connected
        await connected.close()


@pytest.fixture
async def context(browser: Browser) -> BrowserContext:
    """Return what the tabs of one browser share: cookies, storage, locks."""
    return await browser.new_context()


@pytest.fixture
async def open_screen(browser: Browser) -> AsyncIterator[Screens]:
    """Return what opens the page for one more person; an error, a warning or a failed request fails the test."""
    screens = Screens(browser)
    yield screens
    assert screens.wrong == []


@pytest.fixture
async def run(context: BrowserContext) -> Callable[..., Any]:
    """Return a function that runs a script in a page that has our modules and needs no server."""
    await serve_from_disk(context)
    page = await context.new_page()
    await page.goto("http://onesocket.example/healthz")
    return page.evaluate


@pytest.fixture
async def chat(server, sign_up):
    """Return a chat of ann and bob, where bob listens."""
    ann, bob = await sign_up(server, "ann", "bob")
    id = (await ann.rest.create_chat("private", [bob.id])).id
    talk = await bob.join()
    talk.chat, talk.rest = id, bob.rest
    return talk
