"""What receivers of the Django signals are told, and that none of them holds up anything."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.dispatch import Signal

from messaging import host, services
from messaging.database import run_in_thread
from messaging.errors import UserNotFound
from messaging.models import Chat, User
from messaging.runtime import ensure_runtime
from messaging.signals import StoredEvent, event_stored, user_connected, user_disconnected
from tests.consumers.conftest import world  # noqa: F401 - people and connections
from tests.messaging.world import make_group, make_users, metric, seqs_of, start
from tests.vocabulary import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)

Connect = Callable[[Signal, Callable[..., Any]], None]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Return a function that connects a receiver until the end of the test."""
    connected = []

    def add(signal: Signal, receiver: Callable[..., Any]) -> None:
        signal.connect(receiver, weak=False)
        connected.append((signal, receiver))

    yield add
    for signal, receiver in connected:
        signal.disconnect(receiver)


@pytest.fixture
def told(connect: Connect) -> queue.Queue[Any]:
    """Return what `event_stored` told, and of whom."""
    heard: queue.Queue[Any] = queue.Queue()
    connect(event_stored, lambda sender, event, **_: heard.put((sender, event)))
    return heard


async def take(heard: queue.Queue[Any]) -> Any:
    """Return what a receiver was told next, in whatever thread."""
    return await run_in_thread(heard.get, timeout=PATIENCE)


def test_an_event_is_told_with_its_fields(told):
    ann, bob = make_users("ann", "bob")
    chat = host.create_chat(ann, [])
    outcome = host.send_message(ann, chat, "hi")
    host.add_member(chat, bob)
    at = datetime.fromisoformat(str(outcome.at)).astimezone(UTC)
    assert told.get_nowait() == (Chat, StoredEvent(chat, 1, "message.created", ann, at, {"text": "hi"}))
    assert told.get_nowait()[1].body == {"user": bob, "role": "member"}


def test_what_stores_nothing_tells_nothing(told):
    ann, bob = make_users("ann", "bob")
    chat = make_group(ann, bob)
    host.send_message(ann, chat, "hi", id="a")
    told.get_nowait()
    host.send_message(ann, chat, "hi", id="a")
    host.add_member(chat, bob)
    with pytest.raises(UserNotFound):
        host.add_member(chat, 0)
    assert told.empty()


def test_what_changes_a_message_is_told_once_each(told):
    (ann,) = make_users("ann")
    chat = make_group(ann)
    place = {"sender": ann, "chat": chat}
    services.send_message(**place, id="m", text="one")
    for _ in range(2):
        services.edit_message(**place, id="e", seq=1, text="two")
        services.set_reaction(**place, id="r", seq=1, emoji="👍", on=True)
    services.set_reaction(**place, id="s", seq=1, emoji="👍", on=True)
    for _ in range(2):
        services.delete_message(**place, id="d", seq=1)
    assert [(each.seq, each.kind, each.body) for each in (told.get_nowait()[1] for _ in range(told.qsize()))] == [
        (1, "message.created", {"text": "one"}),
        (2, "message.edited", {"target": 1, "text": "two"}),
        (3, "reaction.set", {"target": 1, "emoji": "👍", "on": True}),
        (4, "message.deleted", {"target": 1}),
    ]


@pytest.mark.parametrize("served", [True, False])
async def test_a_receiver_finds_every_change_committed(connect, served):
    if served:
        ensure_runtime()
    found: queue.Queue[Any] = queue.Queue()
    connect(
        event_stored, lambda event, **_: found.put((event.seq, event.kind, start(lambda: seqs_of(event.chat))()[-1]))
    )
    (ann,) = await run_in_thread(make_users, "ann")
    place = {"sender": ann, "chat": await run_in_thread(make_group, ann)}
    await run_in_thread(services.send_message, **place, id="m", text="one")
    assert await take(found) == (1, "message.created", 1)
    await run_in_thread(services.edit_message, **place, id="e", seq=1, text="two")
    assert await take(found) == (2, "message.edited", 2)
    await run_in_thread(services.set_reaction, **place, id="r", seq=1, emoji="👍", on=True)
    assert await take(found) == (3, "reaction.set", 3)
    await run_in_thread(services.delete_message, **place, id="d", seq=1)
    assert await take(found) == (4, "message.deleted", 4)


