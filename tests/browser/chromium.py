"""How Debian's Chromium is started."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import playwright

EXECUTABLE = "/usr/bin/chromium"
# As root, and in a closed network: nothing of the browser's own may try to reach out.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that a test answers itself is of no known network, and may not call a server of this machine.
    "--disable-features=LocalNetworkAccessChecks",
]
_DRIVER = Path(playwright.__file__).parent / "driver"
# The end of the input is the end of whoever started it, however that came.
_SERVE = """
const [, driver, options] = process.argv;
require(driver).chromium.launchServer(JSON.parse(options)).then((server) => {
  console.log(server.wsEndpoint());
  process.stdin.on('end', () => server.close()).resume();
});
"""


@contextmanager
def serve_chromium() -> Iterator[str]:
    """Start one browser for many tests; yield the address at which they drive it."""
    options = json.dumps({"executablePath": EXECUTABLE, "args": ARGUMENTS})
    command = [str(_DRIVER / "node"), "-e", _SERVE, str(_DRIVER / "package"), options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, "Chromium did not start"
        yield address
