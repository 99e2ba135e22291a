"""Errors told to Sentry, where `SENTRY_DSN` names one; the package is not installed with the others.

It learns the type of an error and where in the code it arose: nothing of who asked, what was asked, or what an error says.
"""

import importlib
from typing import Any

from project.env import Refused

Event = dict[str, Any]

# All that is told of an event; requests, users, breadcrumbs, extras and modules are left out.
_TOLD = ("event_id", "timestamp", "level", "logger", "platform", "environment", "release", "exception", "logentry")
_TOLD_OF_FRAME = ("filename", "function", "lineno", "module", "in_app")


def start_sentry(dsn: str | None) -> None:
    """Have errors that are logged told to Sentry; raises Refused without the package."""
    if dsn is None:
        return
    try:
        sentry = importlib.import_module("sentry_sdk")
    except ImportError:
        raise Refused("onesocket: SENTRY_DSN needs a package that is not here: pip install sentry-sdk.") from None
    sentry.init(
        dsn=dsn,
        # Errors reach it through their log records; the other integrations would look into requests.
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=strip,
    )


def strip(event: Event, _hint: Event) -> Event:
    """Return what Sentry may know of an event."""
    told = {name: event[name] for name in _TOLD if name in event}
    if "logentry" in told:
        # The words of the line, without what was put into them, nor what asyncio lists below them.
        told["logentry"] = {"message": (told["logentry"].get("message") or "").partition("\n")[0]}
    if "exception" in told:
        told["exception"] = {"values": [_strip_error(error) for error in told["exception"].get("values", ())]}
    return told


def _strip_error(error: Event) -> Event:
    frames = ((error.get("stacktrace") or {}).get("frames")) or ()
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "stacktrace": {"frames": [{name: frame.get(name) for name in _TOLD_OF_FRAME} for frame in frames]},
    }
