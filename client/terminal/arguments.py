"""What the program is told when it is started, on the command line and in the environment."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

URL = "http://127.0.0.1:8000"
PASSWORD_VARIABLE = "ONESOCKET_PASSWORD"  # noqa: S105

_DEVICE = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Settings:
    """One start of the program; without a password it is asked for."""

    user: str
    url: str = URL
    password: str | None = None
    device: str | None = None
    take: bool = False
    log: Path | None = None


def add_arguments(parser: ArgumentParser) -> None:
    """Say what may be typed behind the program's name."""
    parser.add_argument("--user", required=True, help="your user name")
    parser.add_argument("--url", type=_url, default=URL, help="the server; default: %(default)s")
    parser.add_argument(
        "--password", help=f"better asked for, or in {PASSWORD_VARIABLE}: others can see a command line"
    )
    parser.add_argument(
        "--device", type=_device, help="the name of this device, where one user is to have several here"
    )
    parser.add_argument("--take", action="store_true", help="take over from another device that is connected")
    parser.add_argument("--log", type=Path, help="a file for what the client does, without texts and tokens")


def read_settings(options: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Make settings of parsed arguments, whatever else is among them."""
    password = options["password"] or environment.get(PASSWORD_VARIABLE) or None
    named = {name: options[name] for name in ("user", "url", "device", "take", "log")}
    return Settings(**named, password=password)


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        valid = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        valid = False
    if not valid:
        raise ArgumentTypeError(f"{text!r} is not like {URL}")
    return text.rstrip("/")


def _device(text: str) -> str:
    if not _DEVICE.fullmatch(text):
        raise ArgumentTypeError("a device has 1 to 64 letters, digits, dots, dashes and underscores")
    return text
