"""Has three people talk over a server, and judges what they saw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from client.checker import History, check
from client.conformance.conversation import Conversation
from client.conformance.refusals import provoke_all
from client.conformance.shapes import check_shapes
from client.conformance.speaker import Speaker
from client.conformance.verdict import Verdict

# A name and a password.
Account = tuple[str, str]


async def judge(url: str, accounts: Sequence[Account]) -> Verdict:
    """Return the verdict on a server, where three `accounts` can sign in; raises ClientError where there is no talking."""
    began, history = time.monotonic(), History()
    ann, bob, cat = people = [Speaker(url, history, name) for name, _ in accounts]
    try:
        for person, (_, password) in zip(people, accounts, strict=True):
            await person.sign_in(password)
        await asyncio.gather(*(person.connect() for person in people))
        talk = Conversation((ann, bob, cat), history)
        await talk.run()
        # Judged before the errors: what is provoked there is none of the conversation.
        seen = History(list(history.entries))
        refusals = await provoke_all(talk)
    finally:
        await asyncio.gather(*(person.leave() for person in people))
    return Verdict.of(url, time.monotonic() - began, check(seen), check_shapes(history), refusals)
