"""What stands on the screen is known as it is, whatever happened to it since."""

from __future__ import annotations

import pytest

from client.terminal import shown
from client.terminal.shown import Message, Shown
from tests.client.server_frames import created

ME, GRACE = 3, 4


@pytest.fixture
def messages() -> Shown:
    """Show a message of each."""
    messages = Shown()
    messages.take(created(7, 1, "mine", sender=ME))
    messages.take(created(7, 2, "hers"))
    return messages


def test_a_message_is_known_with_its_newest_text(messages: Shown) -> None:
    messages.take(created(7, 3, "hers, later", type="message.edited", target=2))
    assert messages.find(2) == Message(GRACE, "hers, later")
    assert messages.find(3) is None


def test_a_deleted_message_is_forgotten(messages: Shown) -> None:
    messages.take(created(7, 3, type="message.deleted", target=2))
    messages.take(created(7, 1, "", sender=ME, deleted=True))
    messages.take(created(7, 4, "too late", type="message.edited", target=2))
    assert (messages.find(1), messages.find(2)) == (None, None)


def test_the_last_message_of_somebody_is_the_newest_that_was_not_deleted(messages: Shown) -> None:
    messages.take(created(7, 5, "mine too", sender=ME))
    messages.take(created(7, 4, "paged back to", sender=ME))
    assert messages.last_of(ME) == 5
    messages.take(created(7, 6, sender=ME, type="message.deleted", target=5))
    assert (messages.last_of(ME), messages.last_of(99)) == (4, None)


def test_of_many_messages_the_oldest_are_forgotten(messages: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "_KEPT", 2)
    messages.take(created(7, 3))
    assert (messages.find(1), messages.find(2)) == (None, Message(GRACE, "hers"))
