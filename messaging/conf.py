"""Every setting of the app, read in one place from the dict `ONESOCKET` of the Django settings.

`Limits` holds each wait and bound of the protocol; tests shrink the waits, nothing else reads numbers of its own.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

import msgspec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

Seconds = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
# The transport cuts off what is longer, unanswered; the column of a title takes no more.
FrameBytes = Annotated[int, msgspec.Meta(ge=1, le=262_144, description="a whole number from 1 to 262144")]
TitleChars = Annotated[int, msgspec.Meta(ge=1, le=200, description="a whole number from 1 to 200")]


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bounds and waits of the protocol; times are in seconds."""

    # What a client is told in `ready`.
    frame_bytes: FrameBytes = 65_536
    text_chars: Count = 4_000
    commands_per_second: Count = 20
    commands_burst: Count = 40
    chats: Count = 2_000
    members: Count = 1_000

    title_chars: TitleChars = 200
    # Different emoji on one message, and names in one text that are looked for among the members.
    reactions_per_message: Count = 20
    mentions_per_message: Count = 50
    # Frames beyond this many times the rate and burst are not even parsed (protocol §2).
    flood_factor: Count = 4
    bad_frames_per_minute: Count = 100
    # Unanswered writes of one connection, and of the whole process: what a second of full load leaves waiting.
    writes_in_flight: Count = 64
    writes_waiting: Count = 10_000
    writes_per_commit: Count = 500
    publications_waiting: Count = 10_000
    resume_events_per_chat: Count = 500
    resume_events: Count = 5_000
    events_per_read: Count = 100
    # Events of one chat kept while a smaller number is missing; more are left to the log.
    events_held: Count = 64
    # Bytes that a connection may leave unread; beyond it events wait in the log.
    pending_bytes: Count = 262_144
    # What all connections of a process may leave unread together: where there are many, each has its share of it.
    process_pending_bytes: Count = 268_435_456
    # An answer with events or messages carries no more than this, and says that there is more.
    answer_bytes: Count = 262_144
    # In larger chats neither typing nor reading is told to the others.
    signal_members: Count = 100
    # A signal of the host application, as it is encoded: not kept, so it has to be small.
    notify_bytes: Count = 16_384
    page_size: Count = 50
    page_size_most: Count = 100
    # Connections of one process; beyond it a ticket answers `unavailable`.
    connections: Count = 10_000
    # Of those being opened, from the handshake to `ready`: how many are worked on at once, and how many may wait for it.
    openings_at_once: Count = 32
    openings_waiting: Count = 2_000

    # How long after it was sent a message may be edited; 0 is for ever.
    edit_window_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0
    ticket_seconds: Count = 60
    hello_seconds: Seconds = 10
    answer_seconds: Seconds = 30
    # An access token is good for this long after its end, at every check.
    token_leeway_seconds: Seconds = 10
    # A connection ends this long after its token.
    token_close_seconds: Seconds = 20
    # A rotated refresh token used again this soon gets its successor again: the answer was lost on the way.
    refresh_grace_seconds: Seconds = 60
    hole_seconds: Seconds = 0.2
    # Typing is told, and a read marker stored, at most once in this time per chat and user.
    typing_seconds: Seconds = 3
    read_seconds: Seconds = 1
    # A peer that leaves too much unread for so long is sent away.
    slow_seconds: Seconds = 60
    publish_seconds: Seconds = 2
    beat_seconds: Seconds = 4
    sweep_seconds: Seconds = 2
    tail_seconds: Seconds = 2
    canary_seconds: Seconds = 2
    # Between two looks at who came and went; and for how long who went may come back before anybody hears of it.
    presence_seconds: Seconds = 2
    presence_grace_seconds: Seconds = 15
    node_silence_seconds: Seconds = 15
    orphan_claim_seconds: Seconds = 10
    drain_seconds: Seconds = 8
    drain_retry_seconds: Seconds = 3


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a host application may set in `ONESOCKET`."""

    limits: Limits = Limits()
    connection_policy: Literal["refuse", "replace"] = "refuse"
    history_for_newcomers: Literal["all", "since_join"] = "all"
    open_registration: bool = False
    ws_allowed_origins: tuple[str, ...] = ()
    database_threads: Count = 8
    # Whether a browser sends the refresh token over TLS only; None: by the request, see `refresh_cookie`.
    refresh_cookie_secure: bool | None = None
    # Whether tries of passwords are held up, longer and longer.
    login_waits: bool = True
    # Names and passwords that the demo page offers; empty outside a demo.
    demo_logins: bool = False


# So that the first threads to ask do not find out at once what it is made of, which crashes msgspec (0.22).
msgspec.json.Decoder(Settings)


@cache
def get_settings() -> Settings:
    """Return the settings of the app; an unknown name or a malformed value is refused."""
    given: dict[str, Any] = {name.lower(): value for name, value in getattr(settings, "ONESOCKET", {}).items()}
    unknown = sorted(given.keys() - set(Settings.__struct_fields__))
    if unknown:
        raise ImproperlyConfigured(f"ONESOCKET has no setting named {unknown[0].upper()}.")
    try:
        return msgspec.convert(given, Settings)
    except msgspec.ValidationError as error:
        raise ImproperlyConfigured(f"ONESOCKET: {error}") from error


def get_limits() -> Limits:
    """Return the bounds and waits in force."""
    return get_settings().limits


def _forget(*, setting: str, **_kwargs: Any) -> None:
    if setting == "ONESOCKET":
        get_settings.cache_clear()


setting_changed.connect(_forget)
