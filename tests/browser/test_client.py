"""The client for browsers on a real server: nothing it was given is lost or doubled, whatever happens to either side."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from messaging.database import run_in_thread
from tests.browser.tab import Tab, numbered, serve_from_disk

pytestmark = pytest.mark.services

FIVE = [f"number {each}" for each in range(5)]


async def test_two_people_chat(server, context, chat):
    tab = await Tab.open(context, server, "ann")
    await tab.expect_state("connected")
    await tab.say(chat.chat, "Hello Bob")
    await chat.expect_event(chat.chat, 1, text="Hello Bob")
    await chat.expect_ack(await chat.say(chat.chat, "Hello Ann"), seq=2)
    await tab.expect_text(chat.chat, "Hello Ann")
    assert await tab.texts(chat.chat) == numbered(["Hello Bob", "Hello Ann"])
    assert await tab.call("unanswered") == []


async def test_every_kind_of_write_arrives(server, context, chat):
    tab = await Tab.open(context, server, "ann")
    await tab.say(chat.chat, "one")
    await tab.call("sendMessage(argument, 'two', { reply_to: 1 })", chat.chat)
    await tab.call("editMessage(argument, 1, 'uno')", chat.chat)
    await tab.call("react(argument, 2, '👍')", chat.chat)
    await tab.call("deleteMessage(argument, 2)", chat.chat)
    await chat.expect_event(chat.chat, 1, text="one")
    await chat.expect_event(chat.chat, 2, reply_to=1)
    await chat.expect_event(chat.chat, 3, "message.edited", target=1, text="uno")
    await chat.expect_event(chat.chat, 4, "reaction.set", target=2, emoji="👍", on=True)
    await chat.expect_event(chat.chat, 5, "message.deleted", target=2)


async def test_questions_are_answered_and_signals_arrive(server, context, chat):
    tab = await Tab.open(context, server, "ann")
    await tab.expect_state("connected")
    await chat.expect_ack(await chat.say(chat.chat, "hello"), seq=1)
    await tab.expect_text(chat.chat, "hello")
    assert (await tab.call("history(argument)", chat.chat))["messages"][0]["text"] == "hello"
    assert (await tab.call("sync(argument, 0)", chat.chat))["head"] == 1
    await tab.call("watchPresence([argument])", chat.user)
    await tab.expect("signal", type="presence", user=chat.user, online=True)
    await tab.call("read(argument, 1)", chat.chat)
    await chat.expect("read", chat=chat.chat, seq=1)
    await tab.call("typing(argument)", chat.chat)
    await chat.expect("typing", chat=chat.chat, on=True)


async def test_a_refused_write_may_be_tried_again_under_its_id(server, context, chat):
    tab = await Tab.open(context, server, "ann")
    await tab.say(chat.chat, "x" * 4_001)
    refused = (await tab.expect("settled", error={"code": "bad_frame"}))["command"]
    await tab.call("write(argument)", {**refused, "text": "shorter"})
    await tab.expect("settled", command={"id": refused["id"]}, seq=1)
    await chat.expect_event(chat.chat, 1, text="shorter")


async def test_a_server_that_dies_and_comes_back_has_everything_once_and_in_order(server, context, chat):
    tab = await Tab.open(context, server, "ann")
    await tab.expect_state("connected")
    await tab.say(chat.chat, *FIVE)
    await server.kill()
    await tab.expect_state("waiting")
    await tab.say(chat.chat, "written while it was away")
    await server.start()
    await tab.expect_settled()
    stored = (await chat.rest.messages(chat.chat)).results
    assert [message["text"] for message in reversed(stored)] == [*FIVE, "written while it was away"]
    assert await tab.texts(chat.chat) == numbered([*FIVE, "written while it was away"])


async def test_offline_and_online_again_the_client_is_back_at_once(server, context, chat):
    tab = await Tab.open(context, server, "ann")
    await tab.expect_state("connected")
    # Every wait between attempts is the longest it can be.
    await tab.page.evaluate("Math.random = () => 0.999")
    await context.set_offline(True)
    await tab.expect_state("offline")
    await tab.page.wait_for_function("client.state.until - Date.now() > 3000", polling=20)
    await tab.say(chat.chat, "from a tunnel")
    until = (await tab.call("state"))["until"]
    await context.set_offline(False)
    await tab.expect_state("connected")
    assert await tab.page.evaluate("Date.now()") < until
    await chat.expect_event(chat.chat, 1, text="from a tunnel")


@pytest.mark.parametrize("event", ["pageshow", "online", "visibilitychange"])
async def test_who_comes_back_to_the_page_need_not_wait(server, context, chat, event):
    tab = await Tab.open(context, server, "ann")
    await tab.expect_state("connected")
    await tab.page.evaluate("Math.random = () => 0.999")
    # Refused as long as need be, whatever time the server takes to start.
    await context.route("**/api/ws-ticket/*", lambda route: route.abort())
    await server.kill()
    await server.start()
    await tab.page.wait_for_function("client.state.until - Date.now() > 3000", polling=20)
    until = (await tab.call("state"))["until"]
    await context.unroute("**/api/ws-ticket/*")
    await tab.page.evaluate(f"document.dispatchEvent(new Event('{event}', {{ bubbles: true }}))")
    await tab.expect_state("connected")
    assert await tab.page.evaluate("Date.now()") < until


async def test_a_reload_in_mid_send_neither_loses_nor_doubles(server, context, chat):
    await serve_from_disk(context)
    tab = await Tab.open(context, server, "ann")
    await tab.expect_state("connected")
    server.pause()
    await tab.say(chat.chat, *FIVE)
    await tab.expect("frame", direction="out", frame={"text": FIVE[0]})
    await tab.load()
    await tab.expect("unanswered", command={"text": FIVE[-1]})
    server.resume()
    await tab.expect_settled()
    await chat.expect_texts(chat.chat, 1, FIVE)
    assert len((await chat.rest.messages(chat.chat)).results) == len(FIVE)


async def test_a_tab_that_crashes_neither_loses_nor_doubles(server, context, chat):
    await serve_from_disk(context)
    tab = await Tab.open(context, server, "ann")
    await tab.expect_state("connected")
    server.pause()
    await tab.say(chat.chat, *FIVE)
    await tab.expect("frame", direction="out", frame={"text": FIVE[0]})
    await tab.crash()
    server.resume()
    again = await Tab.open(context, server)
    await again.expect_state("connected")
    await again.expect_settled()
    await chat.expect_texts(chat.chat, 1, FIVE)
    assert len((await chat.rest.messages(chat.chat)).results) == len(FIVE)


async def test_what_was_sent_before_a_reload_is_not_sent_again_once_it_is_answered(server, context, chat):
    tab = await Tab.open(context, server, "ann")
    await tab.say(chat.chat, *FIVE)
    await tab.expect_settled()
    await tab.expect_forgotten()
    await tab.load()
    await tab.expect("caught_up")
    assert await tab.call("unanswered") == []
    sent = await tab.page.evaluate("told.filter(({ direction }) => direction === 'out').map(({ frame }) => frame.type)")
    assert sent == ["hello"]


async def test_after_a_new_epoch_every_chat_is_read_anew(server, context, chat):
    tab = await Tab.open(context, server, "ann")
    await tab.say(chat.chat, "before")
    await tab.expect_settled()
    await tab.forget()
    await run_in_thread(call_command, "new_epoch")
    await tab.expect("reset", chat=chat.chat)
    await tab.say(chat.chat, "after")
    await tab.expect("event", seq=2, text="after")
    assert await tab.texts(chat.chat) == [[2, "after"]]


async def test_without_a_place_to_keep_writes_one_can_still_chat(server, context, chat):
    await context.add_init_script("Object.defineProperty(globalThis, 'indexedDB', { value: undefined })")
    tab = await Tab.open(context, server, "ann")
    await tab.say(chat.chat, "Hello")
    await chat.expect_event(chat.chat, 1, text="Hello")
    await tab.expect_settled()
