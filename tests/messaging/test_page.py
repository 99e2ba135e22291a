"""The demo page: what it offers, and what a browser may do on it."""

from __future__ import annotations

import gzip
import posixpath
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from messaging import accounts
from messaging.demo import LOGINS

ROOT = Path(__file__).parents[2]


def show(settings: Any, **change: Any) -> Any:
    """Return the page under some settings."""
    settings.ONESOCKET = settings.ONESOCKET | change
    return Client().get("/")


@pytest.mark.django_db
def test_the_demo_offers_the_logins_that_exist(settings: Any) -> None:
    """And only in a demo."""
    accounts.register_user(**LOGINS[0])
    page = show(settings, DEMO_LOGINS=True).content.decode()
    assert LOGINS[0]["password"] in page
    assert LOGINS[1]["password"] not in page
    assert LOGINS[0]["password"] not in show(settings, DEMO_LOGINS=False).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("is_open", [True, False])
def test_the_page_offers_registration_where_it_is_open(settings: Any, is_open: bool) -> None:
    """Nobody fills in a form for nothing."""
    page = show(settings, OPEN_REGISTRATION=is_open).content.decode()
    assert ("signup-form" in page) == is_open


@pytest.mark.django_db
def test_the_page_runs_nothing_but_its_own_scripts(settings: Any) -> None:
    """The policy is strict, and the document needs no exception from it."""
    response = show(settings)
    rules = dict(rule.split(" ", 1) for rule in response["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == rules["form-action"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    page = response.content.decode()
    assert not any(inline in page for inline in ("<style", " style=", " onclick=", "javascript:", "<script>"))


def follow_imports(module: str) -> set[str]:
    """Return a module of the page and all that it imports, at any depth, as addresses."""
    waiting, found = [module], set[str]()
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        code = (ROOT / "messaging" / path[1:]).read_text()
        waiting += [posixpath.normpath(f"{path}/../{each}") for each in re.findall(r"from '(\.[^']+)';$", code, re.M)]
    return found


@pytest.mark.django_db
def test_the_page_names_every_module_in_advance(settings: Any) -> None:
    """And none that it does not use: the browser would fetch it for nothing."""
    page = show(settings).content.decode()
    named = re.findall(r'<link rel="modulepreload" href="([^"]+)">', page)
    assert sorted(named) == sorted(follow_imports("/static/messaging/page.js") - {"/static/messaging/page.js"})


@pytest.mark.django_db
def test_the_page_is_compressed_for_who_accepts_it() -> None:
    """And for nobody else."""
    whole, small = Client().get("/"), Client().get("/", headers={"accept-encoding": "gzip"})
    assert "Content-Encoding" not in whole
    assert small["Content-Encoding"] == "gzip"
    assert len(small.content) < len(whole.content) / 2
    assert gzip.decompress(small.content) == whole.content


def test_the_page_is_only_looked_at() -> None:
    """Its forms are sent by its script, to the API."""
    assert Client().post("/").status_code == 405
