"""The typed environment: every variable this project reads, parsed once, with its default.

A malformed value ends the process with one sentence that names the variable. `.env.example` lists them all, and a test
holds it to this file. The bounds and waits of the protocol are `messaging.conf.Limits`, one variable a field.
"""

import math
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import environ
import msgspec

from messaging.conf import Count, Limits

BASE_DIR = Path(__file__).resolve().parent.parent

_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])"
_ONE_SERVER = rf"rediss?://(?:[^@/\s]*@)?{_HOST}(?::\d+)?(?:/\d*)?(?:\?\S*)?"
_SENTINELS = rf"redis\+sentinel://(?:[^@/\s]*@)?{_HOST}(?::\d+)?(?:,{_HOST}(?::\d+)?)*/[A-Za-z0-9._-]+(?:/\d+)?"

Port = Annotated[int, msgspec.Meta(ge=1, le=65535, description="a port from 1 to 65535")]
Milliseconds = Annotated[
    int, msgspec.Meta(ge=0, le=2**31 - 1, description="a whole number of milliseconds, 0 for none")
]
Natural = Annotated[int, msgspec.Meta(ge=0, description="a whole number, 0 or more")]
# Ten years: an end that no calendar has cannot be written into a token.
Lifetime = Annotated[int, msgspec.Meta(ge=1, le=315_360_000, description="a whole number from 1 to 315360000")]
Key = Annotated[str, msgspec.Meta(min_length=32, description="at least 32 characters long")]
Rate = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[1-9]\d*/(s|sec|m|min|h|hour|d|day)\Z",
        description="a rate like 10/min (of s, sec, m, min, h, hour, d, day)",
    ),
]
# An in-memory SQLite would be another database in each thread.
DatabaseUrl = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(sqlite:///(?!:memory:)\S.*|postgres(ql)?://[^/\s]*/[^/?\s]+(\?\S*)?)\Z",
        description="sqlite:///path or postgres://user:password@host:5432/name",
    ),
]
# A list of plain servers would mean shards to channels-redis and random readers to the cache.
RedisUrl = Annotated[
    str,
    msgspec.Meta(
        pattern=rf"^({_ONE_SERVER}|{_SENTINELS})\Z",
        description="redis://host:6379/0, rediss://host:6379/0 or redis+sentinel://host:26379,host:26379/master/0",
    ),
]
Folder = Annotated[str, msgspec.Meta(min_length=1, description="a folder")]
# Sentry's address of a project, whose user is a key.
SentryDsn = Annotated[
    str, msgspec.Meta(pattern=r"^https?://[^@/\s]+@[^/\s]+/\S+\Z", description="https://key@host/project")
]
Host = Annotated[str, msgspec.Meta(pattern=rf"^(\*|\.?{_HOST})\Z")]
Hosts = Annotated[tuple[Host, ...], msgspec.Meta(description="a comma list of host names without scheme or port, or *")]
# Browsers send an Origin in lower case; `*` and `null` would open the socket to every page.
Origin = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?\Z")]
Origins = Annotated[
    tuple[Origin, ...],
    msgspec.Meta(description="a comma list of origins with scheme, like https://chat.example.com, in lower case"),
]
AdminPath = Annotated[
    str,
    msgspec.Meta(pattern=r"^(?!(api|static|ws)\Z)[A-Za-z0-9_-]+\Z", description="one part of an address, like admin"),
]

_T = TypeVar("_T", bound=msgspec.Struct)


class Refused(SystemExit):
    """A value this project does not start with: uncaught it prints its sentence and ends the process with status 1."""


