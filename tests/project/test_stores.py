"""Databases, caches and layers from two URLs, and the keys beside them."""

import stat
from typing import Any

import pytest
from django.core.cache import CacheHandler
from redis.sentinel import SentinelConnectionPool

from project import env, keys, stores
from project.cache import Pool

LONG = "0123456789abcdef" * 2


def test_without_urls_everything_is_in_the_process(tmp_path):
    database = stores.configure_databases(env.parse({}), tmp_path / "var")["default"]
    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert database["NAME"] == tmp_path / "var/onesocket.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert (tmp_path / "var").is_dir()
    assert stores.configure_layers(None, key="k")["default"]["BACKEND"] == "messaging.layers.InMemoryLayer"
    assert "locmem" in stores.configure_caches(None)["default"]["BACKEND"]


def test_relative_sqlite_file_lies_in_the_project(tmp_path):
    given = env.parse({"DATABASE_URL": "sqlite:///var/other.sqlite3"})
    assert stores.configure_databases(given, tmp_path)["default"]["NAME"] == env.BASE_DIR / "var/other.sqlite3"


def test_postgresql_has_a_pool_and_bounded_waits(tmp_path):
    url = "postgres://me:p%40ss@db.example:5433/chat?sslmode=require&options=-c%20work_mem%3D8MB"
    given = env.parse({"DATABASE_URL": url, "DATABASE_THREADS": "4", "STATEMENT_TIMEOUT_MS": "0"})
    database = stores.configure_databases(given, tmp_path / "var")["default"]
    assert [database[part] for part in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "me",
        "p@ss",
        "db.example",
        5433,
        "chat",
    ]
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["options"] == (
        "-c work_mem=8MB -c lock_timeout=3000 -c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
    )
    assert database["OPTIONS"]["pool"]["max_size"] == 12
    # A reconnection that is tried at ever longer intervals lets nobody else try.
    assert database["OPTIONS"]["pool"]["reconnect_timeout"] == 1
    # Without a bound at the server there is none here.
    assert "connection_class" not in database["OPTIONS"]["pool"]
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(("given", "threshold"), [("1", 0), ("0", None)])
def test_statements_are_prepared_at_their_first_use_or_never(given, threshold, tmp_path):
    variables = {"DATABASE_URL": "postgres://me:secret@db.example/chat", "PREPARED_STATEMENTS": given}
    database = stores.configure_databases(env.parse(variables), tmp_path)["default"]
    assert database["OPTIONS"]["prepare_threshold"] == threshold


def test_impossible_port_of_a_database_is_refused(tmp_path):
    with pytest.raises(env.Refused, match="onesocket: DATABASE_URL must have a port from 1 to 65535, or none"):
        stores.configure_databases(env.parse({"DATABASE_URL": "postgres://host:99999/chat"}), tmp_path)


def test_sentinels_serve_layer_and_cache():
    url = "redis+sentinel://me:p%40ss@h1:26380,[::1]/mymaster/3"
    host = stores.configure_layers(url, key="k")["default"]["CONFIG"]["hosts"][0]
    assert host["sentinels"] == [("h1", 26380), ("::1", 26379)]
    assert (host["master_name"], host["db"], host["username"], host["password"]) == ("mymaster", 3, "me", "p@ss")
    cache = stores.configure_caches(url)["default"]
    assert cache["LOCATION"] == [url]
    assert isinstance(Pool.from_url(url, max_connections=9), SentinelConnectionPool)


def test_one_server_serves_layer_and_cache():
    url = "rediss://:secret@host:6380/1"
    host = stores.configure_layers(url, key="k")["default"]["CONFIG"]["hosts"][0]
    assert host["address"] == url
    assert "sentinels" not in host
    assert stores.configure_caches(url)["default"]["LOCATION"] == [url]


def test_cache_has_one_pool_in_all_contexts():
    contexts = CacheHandler(stores.configure_caches("redis://:secret@host:6380/1"))
    caches: list[Any] = [contexts.create_connection("default") for _ in range(2)]
    pools: list[Any] = [cache._cache.get_client().connection_pool for cache in caches]
    assert caches[0] is not caches[1]
    assert pools[0] is pools[1]
    assert pools[0].connection_kwargs["socket_timeout"] == 2


def test_embedded_key_is_made_once_for_this_user_only(tmp_path):
    first = keys.find_secret_key(env.parse({}), tmp_path / "var")
    assert len(first) >= 32
    assert keys.find_secret_key(env.parse({}), tmp_path / "var") == first
    assert [file.name for file in (tmp_path / "var").iterdir()] == ["secret_key"]
    assert stat.S_IMODE((tmp_path / "var/secret_key").stat().st_mode) == 0o600


def test_process_that_comes_second_takes_the_key_of_the_first(tmp_path, monkeypatch):
    (tmp_path / "secret_key").write_text(LONG + "\n")
    monkeypatch.setattr("pathlib.Path.exists", lambda _self: False)
    assert keys.find_secret_key(env.parse({}), tmp_path) == LONG
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "var").write_text("a file")
    with pytest.raises(env.Refused, match=r"SECRET_KEY is not set and .*/var/secret_key cannot be used: "):
        keys.find_secret_key(env.parse({}), tmp_path / "var")


def test_given_key_is_taken(tmp_path):
    assert keys.find_secret_key(env.parse({"SECRET_KEY": LONG}), tmp_path) == LONG
    assert list(tmp_path.iterdir()) == []


def test_postgresql_without_a_key_is_refused(tmp_path):
    with pytest.raises(env.Refused, match="SECRET_KEY must be set"):
        keys.find_secret_key(env.parse({"DATABASE_URL": "postgres://a/b"}), tmp_path)


def test_tokens_are_signed_with_a_key_of_their_own():
    derived = keys.find_signing_key(env.parse({}), LONG)
    assert len(derived) >= 32
    assert LONG not in derived
    assert derived == keys.find_signing_key(env.parse({}), LONG)
    assert keys.find_signing_key(env.parse({"JWT_SIGNING_KEY": LONG[::-1]}), LONG) == LONG[::-1]
