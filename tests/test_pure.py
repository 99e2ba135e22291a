"""Frames, streams and rules are true without Django: their tests pass where it cannot be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PURE = [
    "tests/messaging/protocol",
    "tests/messaging/test_policy.py",
    "tests/consumers/test_stream.py",
    "tests/consumers/test_pending.py",
]
WITHOUT = """
import sys

sys.modules.update(dict.fromkeys(["django", "channels", "rest_framework", "redis", "psycopg"]))
import pytest

sys.exit(pytest.main(sys.argv[1:]))
"""


def test_the_tests_of_the_pure_parts_pass_without_django():
    given = ["-c", os.devnull, f"--rootdir={ROOT}", "--noconftest", "-p", "tests.consumers.streams", "-q", *PURE]
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT, *given],
        cwd=ROOT,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
