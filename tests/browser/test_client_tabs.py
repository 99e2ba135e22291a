"""Several tabs of one browser are one client: one of them has the socket, all of them know what it knows."""

from __future__ import annotations

import asyncio

import pytest

from tests.browser.tab import PATIENCE_MS, Tab, numbered, serve_from_disk

pytestmark = pytest.mark.services


@pytest.fixture
def open_tabs(server, context):
    """Return a function that opens so many tabs; the first one leads."""

    async def open_(count: int) -> list[Tab]:
        first = await Tab.open(context, server, "ann")
        await first.expect_state("connected")
        others = [await Tab.open(context, server) for _ in range(count - 1)]
        for tab in others:
            await tab.expect("caught_up")
        return [first, *others]

    return open_


async def leads(tab: Tab) -> None:
    """Wait until this tab has the socket."""
    await tab.page.wait_for_function("client.leads", polling=20, timeout=PATIENCE_MS)
    await tab.expect_state("connected")


async def test_two_tabs_share_one_socket_and_hear_the_same(chat, open_tabs):
    tabs = await open_tabs(3)
    await chat.expect_ack(await chat.say(chat.chat, "to all of you"), seq=1)
    for tab in tabs:
        await tab.expect_text(chat.chat, "to all of you")
        await tab.expect_state("connected")
    assert [await tab.call("leads") for tab in tabs] == [True, False, False]
    assert [len(tab.sockets) for tab in tabs] == [1, 0, 0]
    assert len({(await tab.call("user")) for tab in tabs}) == 1


async def test_a_tab_that_joins_is_told_how_things_are_now(server, context, chat, open_tabs):
    [first] = await open_tabs(1)
    for seq in (1, 2):
        await chat.expect_ack(await chat.say(chat.chat, f"number {seq}"), seq=seq)
    await first.expect_text(chat.chat, "number 2")
    ready = await (await Tab.open(context, server)).expect("ready")
    assert [(row["chat"], row["head"], row["from"], row["unread"]) for row in ready["chats"]] == [(chat.chat, 2, 3, 2)]


async def test_what_one_tab_has_read_the_others_know_and_those_to_come(server, context, chat, open_tabs):
    first, second = await open_tabs(2)
    await chat.expect_ack(await chat.say(chat.chat, "hello"), seq=1)
    for tab in (first, second):
        await tab.expect_text(chat.chat, "hello")
    await second.call("read(argument, 1)", chat.chat)
    for tab in (first, second):
        await tab.expect("signal", type="read", chat=chat.chat, seq=1)
    ready = await (await Tab.open(context, server)).expect("ready")
    assert [(row["read"], row["unread"]) for row in ready["chats"]] == [(1, 0)]


async def test_what_a_tab_writes_is_told_once_in_all(chat, open_tabs):
    first, second = await open_tabs(2)
    await second.say(chat.chat, "from the second tab")
    await chat.expect_event(chat.chat, 1, text="from the second tab")
    for tab in (first, second):
        await tab.expect("settled", seq=1)
        assert await tab.texts(chat.chat) == numbered(["from the second tab"])
        assert await tab.call("unanswered") == []
    await first.expect("unanswered", command={"text": "from the second tab"})


async def test_a_tab_asks_and_signals_through_the_one_that_leads(chat, open_tabs):
    _, second = await open_tabs(2)
    await second.say(chat.chat, "hello")
    await chat.expect_event(chat.chat, 1)
    assert (await second.call("history(argument)", chat.chat))["messages"][0]["text"] == "hello"
    refused = await second.call("sync(99999, 0).catch((error) => [error.name, error.status, error.code])")
    assert refused == ["ApiError", 403, "not_a_member"]
    await second.call("typing(argument)", chat.chat)
    await chat.expect("typing", chat=chat.chat, on=True)
    await second.call("watchPresence([argument])", chat.user)
    await second.expect("signal", type="presence", user=chat.user)


async def test_when_the_tab_that_leads_closes_another_takes_over(chat, open_tabs):
    first, second, third = await open_tabs(3)
    await second.say(chat.chat, "before")
    await second.expect_settled()
    await first.page.close()
    await chat.expect_event(chat.chat, 1, text="before")
    await chat.say(chat.chat, "meanwhile")
    await leads(second)
    await third.say(chat.chat, "after")
    for tab in (second, third):
        await tab.expect_text(chat.chat, "after")
        assert await tab.texts(chat.chat) == numbered(["before", "meanwhile", "after"])
    assert (len(second.sockets), len(third.sockets)) == (1, 0)