async def test_the_end_of_a_server_is_the_end_of_the_thread_of_its_signals(connect):
    threads: queue.Queue[Any] = queue.Queue()
    connect(event_stored, lambda **_: threads.put(threading.current_thread()))
    runtime = ensure_runtime()
    (ann,) = await run_in_thread(make_users, "ann")
    await host.asend_message(ann, await host.acreate_chat(ann, []), "hi")
    thread = await take(threads)
    assert thread.is_alive()
    await runtime.stop()
    await run_in_thread(thread.join, PATIENCE)
    assert not thread.is_alive()


async def test_a_server_tells_events_in_the_order_of_the_log(told):
    ensure_runtime()
    (ann,) = await run_in_thread(make_users, "ann")
    chat = await host.acreate_chat(ann, [])
    for n in range(5):
        await host.asend_message(ann, chat, str(n))
    assert [(await take(told))[1].body["text"] for _ in range(5)] == ["0", "1", "2", "3", "4"]


async def test_what_a_receiver_raises_is_logged_and_told_to_nobody(told, connect, caplog):
    ensure_runtime()

    def fail(**_: Any) -> None:
        raise ValueError("receiver")

    connect(event_stored, fail)
    (ann,) = await run_in_thread(make_users, "ann")
    chat = await host.acreate_chat(ann, [])
    for text in ("one", "two"):
        await host.asend_message(ann, chat, text)
        assert (await take(told))[1].body["text"] == text
    await ensure_runtime().signals.drain()
    assert "send_robust" in caplog.text


async def test_a_receiver_that_hangs_holds_up_no_write_and_what_waits_is_bounded(shrink, connect):
    shrink(publications_waiting=1, drain_seconds=0.2)
    go, begun = threading.Event(), threading.Event()

    def hang(**_: Any) -> None:
        begun.set()
        go.wait(PATIENCE)

    connect(event_stored, hang)
    runtime = ensure_runtime()
    (ann,) = await run_in_thread(make_users, "ann")
    chat = await host.acreate_chat(ann, [])
    before = metric("chat_limits_hit_total", limit="signals_waiting")
    await host.asend_message(ann, chat, "0")
    await run_in_thread(begun.wait, PATIENCE)
    for n in (1, 2, 3):
        await host.asend_message(ann, chat, str(n))
    assert metric("chat_limits_hit_total", limit="signals_waiting") == before + 2
    await runtime.signals.drain()
    go.set()


async def test_a_receiver_may_use_the_database(connect):
    ensure_runtime()
    names: queue.Queue[Any] = queue.Queue()
    connect(event_stored, lambda event, **_: names.put(User.objects.get(pk=event.sender).username))
    (ann,) = await run_in_thread(make_users, "ann")
    await host.asend_message(ann, await host.acreate_chat(ann, []), "hi")
    assert await take(names) == "ann"


async def test_coming_and_going_is_told(world, connect):  # noqa: F811
    heard: queue.Queue[Any] = queue.Queue()
    for signal, name in ((user_connected, "came"), (user_disconnected, "went")):
        connect(signal, lambda sender, name=name, **fields: heard.put((name, sender, fields | {"signal": None})))
    ann = await world.user("ann")
    talk = await world.join(ann)
    fields = {"user": ann, "connection": talk.ready["connection"], "device": "phone", "signal": None}
    assert await take(heard) == ("came", User, fields)
    await talk.leave()
    assert await take(heard) == ("went", User, fields)
    assert heard.empty()


async def test_whoever_hears_of_the_end_finds_the_user_gone(world, connect):  # noqa: F811
    heard: queue.Queue[Any] = queue.Queue()
    connect(user_disconnected, lambda user, **_: heard.put(User.objects.get(pk=user).is_ws_connected))
    talk = await world.join(await world.user("ann"))
    await talk.leave()
    assert await take(heard) is False


async def test_a_handshake_that_is_refused_is_told_to_nobody(world, connect):  # noqa: F811
    heard: queue.Queue[Any] = queue.Queue()
    for signal in (user_connected, user_disconnected):
        connect(signal, lambda device, **_: heard.put(device))
    ann = await world.user("ann")
    await world.connect(ann, device="phone")
    _, connected = await world.handshake(ann, device="tablet")
    assert not connected
    await world.settle()
    await ensure_runtime().signals.drain()
    assert [heard.get_nowait(), heard.empty()] == ["phone", True]
