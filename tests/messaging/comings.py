"""Users who share a group, who come and go; all of it synchronous."""

from __future__ import annotations

from messaging.connections.claims import release_claim, take_claim
from messaging.models import Account
from messaging.presence import read_presence
from tests.messaging.connections.peers import age, claim_of, holder_of, make_nodes
from tests.messaging.world import make_group, make_users

# Who went is online for so many seconds more.
GRACE = 15


def meet(*names: str) -> list[int]:
    """Make users who share a group."""
    make_nodes("n1")
    users = make_users(*names)
    make_group(*users)
    return users


def come(*users: int) -> None:
    """Let users come online."""
    for user in users:
        assert take_claim(claim_of(user))


def go(*users: int, ago: float = 0) -> None:
    """Let users go, so many seconds ago."""
    for user in users:
        holder = holder_of(user)
        assert holder
        release_claim(holder)
        if ago:
            age(Account.objects.filter(pk=user), "last_seen_at", ago)


def seen(viewer: int, *users: int) -> list[bool | None]:
    """Return, of each, whether the viewer sees it online; None where it does not see it."""
    found = read_presence([(viewer, user) for user in users])
    return [found[viewer, user].online if (viewer, user) in found else None for user in users]
