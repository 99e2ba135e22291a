"""What a moderator does reaches open connections like anything else."""

from __future__ import annotations

from typing import Any

import pytest

from messaging import moderation
from messaging.database import run_in_thread
from messaging.models import User
from messaging.protocol.codes import CloseCode
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


async def moderator() -> Any:
    """Make somebody who moderates and is in no chat."""
    return await run_in_thread(User.objects.create, username="mod", is_staff=True)


async def test_a_deletion_is_an_event_of_the_chat(world):
    ada, bob = await world.users("ada", "bob")
    chat = await world.group(ada, bob)
    await world.say(bob, chat, "rude")
    talk = await world.join(ada)
    await world.call(moderation.delete_message, actor=await moderator(), chat=chat, seq=1)
    await talk.expect_event(chat, 2, "message.deleted", sender=bob, target=1)


async def test_a_deactivated_user_is_sent_away_at_once(world, limits):
    limits(beat_seconds=60, publish_seconds=PATIENCE)
    ada = await world.user("ada")
    talk = await world.join(ada)
    await world.call(moderation.deactivate_user, actor=await moderator(), user=ada)
    await talk.expect_close(CloseCode.ACCOUNT_DISABLED)


async def test_who_is_disconnected_is_signed_out(world, limits):
    limits(beat_seconds=60, publish_seconds=PATIENCE)
    ada = await world.user("ada")
    talk = await world.join(ada)
    await world.call(moderation.sign_out, actor=await moderator(), user=ada)
    await talk.expect_close(CloseCode.SIGNED_OUT)
