"""The environment: defaults, refusals in one sentence, and .env.example."""

import itertools
import os
import re
import subprocess
import sys

import msgspec
import pytest

from messaging.conf import Limits
from messaging.models import Chat
from project import env, process


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "http", "PORT must be a port from 1 to 65535, not 'http'."),
        ("PORT", "0", "PORT must be a port from 1 to 65535, not '0'."),
        ("PORT", "65536", "PORT must be a port from 1 to 65535, not '65536'."),
        ("DEBUG", "maybe", "DEBUG must be 0 or 1, not 'maybe'."),
        ("OPEN_REGISTRATION", "maybe", "OPEN_REGISTRATION must be 0 or 1, not 'maybe'."),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be DEBUG or INFO or WARNING or ERROR or CRITICAL, not 'loud'."),
        ("CONNECTION_POLICY", "none", "CONNECTION_POLICY must be refuse or replace, not 'none'."),
        ("HISTORY_FOR_NEWCOMERS", "some", "HISTORY_FOR_NEWCOMERS must be all or since_join, not 'some'."),
        ("DATABASE_THREADS", "0", "DATABASE_THREADS must be a whole number of at least 1, not '0'."),
        ("ACCESS_TOKEN_SECONDS", "5m", "ACCESS_TOKEN_SECONDS must be a whole number from 1 to 315360000, not '5m'."),
        ("REFRESH_TOKEN_SECONDS", "315360001", "REFRESH_TOKEN_SECONDS must be a whole number from 1 to 315360000"),
        ("LOCK_TIMEOUT_MS", "-1", "LOCK_TIMEOUT_MS must be a whole number of milliseconds, 0 for none, not '-1'."),
        ("TRUSTED_PROXIES", "10.0.0.1", "TRUSTED_PROXIES must be a whole number, 0 or more, not '10.0.0.1'."),
        ("ALLOWED_HOSTS", "https://a.b", "ALLOWED_HOSTS must be a comma list of host names"),
        ("ALLOWED_HOSTS", "a.b:80", "ALLOWED_HOSTS must be a comma list of host names"),
        ("THROTTLE_TOKEN", "10", "THROTTLE_TOKEN must be a rate like 10/min"),
        ("THROTTLE_USER", "ten/min", "THROTTLE_USER must be a rate like 10/min"),
        ("THROTTLE_ANON", "10/week", "THROTTLE_ANON must be a rate like 10/min"),
        ("HELLO_SECONDS", "soon", "HELLO_SECONDS must be a number above 0, not 'soon'."),
        ("HELLO_SECONDS", "0", "HELLO_SECONDS must be a number above 0, not '0'."),
        ("HELLO_SECONDS", "inf", "HELLO_SECONDS must be a number above 0, not 'inf'."),
        ("COMMANDS_BURST", "-4", "COMMANDS_BURST must be a whole number of at least 1, not '-4'."),
    ],
)
def test_malformed_value_is_refused_with_name_and_expectation(name, value, sentence):
    with pytest.raises(env.Refused, match=re.escape(f"onesocket: {sentence}")):
        env.parse({name: value})


@pytest.mark.parametrize("value", ["*", "null", "chat.example.com", "https://a.b/", "https://*.a.b", "https://A.b"])
def test_origin_that_opens_the_socket_or_never_matches_is_refused(value):
    with pytest.raises(env.Refused, match="WS_ALLOWED_ORIGINS must be a comma list of origins with scheme"):
        env.parse({"WS_ALLOWED_ORIGINS": f"https://a.b,{value}"})


@pytest.mark.parametrize("value", ["mysql://a/b", "sqlite://:memory:", "sqlite:///:memory:", "postgres://host", "x"])
def test_other_database_is_refused(value):
    with pytest.raises(env.Refused, match="DATABASE_URL must be sqlite:///path or postgres://"):
        env.parse({"DATABASE_URL": value})


@pytest.mark.parametrize(
    "value",
    [
        "redis://a:6379,b:6379/0",
        "redis://a:6379/0,redis://b:6379/0",
        "unix:///run/redis.sock",
        "localhost:6379",
        "redis+sentinel://a:26379,b:26379",
        "rediss+sentinel://a:26379/master",
        "redis+cluster://a:6379/0",
    ],
)
def test_redis_that_is_neither_one_server_nor_sentinels_is_refused(value):
    with pytest.raises(env.Refused, match=r"REDIS_URL must be redis://host:6379/0"):
        env.parse({"REDIS_URL": value})


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY", "JWT_SIGNING_KEY"])
def test_secret_is_never_printed(name):
    with pytest.raises(env.Refused) as refused:
        env.parse({name: "hunter2"})
    assert "hunter2" not in str(refused.value)