async def test_when_the_tab_that_leads_crashes_no_write_of_any_tab_is_lost_or_doubled(server, context, chat, open_tabs):
    await serve_from_disk(context)
    first, second = await open_tabs(2)
    server.pause()
    await first.say(chat.chat, "first tab, one", "first tab, two")
    await second.expect("unanswered", command={"text": "first tab, two"})
    await second.say(chat.chat, "second tab, one", "second tab, two")
    await first.expect("unanswered", command={"text": "second tab, two"})
    await first.crash()
    await second.say(chat.chat, "second tab, three")
    server.resume()
    await leads(second)
    await second.expect_settled()
    written = ["first tab, one", "first tab, two", "second tab, one", "second tab, two", "second tab, three"]
    await chat.expect_texts(chat.chat, 1, written)
    assert await second.texts(chat.chat) == numbered(written)
    assert len((await chat.rest.messages(chat.chat)).results) == len(written)


async def test_a_tab_that_does_not_answer_loses_the_lead(chat, open_tabs):
    first, second = await open_tabs(2)
    await first.forget()
    await first.page.evaluate("setTimeout(() => { const end = Date.now() + 9000; while (Date.now() < end); })")
    await second.call("wake()")
    await second.say(chat.chat, "written while the other hangs")
    await leads(second)
    await chat.expect_event(chat.chat, 1, text="written while the other hangs")
    await first.expect("role", leads=False)
    await first.expect_state("connected")
    await chat.say(chat.chat, "and on")
    await first.expect_text(chat.chat, "and on")
    # What happened while it hung came over its own socket, which lives a little longer, or it is told to read it.
    all_of_it = numbered(["written while the other hangs", "and on"])
    was_reset = await first.page.evaluate("told.some(({ what }) => what === 'reset')")
    assert await first.texts(chat.chat) == (all_of_it[1:] if was_reset else all_of_it)


async def test_a_write_that_hung_with_a_tab_is_given_to_the_next_that_leads(context, chat, open_tabs):
    # Otherwise that one finds it in the database.
    await context.add_init_script("IDBFactory.prototype.open = () => { throw new Error('out of order'); };")
    first, second, third = await open_tabs(3)
    await first.page.evaluate("setTimeout(() => { const end = Date.now() + 9000; while (Date.now() < end); })")
    await third.say(chat.chat, "to a tab that hangs")
    await second.call("wake()")
    await leads(second)
    await second.expect("unanswered", command={"text": "to a tab that hangs"})
    await chat.expect_event(chat.chat, 1, text="to a tab that hangs")
    await third.expect("settled", seq=1)


async def test_a_reload_of_every_tab_ends_with_one_socket(chat, open_tabs):
    tabs = await open_tabs(3)
    await asyncio.gather(*(tab.load() for tab in tabs))
    for tab in tabs:
        await tab.expect_state("connected")
    assert sorted([await tab.call("leads") for tab in tabs]) == [False, False, True]


async def test_another_browser_is_asked_and_takes_over_and_any_tab_takes_back(server, browser, chat, open_tabs):
    first, second = await open_tabs(2)
    other = await Tab.open(await browser.new_context(), server, "ann")
    await other.expect_state("elsewhere", reason="already_connected")
    await other.call("take()")
    await other.expect_state("connected")
    for tab in (first, second):
        await tab.expect_state("elsewhere", reason="replaced")
    await second.call("take()")
    await other.expect_state("elsewhere", reason="replaced")
    for tab in (first, second):
        await tab.expect_state("connected")
    assert [await tab.call("leads") for tab in (first, second)] == [True, False]


async def test_who_was_replaced_does_not_come_back_when_a_tab_closes(server, browser, chat, open_tabs):
    first, second = await open_tabs(2)
    other = await Tab.open(await browser.new_context(), server, "ann")
    await other.expect_state("elsewhere")
    await other.call("take()")
    await second.expect_state("elsewhere", reason="replaced")
    await first.page.close()
    await second.expect("role", leads=True)
    await second.expect_state("elsewhere", reason="already_connected")
    await other.expect_state("connected")
