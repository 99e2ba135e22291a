"""The settings of the app: defaults, what is refused, and that a change is seen."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from messaging.conf import Limits, get_limits, get_settings


def test_nothing_set_is_the_defaults(settings):
    settings.ONESOCKET = {}
    given = get_settings()
    assert given.limits == Limits()
    assert (given.connection_policy, given.history_for_newcomers) == ("refuse", "all")
    assert (given.open_registration, given.ws_allowed_origins) == (False, ())


# What the protocol promises by number.
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("frame_bytes", 65_536),
        ("text_chars", 4_000),
        ("commands_per_second", 20),
        ("commands_burst", 40),
        ("chats", 2_000),
        ("members", 1_000),
        ("flood_factor", 4),
        ("bad_frames_per_minute", 100),
        ("writes_in_flight", 64),
        ("resume_events_per_chat", 500),
        ("resume_events", 5_000),
        ("signal_members", 100),
        ("ticket_seconds", 60),
        ("hello_seconds", 10),
        ("answer_seconds", 30),
        ("token_leeway_seconds", 10),
        ("refresh_grace_seconds", 60),
        ("hole_seconds", 0.2),
        ("beat_seconds", 4),
        ("node_silence_seconds", 15),
    ],
)
def test_a_limit_is_the_protocols(name, value):
    assert getattr(Limits(), name) == value


def test_a_connection_ends_within_25_seconds_of_its_token():
    assert Limits().token_close_seconds < 25


def test_a_dead_process_is_swept_within_20_seconds():
    assert Limits().node_silence_seconds + Limits().sweep_seconds < 20


def test_what_is_set_counts_and_a_change_is_seen(settings):
    settings.ONESOCKET = {"CONNECTION_POLICY": "replace", "LIMITS": {"text_chars": 5}}
    assert get_settings().connection_policy == "replace"
    assert (get_limits().text_chars, get_limits().chats) == (5, 2_000)
    settings.ONESOCKET = {"LIMITS": {"text_chars": 6}}
    assert (get_limits().text_chars, get_settings().connection_policy) == (6, "refuse")


@pytest.mark.parametrize(
    "given",
    [
        {"CONECTION_POLICY": "replace"},
        {"CONNECTION_POLICY": "both"},
        {"HISTORY_FOR_NEWCOMERS": "none"},
        {"OPEN_REGISTRATION": "yes"},
        {"WS_ALLOWED_ORIGINS": "https://one.example"},
        {"DATABASE_THREADS": 0},
        {"LIMITS": {"text_chars": 0}},
        {"LIMITS": {"text_chars": 1.5}},
        {"LIMITS": {"beat_seconds": 0}},
        {"LIMITS": {"beat_seconds": -1}},
        {"LIMITS": {"beat_seconds": "4"}},
        {"LIMITS": {"text_charz": 5}},
        {"LIMITS": 5},
    ],
    ids=str,
)
def test_an_unknown_name_or_a_malformed_value_is_refused(settings, given):
    settings.ONESOCKET = given
    with pytest.raises(ImproperlyConfigured, match="ONESOCKET"):
        get_settings()
