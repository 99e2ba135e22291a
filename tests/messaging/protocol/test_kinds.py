"""The registry of event kinds, compared with the protocol's list of events."""

from __future__ import annotations

import pytest

from messaging.protocol.kinds import IN_HISTORY, TRAITS, Kind


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("message.created", {"text", "reply_to", "attachments", "mentions", "deleted"}),
        ("message.edited", {"target", "text", "mentions", "deleted"}),
        ("message.deleted", {"target"}),
        ("reaction.set", {"target", "emoji", "on"}),
        ("member.added", {"user", "role"}),
        ("member.removed", {"user"}),
        ("member.role", {"user", "role"}),
        ("chat.updated", {"title"}),
    ],
)
def test_a_kind_has_the_fields_of_its_frame(kind, fields):
    assert set(TRAITS[Kind(kind)].fields) == fields


def test_every_kind_has_traits_and_fits_its_column():
    assert set(TRAITS) == set(Kind)
    assert max(map(len, Kind)) <= 20


def test_only_messages_count_as_unread():
    assert [kind for kind, traits in TRAITS.items() if traits.counts] == [Kind.MESSAGE_CREATED]


def test_history_shows_what_does_not_fold():
    assert set(IN_HISTORY) == {kind for kind, traits in TRAITS.items() if not traits.folds}


def test_what_folds_has_a_target():
    assert all(("target" in traits.fields) == traits.folds for traits in TRAITS.values())
