"""What paging back and the list of chats cost the database: the same in a chat of ten messages and of ten thousand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from consumers.handlers import _read_history
from messaging.database import execute
from messaging.models import Chat, Event
from messaging.protocol.frames import History
from tests.messaging.api.conftest import Person
from tests.messaging.world import count_statements, plans_of

FEW, MANY = 10, 10_000

Read = Callable[[Person, int], object]

# The newest page, one from the middle and one from the start, over REST and over the socket; and the list of chats.
READS: dict[str, Read] = {
    "newest": lambda ada, chat: ada.get(f"chats/{chat}/messages/?limit=100"),
    "backward": lambda ada, chat: ada.get(f"chats/{chat}/messages/?limit=100&before={length(chat) // 2}"),
    "forward": lambda ada, chat: ada.get(f"chats/{chat}/messages/?limit=100&after={length(chat) // 2}"),
    "oldest": lambda ada, chat: ada.get(f"chats/{chat}/messages/?limit=100&after=1"),
    "socket": lambda ada, chat: _read_history(ada.id, History(id="h", chat=chat, limit=100)),
    "socket backward": lambda ada, chat: _read_history(
        ada.id, History(id="h", chat=chat, before=length(chat) // 2, limit=100)
    ),
    "list": lambda ada, chat: ada.get("chats/?limit=100"),
}


def length(chat: int) -> int:
    """Return the head of a chat."""
    return int(Chat.objects.values_list("last_seq", flat=True).get(pk=chat))


def fill(chat: int, sender: int, others: list[int], count: int) -> None:
    """Write messages, each with reactions and, but for the first, a reply to the one before, faster than a service would."""
    at = Chat.objects.get(pk=chat).updated_at
    Event.objects.bulk_create(
        [
            Event(
                chat_id=chat,
                seq=seq,
                kind="message.created",
                sender_id=sender,
                text=f"text {seq}",
                at=at,
                message_no=seq,
                reply_to=seq - 1 or None,
                reactions={"👍": [sender, *others], "🎉": others},
            )
            for seq in range(1, count + 1)
        ],
        batch_size=500,
    )
    Chat.objects.filter(pk=chat).update(last_seq=count, message_count=count)


@pytest.fixture
def chat(ada: Person, bob: Person) -> int:
    """Return a group of two in which nothing was said."""
    return ada.group(bob)


def test_ten_messages_cost_as_many_statements_as_ten_thousand(ada: Person, bob: Person, chat: int) -> None:
    """With a reply and reactions on every one of them."""
    costs = []
    for count in (FEW, MANY):
        Event.objects.all().delete()
        fill(chat, ada.id, [bob.id], count)
        costs.append({name: count_statements(partial(read, ada, chat)) for name, read in READS.items()})
    assert costs[0] == costs[1]
    page = ada.get(f"chats/{chat}/messages/?limit=100")["results"]
    assert [shown["reply_to"]["text"] for shown in page] == [f"text {seq}" for seq in range(MANY - 1, MANY - 101, -1)]
    counted = [{each["emoji"]: each["count"] for each in shown["reactions"]} for shown in page]
    assert counted == [{"👍": 2, "🎉": 1}] * 100


@pytest.mark.services
def test_no_read_goes_through_all_ten_thousand(ada: Person, bob: Person, chat: int) -> None:
    """PostgreSQL finds a page, what it replies to and the last message of a chat by their indexes."""
    fill(chat, ada.id, [bob.id], MANY)
    execute("ANALYZE", [])
    for name, read in READS.items():
        plan = plans_of(partial(read, ada, chat))
        assert "Seq Scan on messaging_event" not in plan, (name, plan)
        assert "on messaging_event" in plan, (name, plan)
