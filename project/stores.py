"""Databases, caches and channel layers in Django's terms, from DATABASE_URL and REDIS_URL.

Without them: SQLite, an in-memory layer and an in-memory cache, in one process. Every wait on another machine has a
bound here, because a host that vanishes without a word must cost seconds, not the fifteen minutes of TCP's default.
"""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ

from project.env import BASE_DIR, Environment, Refused

# Beside the threads that consumers use: writer, beat and the HTTP requests under way.
_OTHER_CONNECTIONS = 8
# A silent peer is given up after 5 + 3 * 2 seconds, one that owes an acknowledgement after 10.
_KEEPALIVE = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}
_REDIS = {
    "max_connections": 1_000,
    "health_check_interval": 10,
    "socket_keepalive": True,
    # Not every system has all of them.
    "socket_keepalive_options": {
        getattr(socket, name): value for name, value in _KEEPALIVE.items() if hasattr(socket, name)
    },
}


def configure_databases(environment: Environment, folder: Path) -> dict[str, dict[str, Any]]:
    """Return Django's DATABASES; without DATABASE_URL it is a file in `folder`."""
    url = environment.database_url or f"sqlite:///{folder}/onesocket.sqlite3"
    try:
        database: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError as error:
        raise Refused("onesocket: DATABASE_URL must have a port from 1 to 65535, or none.") from error
    return {"default": _use_sqlite(database) if environment.embedded else _use_postgresql(database, environment)}


def configure_caches(url: str | None) -> dict[str, dict[str, Any]]:
    """Return Django's CACHES."""
    if url is None:
        # Django culls at 300 keys by default, and a culled ticket is a refused handshake.
        local = "django.core.cache.backends.locmem.LocMemCache"
        return {"default": {"BACKEND": local, "OPTIONS": {"MAX_ENTRIES": 100_000}}}
    pool = {
        "pool_class": "project.cache.Pool",
        "serializer": "project.cache.JsonSerializer",
        "socket_timeout": 2,
        "socket_connect_timeout": 2,
    }
    return {
        "default": {
            "BACKEND": "project.cache.Cache",
            "LOCATION": [url],  # a list, because Django splits a string at its commas
            "KEY_PREFIX": "onesocket",
            "OPTIONS": {**_REDIS, **pool},
        }
    }


def configure_layers(url: str | None, *, key: str) -> dict[str, dict[str, Any]]:
    """Return the CHANNEL_LAYERS of Channels; over Redis only what was sealed with `key` is heard."""
    if url is None:
        return {"default": {"BACKEND": "messaging.layers.InMemoryLayer"}}
    # redis-py 8 would take 5 seconds and 100 connections by itself, and close idle sockets (django/channels_redis#422).
    server = split_sentinels(url) if has_sentinels(url) else {"address": url}
    host = {**_REDIS, "socket_timeout": 15, "socket_connect_timeout": 3, **server}
    layer = "messaging.layers.RedisPubSubLayer"
    return {"default": {"BACKEND": layer, "CONFIG": {"hosts": [host], "prefix": "onesocket", "key": key}}}


def has_sentinels(url: str) -> bool:
    """Tell a redis+sentinel URL from the URL of a server."""
    return url.startswith("redis+sentinel:")


def split_sentinels(url: str) -> dict[str, Any]:
    """Return the parts of a redis+sentinel URL as channels-redis takes them; name and password are the servers'."""
    credentials, _, place = url.removeprefix("redis+sentinel://").rpartition("@")
    hosts, master, *database = place.split("/")
    username, _, password = credentials.partition(":")
    addresses = [urlsplit(f"//{host}") for host in hosts.split(",")]
    return {
        "sentinels": [(address.hostname, address.port or 26_379) for address in addresses],
        "sentinel_kwargs": {"socket_timeout": 2, "socket_connect_timeout": 2},
        "master_name": master,
        "db": int(database[0]) if database else 0,
        "username": unquote(username) or None,
        "password": unquote(password) or None,
    }


def _use_sqlite(database: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of an SQLite file, whose folder is made."""
    file = BASE_DIR / database["NAME"]
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"onesocket: the folder {file.parent} cannot be made: {error.strerror}.") from error
    options = {
        "timeout": 5,
        # A read that turns into a write fails at once in the default mode, whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        # An ack is a promise: FULL keeps it through a loss of power, which NORMAL does not in WAL mode.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    return {**database, "NAME": file, "OPTIONS": options, "CONN_MAX_AGE": None, "TEST": {"NAME": f"{file}.test"}}


def _use_postgresql(database: dict[str, Any], environment: Environment) -> dict[str, Any]:
    """Return the settings of a PostgreSQL database behind a pool of this process."""
    # Not at the top: embedded, nothing needs the driver.
    from project.postgresql import bounded

    given = database.get("OPTIONS", {})
    limits = {
        "lock_timeout": environment.lock_timeout_ms,
        "statement_timeout": environment.statement_timeout_ms,
        # A paused host lets go of the chats it has locked.
        "idle_in_transaction_session_timeout": environment.statement_timeout_ms,
    }
    pool: dict[str, Any] = {
        "min_size": 1,
        "max_size": environment.database_threads + _OTHER_CONNECTIONS,
        "timeout": 5,
        # While it tries to reconnect, at longer and longer intervals, nobody else may try: a database that was away
        # for a minute would be found half a minute late. So it gives up, and the next who asks tries anew.
        "reconnect_timeout": 1,
    }
    if environment.statement_timeout_ms:
        # The server is to end a statement in half of that.
        pool["connection_class"] = bounded(2 * environment.statement_timeout_ms / 1000)
    options = {
        "application_name": "onesocket",
        "connect_timeout": 5,
        "keepalives_idle": _KEEPALIVE["TCP_KEEPIDLE"],
        "keepalives_interval": _KEEPALIVE["TCP_KEEPINTVL"],
        "keepalives_count": _KEEPALIVE["TCP_KEEPCNT"],
        "tcp_user_timeout": _KEEPALIVE["TCP_USER_TIMEOUT"],
        # At its first use, or never. It is for those who bind on the server (`messaging.database.pipelined`).
        "prepare_threshold": 0 if environment.prepared_statements else None,
        **given,
        "options": " ".join(
            [*filter(None, [given.get("options")]), *(f"-c {name}={value}" for name, value in limits.items())]
        ),
        "pool": pool,
    }
    # No check on taking a connection: it costs a round trip, and after a restart the pool waits longer from one dead
    # connection to the next. The first failure drops them all (`messaging.database.drop_dead_connections`).
    return {**database, "OPTIONS": options, "CONN_MAX_AGE": 0}
