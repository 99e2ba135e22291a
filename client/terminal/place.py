"""Where the device and its unsent messages are kept between two runs, for one run at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from urllib.parse import quote, urlsplit

from client.terminal.arguments import Settings
from client.terminal.errors import Failure


def state_file(settings: Settings, environment: Mapping[str, str]) -> Path:
    """Return the file of this user on this server and device."""
    base = environment.get("XDG_STATE_HOME", "")
    # A relative path there is to be ignored, says the XDG Base Directory Specification.
    home = Path(base) if base.startswith("/") else Path.home() / ".local" / "state"
    server = urlsplit(settings.url)
    folder = quote(f"{server.netloc}{server.path}", safe=":[]")
    name = quote(settings.user, safe="") + (f"@{settings.device}" if settings.device else "")
    return home / "onesocket" / folder / f"{name}.json"


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Keep other runs away from the file: two outboxes in one would lose messages."""
    with _opened(file.with_suffix(".lock")) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            why = "this user is in another terminal here; --device NAME makes this one another device"
            raise Failure(why) from None
        yield


def _opened(file: Path) -> TextIO:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file.open("w")
    except OSError as error:
        raise Failure(f"nothing can be kept in {file.parent}: {error.strerror}") from error