def test_every_bound_and_wait_of_the_protocol_is_a_variable():
    for name in Limits.__struct_fields__:
        assert getattr(env.parse({name.upper(): "7"}).limits, name) == 7
        with pytest.raises(env.Refused, match=f"onesocket: {name.upper()} must be"):
            env.parse({name.upper(): "many"})


@pytest.mark.parametrize(
    ("name", "most"),
    [("FRAME_BYTES", process.MESSAGE_BYTES), ("TITLE_CHARS", Chat._meta.get_field("title").max_length)],
)
def test_no_bound_is_above_what_the_transport_and_the_store_take(name, most):
    env.parse({name: f"{most}"})
    with pytest.raises(env.Refused, match=f"{name} must be a whole number from 1 to {most}"):
        env.parse({name: f"{most + 1}"})


def test_no_bound_has_the_name_of_another_variable():
    assert not set(Limits.__struct_fields__) & set(env.Environment.__struct_fields__)


def test_empty_value_is_the_default():
    assert env.parse(dict.fromkeys(env.list_defaults(), " ")) == env.Environment()


def test_foreign_variables_are_left_alone():
    assert env.parse({"LIMITS": "7", "HOME": "/root", "port": "x"}) == env.Environment()


def test_lists_are_split_at_commas():
    parsed = env.parse({"ALLOWED_HOSTS": "a.b, .c.d ,[::1]", "WS_ALLOWED_ORIGINS": "https://a.b,capacitor://localhost"})
    assert parsed.allowed_hosts == ("a.b", ".c.d", "[::1]")
    assert parsed.origins == ("https://a.b", "capacitor://localhost")


def test_default_origins_follow_the_port():
    assert env.parse({"PORT": "9001"}).origins == ("http://127.0.0.1:9001", "http://localhost:9001")


@pytest.mark.parametrize(
    ("variables", "open_"),
    [
        ({}, True),
        ({"DATABASE_URL": "sqlite:///a.sqlite3"}, True),
        ({"OPEN_REGISTRATION": "0"}, False),
        ({"DATABASE_URL": "postgres://a/b"}, False),
        ({"DATABASE_URL": "postgres://a/b", "OPEN_REGISTRATION": "true"}, True),
    ],
)
def test_registration_is_open_only_where_it_is_embedded_or_wanted(variables, open_):
    assert env.parse(variables).registers is open_


def test_example_names_every_variable_with_its_default_and_a_meaning():
    lines = (env.BASE_DIR / ".env.example").read_text().splitlines()
    stated = {}
    for above, line in itertools.pairwise(lines):
        if found := re.fullmatch(r"#([A-Z_]+)=(.*)", line):
            assert above.startswith("# "), f"{found[1]} has no meaning"
            stated[found[1]] = found[2]
    assert stated == {name: _as_text(value) for name, value in env.list_defaults().items()}
    assert env.parse(stated) == env.Environment()


def _as_text(default):
    match default:
        case None:
            return ""
        case bool():
            return str(int(default))
        case tuple():
            return ",".join(default)
    return str(default)


def test_dotenv_fills_in_what_is_not_set(tmp_path, monkeypatch):
    (tmp_path / "env").write_text("# a comment\nPORT=9001\nLOG_LEVEL=ERROR\n")
    monkeypatch.setattr(os, "environ", {"DOTENV": str(tmp_path / "env"), "PORT": "9002"})
    monkeypatch.setattr("environ.Env.ENVIRON", os.environ)
    env.load.cache_clear()
    try:
        assert msgspec.structs.asdict(env.load()) == msgspec.structs.asdict(env.Environment()) | {
            "port": 9002,
            "log_level": "ERROR",
        }
    finally:
        env.load.cache_clear()


@pytest.mark.parametrize(
    "command", [["manage.py", "check"], ["-m", "project.server"], ["-m", "project.uvicorn_server"]]
)
def test_process_refuses_to_start_with_one_sentence(command):
    run = subprocess.run(
        [sys.executable, *command],
        cwd=env.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "project.settings", "BEAT_SECONDS": "never"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "onesocket: BEAT_SECONDS must be a number above 0, not 'never'.\n"
