"""How Debian's Chromium is started."""

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
