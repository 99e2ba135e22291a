"""Measure what the documents say of the page: the size of a first visit, and each second of an outage.

python -m tests.browser.measure
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page, WebSocket, async_playwright

from tests.browser.chromium import ARGUMENTS, EXECUTABLE
from tests.browser.shoot import enter, open_chat

ROOT = Path(__file__).parents[2]
URL = "http://127.0.0.1:8765"
GONE_SECONDS = 20
# What is written while the server is gone, and when, in seconds after its end.
WRITTEN = {3.0: "Are you there?", 12.0: "Anybody?"}
SEEN = """() => {
  const shown = (selector) => document.querySelector(selector)?.textContent.trim() ?? '';
  const sent = [...document.querySelectorAll('#messages .mine')].slice(-2).map((node) => {
    return `“${node.querySelector('.text').textContent}” ${node.querySelector('.status').ariaLabel.toLowerCase()}`;
  });
  return [`${shown('#socket-words')} ${shown('#socket-countdown')}`.trim(), sent.join(', ')];
}"""


def environment(folder: Path) -> dict[str, str]:
    """Return the settings of a demo whose database is in this folder."""
    return os.environ | {
        "DATABASE_URL": f"sqlite:///{folder}/demo.sqlite3",
        "DOTENV": os.devnull,
        "SECRET_KEY": "a measurement needs no secret, only a long one",
        "DEMO_LOGINS": "1",
        "THROTTLES": "0",
        "WS_ALLOWED_ORIGINS": URL,
    }


def seed(folder: Path) -> None:
    """Make the demo's database."""
    subprocess.run([sys.executable, "manage.py", "demo"], cwd=ROOT, env=environment(folder), check=True)


@asynccontextmanager
async def serve(folder: Path) -> AsyncIterator[None]:
    """Run the server, and end it as a crash does."""
    arguments = [sys.executable, "-m", "project.server", "-b", "127.0.0.1", "-p", URL.rpartition(":")[2]]
    process = await asyncio.create_subprocess_exec(
        *arguments, cwd=ROOT, env=environment(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        await _await_answer(process)
        yield
    finally:
        process.kill()
        await process.wait()


async def _await_answer(process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(30), httpx.AsyncClient() as http:
        while True:
            with suppress(httpx.HTTPError):
                (await http.get(f"{URL}/healthz")).raise_for_status()
                return
            assert process.returncode is None, "the server has ended"
            await asyncio.sleep(0.1)


async def measure_first_visit(browser: Browser) -> None:
    """Print how many requests a first visit makes, and their bytes with headers."""
    page = await (await browser.new_context()).new_page()
    network = await page.context.new_cdp_session(page)
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda loaded: sizes.append(int(loaded["encodedDataLength"])))
    await network.send("Network.enable")
    await page.goto(URL, wait_until="networkidle")
    print(f"first visit: {len(sizes)} requests, {sum(sizes):,} bytes")
    sizes.clear()
    await page.reload(wait_until="networkidle")
    print(f"second visit: {len(sizes)} requests, {sum(sizes):,} bytes")
    await page.context.close()


class Watch:
    """Prints what changes on a page, with the seconds since the server ended."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._begun = time.monotonic()
        self._seen: list[str] = []
        page.on("websocket", self._follow)

    @property
    def seconds(self) -> float:
        """The time since it began."""
        return time.monotonic() - self._begun

    def note(self, words: str) -> None:
        """Print a line."""
        print(f"{self.seconds:6.1f}  {words}")

    async def keep_looking(self) -> None:
        """Print what the page shows, whenever that changes."""
        while True:
            seen = await self._page.evaluate(SEEN)
            if seen != self._seen:
                self._seen = seen
                self.note("page   " + " | ".join(filter(None, seen)))
            await asyncio.sleep(0.05)

    def _follow(self, socket: WebSocket) -> None:
        self.note("socket opens")
        socket.on("framesent", lambda frame: self.note(f"out    {_shorten(frame)}"))
        socket.on("framereceived", lambda frame: self.note(f"in     {_shorten(frame)}"))
        socket.on("close", lambda _: self.note("socket closed"))


def _shorten(frame: str | bytes) -> str:
    text = frame if isinstance(frame, str) else frame.decode()
    return text if len(text) <= 110 else f"{text[:110]}…"


async def watch_outage(page: Page, folder: Path) -> None:
    """Print what the page does while the server is gone and after it is back."""
    watch = Watch(page)
    watch.note("server killed")
    looking = asyncio.create_task(watch.keep_looking())
    for at, text in WRITTEN.items():
        await asyncio.sleep(at - watch.seconds)
        await page.fill("#composer-text", text)
        await page.press("#composer-text", "Enter")
    await asyncio.sleep(GONE_SECONDS - watch.seconds)
    watch.note("server started again")
    async with serve(folder):
        watch.note("server answers")
        await page.wait_for_selector("#socket-state[data-state=connected]", timeout=60_000)
        await page.wait_for_selector(".message.mine:not([data-pending]):has-text('Anybody?')")
        await asyncio.sleep(1)
        looking.cancel()


async def measure() -> None:
    """Measure all, on a demo of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        await asyncio.to_thread(seed, folder)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
            async with serve(folder):
                await measure_first_visit(browser)
                page = await enter(browser, URL, "ada")
                await open_chat(page, "Launch")
            await watch_outage(page, folder)
            await browser.close()


if __name__ == "__main__":
    asyncio.run(measure())
