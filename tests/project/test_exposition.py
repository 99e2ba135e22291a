"""`/metrics`: who may read it, and what it says of one process."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.messaging.world import metric

TOKEN = "for Prometheus, and for nobody else"


async def scrape(client, token=TOKEN, **options):
    return await client.get("/metrics", headers={"Authorization": f"Bearer {token}"}, **options)


async def test_metrics_are_told_to_whoever_has_the_token(async_client, settings):
    settings.METRICS_TOKEN = TOKEN
    answer = await scrape(async_client)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    families = {family.name for family in text_string_to_metric_families(answer.content.decode())}
    assert {"chat_connections", "chat_commands", "process_resident_memory_bytes"} <= families


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", "Bearer x", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer é"]
)
async def test_without_the_token_there_is_nothing(async_client, settings, given):
    settings.METRICS_TOKEN = TOKEN
    answer = await async_client.get("/metrics", headers={"Authorization": given})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("given", ["None", "", TOKEN])
async def test_where_no_token_is_set_there_is_nothing_for_anybody(async_client, settings, given):
    settings.METRICS_TOKEN = None
    assert (await scrape(async_client, given)).status_code == 404


async def test_prometheus_may_name_the_process_by_its_address(async_client, settings):
    settings.METRICS_TOKEN, settings.ALLOWED_HOSTS = TOKEN, ["chat.example.com"]
    assert (await scrape(async_client, SERVER_NAME="10.0.0.7")).status_code == 200


async def test_responses_are_counted_by_class(async_client):
    before = metric("chat_http_responses_total", status="4xx"), metric("chat_http_errors_total", code="not_found")
    await async_client.get("/nothing/")
    after = metric("chat_http_responses_total", status="4xx"), metric("chat_http_errors_total", code="not_found")
    assert after == (before[0] + 1, before[1] + 1)