class Environment(msgspec.Struct, frozen=True, kw_only=True, rename="upper"):
    """The variables under their names in lower case; None means that another variable decides."""

    port: Port = 8000
    debug: bool = False
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = "INFO"
    log_format: Literal["text", "json"] | None = None
    metrics_token: Key | None = None
    prometheus_multiproc_dir: Folder | None = None
    sentry_dsn: SentryDsn | None = None

    database_url: DatabaseUrl | None = None
    database_threads: Count = 8
    statement_timeout_ms: Milliseconds = 5_000
    lock_timeout_ms: Milliseconds = 3_000
    prepared_statements: bool = True
    redis_url: RedisUrl | None = None

    secret_key: Key | None = None
    jwt_signing_key: Key | None = None
    access_token_seconds: Lifetime = 300
    refresh_token_seconds: Lifetime = 14 * 24 * 60 * 60
    refresh_cookie_secure: bool | None = None

    allowed_hosts: Hosts = ("localhost", "127.0.0.1", "[::1]")
    ws_allowed_origins: Origins | None = None
    cors_allowed_origins: Origins = ()
    trusted_proxies: Natural = 0
    hsts_seconds: Natural = 365 * 24 * 60 * 60
    admin_path: AdminPath = "admin"

    open_registration: bool | None = None
    connection_policy: Literal["refuse", "replace"] = "refuse"
    history_for_newcomers: Literal["all", "since_join"] = "all"

    throttles: bool = True
    throttle_token: Rate = "10/min"  # noqa: S105 -- a rate
    throttle_register: Rate = "10/hour"
    throttle_ticket: Rate = "30/min"
    throttle_report: Rate = "10/hour"
    throttle_anon: Rate = "60/min"
    throttle_user: Rate = "600/min"

    limits: Limits = Limits()

    @property
    def embedded(self) -> bool:
        """Tell whether everything lives in this process: SQLite instead of PostgreSQL."""
        return self.database_url is None or self.database_url.startswith("sqlite:")

    @property
    def origins(self) -> tuple[str, ...]:
        """Return the origins a browser may connect from; without the variable, this server's own page."""
        if self.ws_allowed_origins is not None:
            return self.ws_allowed_origins
        return (f"http://127.0.0.1:{self.port}", f"http://localhost:{self.port}")

    @property
    def logs_json(self) -> bool:
        """Tell whether a log line is a JSON object; without the variable, only where there are services."""
        return not self.embedded if self.log_format is None else self.log_format == "json"

    @property
    def registers(self) -> bool:
        """Tell whether anybody may make an account; without the variable, only in the embedded mode."""
        return self.embedded if self.open_registration is None else self.open_registration


def list_defaults() -> dict[str, Any]:
    """Return every variable with its default."""
    own = {name: default for name, default in msgspec.structs.asdict(Environment()).items() if name != "limits"}
    return {name.upper(): default for name, default in {**own, **msgspec.structs.asdict(Limits())}.items()}


def parse(variables: Mapping[str, str]) -> Environment:
    """Return the environment that the variables describe; an empty one counts as absent."""
    given = {name: variables[name].strip() for name in list_defaults() if variables.get(name, "").strip()}
    limits = _convert(Limits, {name: given[name.upper()] for name in Limits.__struct_fields__ if name.upper() in given})
    return msgspec.structs.replace(_convert(Environment, given), limits=limits)


@cache
def load() -> Environment:
    """Return the environment of this process; `.env`, or the file that DOTENV names, fills in what is not set."""
    dotenv = Path(os.environ.get("DOTENV") or BASE_DIR / ".env")
    if dotenv.is_file():
        environ.Env.read_env(dotenv)
    return parse(os.environ)


def _convert(kind: type[_T], given: dict[str, str]) -> _T:
    """Turn the strings into a struct, or refuse the first that does not fit."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    split = {
        name: _split(value) if _base(types[name]) is tuple else value for name, value in given.items() if name in types
    }
    try:
        converted = msgspec.convert(split, kind, strict=False)
    except msgspec.ValidationError as error:
        name = re.findall(r"\$\.(\w+)", str(error))[0]
    else:
        # `inf` is above every bound and no wait.
        unbounded = [name for name, value in msgspec.structs.asdict(converted).items() if value == math.inf]
        if not unbounded:
            return converted
        name = unbounded[0]
    raise Refused(_explain(name.upper(), types[name], given[name]))


def _split(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())


def _explain(name: str, hint: Any, value: str) -> str:
    # Keys and addresses hold secrets, and stderr ends up in logs.
    shown = "" if name.endswith(("_KEY", "_URL", "_DSN", "METRICS_TOKEN")) else f", not {value!r}"
    return f"onesocket: {name} must be {_expected(hint)}{shown}."


def _expected(hint: Any) -> str:
    """Say in words what a variable may be."""
    for part in (hint, *get_args(hint)):
        if get_origin(part) is Literal:
            return " or ".join(get_args(part))
        for meta in getattr(part, "__metadata__", ()):
            if meta.description:
                return str(meta.description)
    return {int: "a whole number of at least 1", float: "a number above 0", bool: "0 or 1"}[_base(hint)]


def _base(hint: Any) -> Any:
    """Return the bare type under `Annotated` and `| None`."""
    if hasattr(hint, "__metadata__") or type(None) in get_args(hint):
        return _base(get_args(hint)[0])
    return get_origin(hint) or hint
