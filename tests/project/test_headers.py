"""What a browser is told it may do with our answers, and which pages of others may read them."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

OURS, THEIRS = "https://app.example.com", "https://evil.example.com"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def test_data_is_never_a_page():
    answer = Client().get("/api/users/me/")
    assert answer["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_a_page_keeps_its_own_policy():
    assert "script-src 'self'" in Client().get("/")["Content-Security-Policy"]


def test_the_admin_runs_nothing_inline_and_tells_its_own_origin():
    page = Client().get("/admin/login/")
    rules = dict(rule.split(" ", 1) for rule in page["Content-Security-Policy"].split("; "))
    assert (rules["script-src"], rules["style-src"], rules["frame-ancestors"]) == ("'self'", "'self'", "'none'")
    assert page["Referrer-Policy"] == "same-origin"
    text = page.content.decode()
    assert not any(inline in text for inline in ("<style", " style=", " onclick=", "javascript:", "<script>"))


def test_the_cookies_of_the_admin_go_to_the_admin_only():
    cookie = Client().get("/admin/login/").cookies["csrftoken"]
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/admin/", "Strict", True)
    assert not Client().get("/").cookies


def test_tls_is_for_good_where_there_is_tls():
    assert "Strict-Transport-Security" not in Client().get("/")
    assert Client().get("/", secure=True)["Strict-Transport-Security"] == "max-age=31536000"


def test_without_the_setting_no_other_origin_reads_anything():
    for method in ("get", "options"):
        answer = getattr(Client(), method)("/api/users/me/", headers={"Origin": OURS, **PREFLIGHT})
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


def test_an_origin_that_is_named_reads_what_the_api_answers(settings):
    settings.CORS_ALLOWED_ORIGINS = (OURS,)
    asked = Client().options("/api/users/me/", headers={"Origin": OURS, **PREFLIGHT})
    assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (204, OURS)
    assert asked["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    answer = Client().get("/api/users/me/", headers={"Origin": OURS})
    assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (401, OURS)
    assert "Origin" in answer["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer


@pytest.mark.parametrize("origin", [THEIRS, "null", "", OURS + ".evil.example.com", OURS.upper()])
def test_any_other_origin_reads_nothing(settings, origin):
    settings.CORS_ALLOWED_ORIGINS = (OURS,)
    for answer in (
        Client().get("/api/users/me/", headers={"Origin": origin}),
        Client().options("/api/users/me/", headers={"Origin": origin, **PREFLIGHT}),
        Client().get("/", headers={"Origin": OURS}),
    ):
        assert "Access-Control-Allow-Origin" not in answer
