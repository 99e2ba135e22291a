"""`X-Request-ID`: taken where it is one, made where not, and told in the log."""

from __future__ import annotations

import logging
import re

import pytest

from messaging.request_id import current_request
from project.logs import TextFormatter


@pytest.mark.parametrize("id", ["a", "0b6e.4-_Z", "x" * 64])
async def test_an_id_that_comes_with_a_request_is_answered(async_client, id):
    answer = await async_client.get("/healthz", headers={"X-Request-ID": id})
    assert answer["X-Request-ID"] == id


@pytest.mark.parametrize("id", [None, "", "x" * 65, "a b", "a\tb", "é", "a=b", "<b>"])
async def test_a_request_without_an_id_gets_one(async_client, id):
    answer = await async_client.get("/healthz", headers={} if id is None else {"X-Request-ID": id})
    assert re.fullmatch("[0-9a-f]{32}", answer["X-Request-ID"])


async def test_an_error_has_the_id_too(async_client):
    answer = await async_client.get("/nothing/", headers={"X-Request-ID": "seven"})
    assert (answer.status_code, answer["X-Request-ID"]) == (404, "seven")


def test_a_line_within_a_request_has_its_id():
    record = logging.makeLogRecord({"name": "n", "levelname": "INFO", "msg": "said"})
    token = current_request.set("seven")
    try:
        assert TextFormatter().format(record).endswith("n: said request_id=seven")
    finally:
        current_request.reset(token)
    assert TextFormatter().format(record).endswith("n: said")
