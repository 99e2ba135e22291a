"""Sentry: only where it is wanted, and never told what is nobody's business."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from project.env import BASE_DIR
from project.sentry import strip

SECRET = "hunter2"
DSN = "https://key@sentry.example.com/7"


def run_check(tmp_path, **variables):
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=BASE_DIR,
        env={
            "DJANGO_SETTINGS_MODULE": "project.settings",
            "DOTENV": "/dev/null",
            "PYTHONPATH": str(tmp_path),
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_package_is_told_in_one_sentence(tmp_path):
    (tmp_path / "sentry_sdk.py").write_text("raise ImportError")
    run = run_check(tmp_path, SENTRY_DSN=DSN)
    assert run.returncode == 1
    assert run.stderr == "onesocket: SENTRY_DSN needs a package that is not here: pip install sentry-sdk.\n"


def test_without_an_address_the_package_is_not_imported(tmp_path):
    (tmp_path / "sentry_sdk.py").write_text("raise SystemExit(7)")
    assert run_check(tmp_path).returncode == 0


def test_it_is_started_without_looking_into_requests(tmp_path):
    (tmp_path / "sentry_sdk.py").write_text(
        "def init(**options): print({n: o for n, o in options.items() if n != 'before_send'})"
    )
    run = run_check(tmp_path, SENTRY_DSN=DSN)
    assert f"'dsn': '{DSN}'" in run.stdout
    for option in ("send_default_pii", "include_local_variables", "auto_enabling_integrations"):
        assert f"'{option}': False" in run.stdout


@pytest.mark.parametrize("address", ["x", "https://sentry.example.com/7", "key@host/7"])
def test_a_malformed_address_is_refused_and_not_shown(tmp_path, address):
    run = run_check(tmp_path, SENTRY_DSN=address)
    assert run.stderr == "onesocket: SENTRY_DSN must be https://key@host/project.\n"


def test_only_the_type_and_the_place_of_an_error_are_told():
    frame = {"filename": "a.py", "function": "f", "lineno": 3, "module": "a", "in_app": True}
    seen = frame | {"vars": {"text": SECRET}, "context_line": SECRET, "pre_context": [SECRET]}
    event = {
        "level": "error",
        "exception": {"values": [{"type": "E", "module": "m", "value": SECRET, "stacktrace": {"frames": [seen]}}]},
        "logentry": {"message": f"It failed: %s\nfuture: {SECRET}", "formatted": SECRET, "params": [SECRET]},
        **dict.fromkeys(("request", "user", "extra", "breadcrumbs", "contexts", "tags", "server_name"), SECRET),
    }
    told = strip(event, {})
    assert SECRET not in json.dumps(told)
    assert told == {
        "level": "error",
        "logentry": {"message": "It failed: %s"},
        "exception": {"values": [{"type": "E", "module": "m", "stacktrace": {"frames": [frame]}}]},
    }
