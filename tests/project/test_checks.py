"""`check --deploy` refuses what is unsafe, one thing at a time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.db import connection

from messaging import accounts, checks
from messaging.demo import LOGINS
from project import checks as project_checks
from project import env

GOOD = "vN3-kTq8zXw1LmRb7YcJ5sHd2fGp9uAe6oiK4tQ0"


def ids(found) -> set[str]:
    """Return the ids of messages."""
    return {message.id for message in found}


@pytest.fixture
def production(settings):
    """Set what a deployment has; the test spoils one thing of it."""
    settings.DEBUG = False
    settings.SECRET_KEY = GOOD
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, "SIGNING_KEY": GOOD[::-1]}
    settings.ALLOWED_HOSTS = ["chat.example.com"]
    settings.ONESOCKET = {
        **settings.ONESOCKET,
        "LOGIN_WAITS": True,
        "WS_ALLOWED_ORIGINS": ("https://chat.example.com",),
    }
    return settings


def deploy() -> set[str]:
    """Return the ids of what the checks of a deployment say that need no database and no environment."""
    found = [check() for check in (checks.check_debug, checks.check_keys, checks.check_origins, checks.check_throttles)]
    return ids([message for messages in found for message in messages])


def test_a_good_production_has_nothing_said_of_it(production):
    assert deploy() == set()


def test_all_of_them_are_run_by_check_deploy(production):
    production.DEBUG = True
    assert "onesocket.E003" in ids(run_checks(include_deployment_checks=True))
    assert "onesocket.E003" not in ids(run_checks())


@pytest.mark.parametrize(
    "key", [GOOD[:31], "a" * 64, "django-insecure-" + GOOD, "my-secret-key-" + GOOD, "changeme" * 8]
)
def test_a_key_that_can_be_guessed_is_refused(production, key):
    production.SECRET_KEY = key
    assert deploy() == {"onesocket.E004"}
    production.SECRET_KEY = GOOD
    production.SIMPLE_JWT = {**production.SIMPLE_JWT, "SIGNING_KEY": key}
    assert deploy() == {"onesocket.E004"}


def test_one_key_for_all_is_refused(production):
    production.SIMPLE_JWT = {**production.SIMPLE_JWT, "SIGNING_KEY": GOOD}
    assert deploy() == {"onesocket.E005"}


@pytest.mark.parametrize("origin", ["*", "null", "https://*.example.com"])
def test_an_origin_that_is_everybodys_is_refused(production, origin):
    production.CORS_ALLOWED_ORIGINS = (origin,)
    assert deploy() == {"onesocket.E006"}
    production.CORS_ALLOWED_ORIGINS = ()
    production.ONESOCKET = {**production.ONESOCKET, "WS_ALLOWED_ORIGINS": (origin,)}
    assert deploy() == {"onesocket.E006"}


def test_any_host_and_no_throttles_are_refused(production):
    production.ALLOWED_HOSTS = ["*"]
    production.ONESOCKET = {**production.ONESOCKET, "LOGIN_WAITS": False}
    assert deploy() == {"onesocket.E007", "onesocket.E008"}


def test_several_processes_in_memory_are_refused(settings, monkeypatch):
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "messaging.layers.InMemoryLayer"}}
    assert "onesocket.E001" not in ids(checks.check_processes())
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    assert ids(checks.check_processes()) == {"onesocket.E001"}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "messaging.layers.RedisPubSubLayer"}}
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    assert ids(checks.check_processes()) == {"onesocket.E002"}


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, {"onesocket.E011"}),
        ({"OPEN_REGISTRATION": "1"}, set()),
        ({"OPEN_REGISTRATION": "0"}, set()),
        ({"DATABASE_URL": "postgres://u:p@h/n"}, set()),
    ],
)
def test_a_registration_that_is_open_by_accident_is_refused(monkeypatch, variables, found):
    monkeypatch.setattr(project_checks, "load", lambda: env.parse(variables))
    assert ids(project_checks.check_registration()) == found


@pytest.mark.parametrize(("url", "found"), [("redis://h:6379/0", {"onesocket.W002"}), ("redis://:p@h:6379/0", set())])
def test_a_redis_without_a_password_is_warned_of(monkeypatch, url, found):
    monkeypatch.setattr(project_checks, "load", lambda: env.parse({"REDIS_URL": url}))
    assert ids(project_checks.check_redis()) == found


@pytest.mark.parametrize(("proxies", "found"), [("0", {"onesocket.W003"}), ("1", set())])
def test_an_admin_without_tls_is_warned_of(monkeypatch, proxies, found):
    monkeypatch.setattr(project_checks, "load", lambda: env.parse({"TRUSTED_PROXIES": proxies}))
    assert ids(project_checks.check_tls()) == found


@pytest.mark.django_db(transaction=True)
def test_a_store_that_keeps_no_promise_is_refused():
    postgresql = connection.vendor == "postgresql"
    on, off = ("SET synchronous_commit = on", "SET synchronous_commit = off") if postgresql else (
        "PRAGMA synchronous = FULL", "PRAGMA synchronous = NORMAL"
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(off)
        found = checks.check_databases(databases=["default"])
        cursor.execute(on)
    assert "onesocket.E009" in ids(found)
    assert any(("synchronous" in message.msg) for message in found)
    assert [message for message in checks.check_promises("default") if "synchronous" in message.msg] == []
    assert checks.check_databases(databases=None) == []


@pytest.mark.django_db
def test_the_demo_in_production_is_refused():
    user = accounts.register_user(**LOGINS[0])
    assert "onesocket.E010" in ids(checks.check_databases(databases=["default"]))
    user.set_password(GOOD)
    user.save()
    assert checks.check_demo() == []


@pytest.mark.parametrize(
    ("file", "reason"), [("empty.sqlite3", "The database has no tables."), (".", "The database cannot be asked: ")]
)
def test_a_database_that_cannot_be_looked_at_is_told_of_in_one_sentence(tmp_path, file, reason):
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / file}", "DOTENV": os.devnull}
    command = [sys.executable, "manage.py", "check", "--deploy", "--database", "default", "--tag", "database"]
    checked = subprocess.run(command, cwd=env.BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert f"(onesocket.E012) {reason}" in checked.stderr
    assert "Traceback" not in checked.stderr
