"""The client for browsers in one tab, without a page around it, and what it told."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Self

from playwright.async_api import BrowserContext, Error, Page, Route

from tests.server import PASSWORD, ROOT, Server
from tests.vocabulary import Frame

STATIC = ROOT / "messaging/static"
# A crowded machine, a browser, and a wait between two attempts.
PATIENCE_MS = 20_000
START = """async ([name, password]) => {
  const { ChatClient } = await import('/static/messaging/chat-client.js');
  const client = (globalThis.client = new ChatClient());
  globalThis.told = [];
  const what = ['session', 'role', 'state', 'ready', 'caught_up', 'reset', 'joined', 'dropped', 'event', 'unanswered'];
  for (const each of [...what, 'settled', 'signal', 'frame']) {
    client.addEventListener(each, ({ detail }) => told.push({ what: each, ...structuredClone(detail) }));
  }
  if (name) await client.login(name, password);
  if (client.session) client.connect();
}"""
FIND = """([what, fields]) => {
  const fits = (given, wanted) =>
    wanted !== null && typeof wanted === 'object'
      ? Object.entries(wanted).every(([name, value]) => given !== undefined && fits(given?.[name], value))
      : given === wanted;
  return globalThis.told?.find((each) => each.what === what && fits(each, fields));
}"""
TEXTS = """(chat) => told
  .filter(({ what, type, chat: own }) => what === 'event' && type === 'message.created' && own === chat)
  .map(({ seq, text }) => [seq, text])"""

KEPT = """async () => {
  const request = indexedDB.open('onesocket');
  const database = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
  const count = database.transaction('writes').objectStore('writes').count();
  const kept = await new Promise((resolve) => (count.onsuccess = () => resolve(count.result)));
  database.close();
  return kept === 0;
}"""


class Tab:
    """A client that is told what happens."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.sockets: list[str] = []
        page.on("websocket", lambda socket: self.sockets.append(socket.url))

    @classmethod
    async def open(cls, context: BrowserContext, server: Server, name: str | None = None) -> Self:
        """Open one more tab; with a name somebody logs in there, without it whoever is remembered is there."""
        tab = cls(await context.new_page(), server.url)
        await tab.load(name)
        return tab

    async def load(self, name: str | None = None) -> None:
        """Load the page, anew too, and start the client."""
        await self.page.goto(f"{self.url}/healthz")
        await self.page.evaluate(START, [name, PASSWORD])

    async def call(self, expression: str, argument: Any = None) -> Any:
        """Evaluate an expression on the `client`; it may use `argument`."""
        return await self.page.evaluate(f"(argument) => client.{expression}", argument)

    async def say(self, chat: int, *texts: str) -> None:
        """Write messages, all at once."""
        await self.page.evaluate(
            "([chat, texts]) => { texts.forEach((t) => client.sendMessage(chat, t)) }", [chat, texts]
        )

    async def expect(self, what: str, **fields: Any) -> Frame:
        """Wait until something was told that has these fields, and return it."""
        found = await self.page.wait_for_function(FIND, arg=[what, fields], polling=20, timeout=PATIENCE_MS)
        told: Frame = await found.json_value()
        return told

    async def expect_state(self, state: str, **fields: Any) -> None:
        """Wait until this is the state."""
        wanted = {"state": state, **fields}
        fits = "(wanted) => Object.entries(wanted).every(([name, value]) => client.state[name] === value)"
        await self.page.wait_for_function(fits, arg=wanted, polling=20, timeout=PATIENCE_MS)

    async def expect_text(self, chat: int, text: str) -> None:
        """Wait until a message was told."""
        await self.expect("event", type="message.created", chat=chat, text=text)

    async def expect_settled(self) -> None:
        """Wait until every write has its answer."""
        await self.page.wait_for_function("client.unanswered.length === 0", polling=20, timeout=PATIENCE_MS)

    async def expect_forgotten(self) -> None:
        """Wait until nothing is kept of the writes that have their answer: that is deleted a moment later."""
        await self.page.wait_for_function(KEPT, polling=20, timeout=PATIENCE_MS)

    async def texts(self, chat: int) -> list[list[Any]]:
        """Return `[seq, text]` of each message of a chat that was told, in the order of telling."""
        told: list[list[Any]] = await self.page.evaluate(TEXTS, chat)
        return told

    async def forget(self) -> None:
        """Look only at what is told from now on."""
        await self.page.evaluate("told.length = 0")

    async def crash(self) -> None:
        """End the tab as a crash does: no event, no farewell."""
        with suppress(Error):
            await self.page.goto("chrome://crash")


async def serve_from_disk(context: BrowserContext) -> None:
    """Let pages and scripts load whether or not the server answers, as from the cache of the browser."""

    async def answer(route: Route) -> None:
        _, _, path = route.request.url.partition("/static/")
        if path:
            await route.fulfill(path=STATIC / path, content_type="text/javascript")
        else:
            await route.fulfill(body="")

    await context.route(re.compile(r"/healthz$|/static/"), answer)


def numbered(texts: list[str], first: int = 1) -> list[list[Any]]:
    """Return `texts` as `Tab.texts` has them, from `first` on without a hole."""
    return [[seq, text] for seq, text in enumerate(texts, first)]
