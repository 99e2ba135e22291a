"""The page at `/`: people are found, chats are made, and a group's members come and go."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route, expect

from messaging.database import run_in_thread
from messaging.models import User
from tests.browser.conftest import go_on_after

pytestmark = pytest.mark.services


async def test_people_are_found_and_a_private_chat_and_a_group_made(server, sign_up, open_screen):
    await sign_up(server, "ann", "bob", "eve")
    one, two = await open_screen(server), await open_screen(server)
    await one.log_in("ann")
    await two.log_in("bob")
    for names, title in ((["bob"], "bob"), (["bob", "eve"], "Tea")):
        await one.page.click("#chats [data-new-chat]")
        for name in names:
            await one.page.fill("#new-chat-form [name=search]", name)
            await one.page.click(f'#new-chat-form .people label:has-text("{name}") input:not(:checked)')
        if len(names) > 1:
            await one.page.fill("#new-chat-form [name=title]", title)
        await one.page.click("#new-chat-form [type=submit]")
        await one.expect(f'#chat-title:text-is("{title}")')
    await two.expect('#chat-list li:has-text("Tea")')
    await two.expect('#chat-list li:has-text("ann")')


async def test_a_group_that_is_asked_for_with_other_people_is_another_one(server, sign_up, open_screen):
    open_screen.expect_trouble("net::ERR_FAILED")
    ann, *_ = await sign_up(server, "ann", "bob", "eve", "ivo")
    screen = await open_screen(server, ann)

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await screen.page.click("#chats [data-new-chat]")
    for name in ("bob", "eve"):
        await screen.page.check(f'#new-chat-form .people label:has-text("{name}") input')
    await screen.page.route("**/api/chats/", lose_the_answer, times=1)
    await screen.page.click("#new-chat-form [type=submit]")
    await expect(screen.page.locator("#new-chat-error")).not_to_be_empty()
    await screen.page.uncheck('#new-chat-form .people label:has-text("eve") input')
    await screen.page.check('#new-chat-form .people label:has-text("ivo") input')
    await screen.page.click("#new-chat-form [type=submit]")
    await screen.expect('#chat-title:text-is("bob, ivo")')


async def test_everybody_of_a_name_can_be_found(server, sign_up, open_screen):
    [ann] = await sign_up(server, "ann")
    many = [User(username=f"li{number:03}") for number in range(1, 121)]
    await run_in_thread(User.objects.bulk_create, many)
    screen = await open_screen(server, ann)
    await screen.page.click("#chats [data-new-chat]")
    await screen.page.fill("#new-chat-form [name=search]", "li")
    await expect(screen.page.locator("#new-chat-form .people li")).to_have_count(100)
    await screen.page.click("#new-chat-form .people-more")
    await expect(screen.page.locator("#new-chat-form .people li")).to_have_count(120)
    await screen.expect_gone("#new-chat-form .people-more")


async def test_a_group_is_renamed_its_members_added_promoted_and_removed(server, sign_up, open_screen):
    ann, bob, _ = await sign_up(server, "ann", "bob", "eve")
    chat = (await ann.rest.create_chat("group", [bob.id], title="Tea")).id
    one, two = await open_screen(server, ann), await open_screen(server, bob)
    await one.open_chat(chat)
    await two.open_chat(chat)
    await one.page.click("#members-button")
    await one.page.fill("#title-form [name=title]", "Cake")
    await one.page.click("#title-form [type=submit]")
    await two.expect('#chat-title:text-is("Cake")')
    await one.page.click("#add-people summary")
    await one.page.click('#add-form .people label:has-text("eve") input')
    await one.page.click("#add-form [type=submit]")
    await two.expect('.note:has-text("ann added eve")')
    await one.page.select_option('[aria-label="Role of eve"]', "admin")
    await two.expect('.note:has-text("ann made eve an admin")')
    await one.page.click('[aria-label="Remove bob"]')
    await two.expect('#no-chat-words:has-text("You are not in this chat.")')


async def test_the_name_of_who_is_added_is_asked_for_though_it_was_not_told_before(run):
    asked = await run(
        """async () => {
          const { Store } = await import('/static/messaging/page/store.js');
          const store = new Store(() => {});
          const ask = () => { store.nameOf(5); return store.people.takeNameless(); };
          const before = [ask(), ask()];
          store.apply({ type: 'member.added', chat: 1, seq: 1, sender: 2, user: 5 });
          return [...before, ask()];
        }"""
    )
    assert asked == [[5], [], [5]]


async def test_who_leaves_a_group_has_it_no_more(server, sign_up, open_screen):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("group", [bob.id], title="Tea")).id
    one, two = await open_screen(server, ann), await open_screen(server, bob)
    await one.open_chat(chat)
    await two.open_chat(chat)
    await two.page.click("#members-button")
    await two.page.click("#leave-chat")
    await two.expect('#chats-note:has-text("No chats yet")')
    await one.expect('.note:has-text("bob left")')


async def test_who_is_in_a_chat_is_asked_for_again_after_a_sign_out_that_came_before_the_answer(
    server, sign_up, open_screen
):
    ann, bob = await sign_up(server, "ann", "bob")
    chat = (await ann.rest.create_chat("group", [bob.id], title="Tea")).id
    screen = await open_screen(server, ann)
    may_answer = asyncio.Event()
    async with screen.page.expect_request("**/members/?*"):
        await screen.page.route("**/members/?*", lambda route: go_on_after(may_answer, route), times=1)
        await screen.open_chat(chat)
    await screen.page.click("#sign-out")
    await screen.fill_in("bob")
    await screen.open_chat(chat)
    await screen.page.click("#members-button")
    await screen.expect('#members-list li:has-text("ann")')
    async with screen.page.expect_response("**/members/?*"):
        may_answer.set()
