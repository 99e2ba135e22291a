"""What ends a connection from outside, within a beat, where no signal arrives; and another history of the store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from django.core.management import call_command

from client import RestError
from messaging.database import run_in_thread
from messaging.models import User
from tests.end_to_end.claims import FAST
from tests.server import PASSWORD, Person

pytestmark = pytest.mark.services


async def _disable(person: Person) -> None:
    await run_in_thread(lambda: User.objects.filter(pk=person.id).update(is_active=False))


async def _change_password(person: Person) -> None:
    await person.rest.change_password(PASSWORD, "another " + PASSWORD)


async def _log_out_of_all(person: Person) -> None:
    await person.rest.logout(everywhere=True)


async def _reuse_a_refresh_token(person: Person) -> None:
    old = person.rest.tokens
    await person.rest.refresh()
    person.rest.tokens = old
    await asyncio.sleep(1.1)  # the grace for an answer that was lost
    with suppress(RestError):
        await person.rest.refresh()


@pytest.mark.parametrize("fault", ["cut", "stall"])
@pytest.mark.parametrize(
    ("act", "code"),
    [(_disable, 4403), (_change_password, 4302), (_log_out_of_all, 4302), (_reuse_a_refresh_token, 4302)],
)
async def test_who_may_not_stay_is_ended_within_a_beat_where_every_signal_is_lost(
    redis_proxy, start_server, sign_up, fault: str, act: Callable[[Person], Awaitable[None]], code: int
):
    deaf = await start_server(**FAST, REDIS_URL=f"redis://127.0.0.1:{redis_proxy.port}/0")
    other = await start_server(REFRESH_GRACE_SECONDS="1")
    [ann] = await sign_up(deaf, "ann")
    talk = await ann.join()
    getattr(redis_proxy, fault)()
    await act(ann.at(other))
    async with asyncio.timeout(2):
        await talk.expect_close(code)


async def test_a_connection_ends_soon_after_its_token_where_it_has_no_other(start_server, sign_up):
    server = await start_server(**FAST, ACCESS_TOKEN_SECONDS="3", TOKEN_CLOSE_SECONDS="0.2")
    [ann] = await sign_up(server, "ann")
    talk = await ann.join()
    async with asyncio.timeout(6):
        await talk.expect_close(4300)


async def test_another_history_of_the_store_sends_everybody_away_and_resets_every_chat(start_server, enrol):
    servers = [await start_server(**FAST) for _ in range(2)]
    [ann], [bob] = [await enrol(server, name) for server, name in zip(servers, ("ann", "bob"), strict=True)]
    chats = [(await ann.rest.create_chat("group", [bob.id], title=title)).id for title in ("One", "Two")]
    talks = [await ann.join(), await bob.join()]
    await run_in_thread(call_command, "new_epoch")
    for talk in talks:
        bye = await talk.expect_close(4100)
        assert bye["retry_after"] > 0
    for person, talk in zip((ann, bob), talks, strict=True):
        again = await person.join(resume=dict.fromkeys(chats, 0), epoch=talk.ready["epoch"])
        assert again.ready["epoch"] != talk.ready["epoch"]
        assert [chat["reset"] for chat in again.ready["chats"]] == [True, True]
