"""Who is signed in: one cookie that no script reads, for all tabs; tokens that are renewed, and writes of each user."""

from __future__ import annotations

import pytest

from tests.browser.tab import Tab, numbered
from tests.server import PASSWORD

pytestmark = pytest.mark.services

KEPT = """async () => {
  const names = (await indexedDB.databases()).map(({ name }) => name);
  return JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, client.session, names]);
}"""
SHORT = {"ACCESS_TOKEN_SECONDS": "3", "TOKEN_LEEWAY_SECONDS": "0.1", "TOKEN_CLOSE_SECONDS": "0.2"}


async def test_a_reload_needs_no_password_and_no_script_sees_the_token(server, sign_up, context):
    await sign_up(server, "ann")
    tab = await Tab.open(context, server, "ann")
    await tab.expect_state("connected")
    [cookie] = await context.cookies(f"{server.url}/api/token/refresh/")
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/api/token/refresh/")
    assert cookie["value"] not in await tab.page.evaluate(KEPT)
    await tab.load()
    await tab.expect_state("connected")
    assert (await tab.call("session"))["username"] == "ann"


async def test_logging_out_signs_out_every_tab_for_good(server, sign_up, context):
    await sign_up(server, "ann")
    first, second = await Tab.open(context, server, "ann"), await Tab.open(context, server)
    await second.expect_state("connected")
    await second.call("logout()")
    for tab in (first, second):
        await tab.expect("session", session=None)
        await tab.expect_state("stopped", reason="signed_out")
    assert await context.cookies(f"{server.url}/api/token/refresh/") == []
    await first.load()
    assert await first.call("session") is None


async def test_somebody_else_in_another_tab_ends_the_session_of_this_one(server, sign_up, context):
    await sign_up(server, "ann", "bob")
    first = await Tab.open(context, server, "ann")
    await first.expect_state("connected")
    second = await Tab.open(context, server, "bob")
    await first.expect_state("stopped", reason="signed_out")
    await second.expect_state("connected")
    await second.load()
    await second.expect_state("connected")
    assert (await second.call("session"))["username"] == "bob"


async def test_writes_wait_for_their_author(server, sign_up, context):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    tab = await Tab.open(context, server, "ann")
    await context.set_offline(True)
    await tab.expect_state("offline")
    await tab.say(chat, "of ann")
    await tab.page.wait_for_function("client.unanswered.length === 1")
    await context.set_offline(False)
    await tab.page.evaluate("client.close()")
    await tab.call("login('bob', argument)", PASSWORD)
    assert await tab.call("unanswered") == []
    await tab.call("connect()")
    await tab.expect_state("connected")
    assert (await ann.rest.messages(chat)).results == []
    await tab.call("login('ann', argument)", PASSWORD)
    await tab.call("connect()")
    await tab.expect("settled", command={"text": "of ann"}, seq=1)


async def test_what_was_not_sent_is_forgotten_when_its_author_signs_out(server, sign_up, context):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    tab = await Tab.open(context, server, "ann")
    await tab.call("close()")
    await tab.say(chat, "never mind")
    await tab.call("logout()")
    await tab.load("ann")
    await tab.expect("caught_up")
    assert await tab.call("unanswered") == []
    assert (await ann.rest.messages(chat)).results == []


async def test_a_token_is_renewed_before_it_ends_and_the_socket_stays(start_server, sign_up, context):
    server = await start_server(**SHORT)
    await sign_up(server, "ann")
    tab = await Tab.open(context, server, "ann")
    for _ in range(2):
        await tab.expect("frame", direction="out", frame={"type": "token.refresh", "token": "…"})
        await tab.expect("frame", direction="in", frame={"type": "ack", "status": 200})
        await tab.forget()
    assert len(tab.sockets) == 1
    await tab.expect_state("connected")


async def test_a_token_that_ended_is_renewed_before_the_next_attempt(start_server, sign_up, context):
    server = await start_server(**SHORT)
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("private", [bob.id])).id
    tab = await Tab.open(context, server, "ann")
    await tab.expect_state("connected")
    await context.route("**/api/token/refresh/", lambda route: route.abort())
    await tab.expect("frame", direction="in", frame={"type": "bye", "code": 4300})
    await tab.expect_state("waiting")
    await tab.say(chat, "written without a token")
    await context.unroute("**/api/token/refresh/")
    await tab.expect("settled", seq=1)
    assert await tab.texts(chat) == numbered(["written without a token"])


async def test_signed_out_everywhere_every_tab_says_so(server, sign_up, context):
    [ann] = await sign_up(server, "ann")
    first, second = await Tab.open(context, server, "ann"), await Tab.open(context, server)
    await second.expect_state("connected")
    await ann.rest.logout(everywhere=True)
    for tab in (first, second):
        await tab.expect_state("stopped", reason="signed_out")
        assert await tab.call("session") is None
