"""The admin in a real browser, under its own policy: whatever the browser complains of fails the test."""

from __future__ import annotations

from functools import partial

import pytest

from messaging import moderation
from messaging.database import run_in_thread
from messaging.models import User
from tests.server import PASSWORD

pytestmark = pytest.mark.services

TABLES = ("user", "chat", "membership", "event", "connection", "node", "report", "auditentry")


@pytest.fixture
async def page(server, open_screen, sign_up):
    """Return the admin, with a superuser logged in through its form."""
    # Through the server: the tests hash passwords in a way of their own.
    await sign_up(server, "olivia")
    await run_in_thread(partial(User.objects.filter(username="olivia").update, is_staff=True, is_superuser=True))
    # Django's admin has no icon, which the browser looks for.
    open_screen.expect_trouble("404")
    screen = await open_screen(server)
    await screen.page.goto(f"{server.url}/admin/")
    await screen.page.fill("[name=username]", "olivia")
    await screen.page.fill("[name=password]", PASSWORD)
    await screen.page.click("[type=submit]")
    await screen.page.wait_for_selector("#logout-form")
    return screen.page


@pytest.fixture
async def report(chat):
    """Return the id of a report by ann of what bob said."""
    said = await chat.rest.send_message(chat.chat, "You will regret this.")
    ann = await run_in_thread(User.objects.get, username="ann")
    place = {"reporter": ann.pk, "chat": chat.chat, "seq": said.seq}
    return (await run_in_thread(partial(moderation.report_message, **place, reason="a threat")))[0]


async def test_every_list_and_what_stands_in_it_is_shown(page, server, report):
    for table in TABLES:
        await page.goto(f"{server.url}/admin/messaging/{table}/")
        await page.wait_for_selector("#changelist")
        if await page.locator("#result_list th a").count():
            await page.locator("#result_list th a").first.click()
            await page.wait_for_selector(f"#{table}_form")


async def test_what_was_reported_is_read_and_deleted(page, server, report):
    await page.goto(f"{server.url}/admin/messaging/report/{report}/change/")
    await page.wait_for_selector('dd:has-text("You will regret this.")')
    await page.click("button[value=delete]")
    await page.wait_for_selector('.messagelist .success:has-text("Done.")')
