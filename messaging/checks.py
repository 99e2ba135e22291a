"""System checks: settings that start well and then lose messages, or let in whom nobody wants.

Those of a deployment are for `check --deploy`, those that ask the database for `--database default` beside it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from channels.layers import channel_layers
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DatabaseError, InterfaceError, connections

from messaging.conf import get_settings
from messaging.demo import LOGINS

_PROCESS_VARIABLES = ("WEB_CONCURRENCY", "PROCESSES")
# A key that was typed or copied from an example rather than drawn; 32 random hex digits have about 14 different ones.
_KEY_CHARS, _KEY_VARIETY = 32, 10
_KEY_WORDS = ("insecure", "changeme", "change-me", "change me", "example", "password", "default", "secret-key")
# What is on for a promise to be kept through a loss of power, and how it is called in each store.
_PROMISES = ("synchronous_commit", "fsync", "full_page_writes")


@register("onesocket")
def check_processes(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse several processes that cannot hear each other."""
    backend = channel_layers.configs.get("default", {}).get("BACKEND", "")
    several = any(os.environ.get(name, "1") not in ("", "1") for name in _PROCESS_VARIABLES)
    cache = settings.CACHES["default"]["BACKEND"]
    if several and "InMemory" in backend:
        return [Error("Several processes need Redis: the in-memory layer reaches one.", id="onesocket.E001")]
    if several and cache.endswith(("LocMemCache", "DummyCache")):
        return [Error("Several processes need one cache: tickets of one are unknown to others.", id="onesocket.E002")]
    if "InMemory" in backend and settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        hint = "Set REDIS_URL, or see to it that only one server process runs."
        return [Warning("The in-memory layer and cache serve one process only.", hint=hint, id="onesocket.W001")]
    return []


@register("onesocket", deploy=True)
def check_debug(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse tracebacks for everybody."""
    return [Error("DEBUG shows tracebacks, with settings in them.", id="onesocket.E003")] if settings.DEBUG else []


@register("onesocket", deploy=True)
def check_keys(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse keys that can be guessed: with one of them anybody is everybody."""
    keys = {"SECRET_KEY": settings.SECRET_KEY, "JWT_SIGNING_KEY": settings.SIMPLE_JWT.get("SIGNING_KEY", "")}
    found: list[CheckMessage] = [
        Error(f"{name} is short, or was not drawn at random.", id="onesocket.E004")
        for name, key in keys.items()
        if _is_guessable(str(key))
    ]
    if keys["SECRET_KEY"] == keys["JWT_SIGNING_KEY"]:
        found.append(Error("The key that signs tokens is SECRET_KEY itself.", id="onesocket.E005"))
    return found


def _is_guessable(key: str) -> bool:
    is_plain = any(word in key.lower() for word in _KEY_WORDS)
    return len(key) < _KEY_CHARS or len(set(key)) < _KEY_VARIETY or is_plain


@register("onesocket", deploy=True)
def check_origins(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse every page as the one of our users, and every name as ours."""
    found: list[CheckMessage] = []
    named = {
        "WS_ALLOWED_ORIGINS": get_settings().ws_allowed_origins,
        "CORS_ALLOWED_ORIGINS": tuple(getattr(settings, "CORS_ALLOWED_ORIGINS", ())),
    }
    for name, origins in named.items():
        if _has_wildcard(origins):
            found.append(Error(f"{name} opens the server to pages of any site.", id="onesocket.E006"))
    if _has_wildcard(settings.ALLOWED_HOSTS):
        found.append(
            Error("ALLOWED_HOSTS takes any name for ours, so links can be made to lead away.", id="onesocket.E007")
        )
    return found


def _has_wildcard(names: Sequence[str]) -> bool:
    return any("*" in name or name == "null" for name in names)


@register("onesocket", deploy=True)
def check_throttles(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse guesses without end."""
    if get_settings().login_waits:
        return []
    return [Error("Passwords can be tried as often as anybody likes.", hint="Set THROTTLES=1.", id="onesocket.E008")]


@register(Tags.database, deploy=True)
def check_databases(databases: Sequence[str] | None = None, **_kwargs: Any) -> list[CheckMessage]:
    """Look into the databases; one that cannot be asked has passed no check."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        try:
            found += check_promises(alias)
            if alias == "default":
                found += check_demo()
        except (DatabaseError, InterfaceError) as error:
            reason = str(error).partition("\n")[0]
            found.append(Error(f"The database cannot be asked: {reason}.", id="onesocket.E012"))
    return found


def check_promises(alias: str) -> list[CheckMessage]:
    """Refuse a store that loses what was acked when the power goes."""
    found: list[CheckMessage] = []
    connection = connections[alias]
    with connection.cursor() as cursor:
        for name in _PROMISES if connection.vendor == "postgresql" else ():
            cursor.execute("SELECT current_setting(%s)", [name])
            if cursor.fetchone()[0] == "off":
                found.append(Error(f"{name} is off: what was acked can be lost.", id="onesocket.E009"))
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            if cursor.fetchone()[0] < 2:  # FULL
                found.append(Error("synchronous is below FULL: what was acked can be lost.", id="onesocket.E009"))
    return found


def check_demo() -> list[CheckMessage]:
    """Refuse the users of the demo, whose passwords stand in the source."""
    model = get_user_model()
    if model._meta.db_table not in connections["default"].introspection.table_names():
        hint = "Run manage.py migrate, then check again."
        return [Error("The database has no tables.", hint=hint, id="onesocket.E012")]
    passwords = {login["username"]: login["password"] for login in LOGINS}
    users = model.objects.filter(**{f"{model.USERNAME_FIELD}__in": passwords}, is_active=True)
    known = sorted(user.get_username() for user in users if user.check_password(passwords[user.get_username()]))
    if not known:
        return []
    return [Error(f"The demo's users are here with their passwords: {', '.join(known)}.", id="onesocket.E010")]
