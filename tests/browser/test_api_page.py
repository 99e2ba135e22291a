"""The page of the API at `/api/docs/` in a real browser, under its own policy."""

from __future__ import annotations

import pytest

from messaging.api.schema import describe_api

pytestmark = pytest.mark.services


@pytest.fixture
async def page(browser, server):
    """Return the page, open; nothing may have gone wrong on it, and nothing may have come from elsewhere."""
    context = await browser.new_context(base_url=server.url)
    opened, complaints, asked = await context.new_page(), [], []
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    await opened.goto("/api/docs/")
    yield opened
    assert complaints == []
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []


async def test_every_operation_is_on_the_page(page):
    await page.wait_for_selector(".opblock")
    names = {operation["operationId"] for path in describe_api()["paths"].values() for operation in path.values()}
    assert await page.locator(".opblock").count() == len(names)


async def test_a_call_can_be_tried_on_the_page(page, server, sign_up):
    (ann,) = await sign_up(server, "ann")
    await page.click("button.authorize")
    await page.fill(".auth-container input", ann.rest.access)
    await page.click(".auth-btn-wrapper button[type=submit]")
    await page.click(".btn-done")
    await page.click("#operations-users-me .opblock-summary-control")
    await page.click("#operations-users-me .try-out__btn")
    await page.click("#operations-users-me .execute")
    await page.wait_for_selector('#operations-users-me .live-responses-table:has-text("ann")')
