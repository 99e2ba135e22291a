"""Prosody, an XMPP server: a room for each chat, and all that is said in it kept in an archive in PostgreSQL."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from bench.machine import ROOT

KIND = "prosody, archive in PostgreSQL"
PATH = "/xmpp-websocket"

_PACKAGES = ("prosody", "lua-dbi-postgresql")

# bench/load/xmpp.c knows the domain and its component. Without mod_limits nobody's rate is limited, and the default limits of
# sizes stay. A room is there as soon as somebody joins, and stays with its archive when everybody has left.
_CONFIG = """\
run_as_root = true
pidfile = "{folder}/prosody.pid"
data_path = "{folder}"
log = {{ warn = "*console" }}

http_interfaces = {{ "127.0.0.1" }}
http_ports = {{ {port} }}
https_ports = {{}}
c2s_ports = {{}}
modules_enabled = {{ "saslauth", "websocket" }}
modules_disabled = {{ "s2s" }}
http_default_host = "localhost"
consider_websocket_secure = true

storage = "sql"
sql = {{
    driver = "PostgreSQL", host = "{store.hostname}", port = {store.port}, database = "{database}",
    username = "{store.username}", password = "{store.password}",
}}

VirtualHost "localhost"
    authentication = "anonymous"

Component "conference.localhost" "muc"
    modules_enabled = {{ "muc_mam" }}
    muc_room_locking = false
    muc_room_default_persistent = true
    muc_log_by_default = true
    muc_log_all_rooms = true
"""


def install() -> str:
    """Install what is missing of Prosody, and return its version."""
    missing = [package for package in _PACKAGES if _find_version(package) is None]
    if missing:
        subprocess.run([ROOT / "scripts/apt-install.sh", *missing], check=True)
    if "prosody" in missing:
        # The package has its service begin with the machine, on the ports of XMPP.
        subprocess.run(["update-rc.d", "prosody", "disable"], check=True)
    return _find_version("prosody") or "unknown"


def _find_version(package: str) -> str | None:
    # Not from the program, which would start: it knows no such option.
    command = ["dpkg-query", "--show", "--showformat=${db:Status-Status} ${Version}", package]
    status, _, version = subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition(" ")
    return version if status == "installed" else None


def write_config(folder: Path, port: int, store: str) -> Path:
    """Write what Prosody is to know, in the folder that it is to keep its files in; return the file."""
    folder.mkdir()
    file = folder / "prosody.cfg.lua"
    address = urlsplit(store)
    file.write_text(_CONFIG.format(folder=folder, port=port, store=address, database=address.path[1:]))
    return file
