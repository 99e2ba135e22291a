"""The claim of a user's one connection: a row that is taken in one statement and released by its own connection only.

Whether a user is connected is derived from this row, stored nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from messaging.database import as_json, execute, fetch, is_postgresql, sql_now, sql_preference, sql_rows
from messaging.errors import TokenInvalid
from messaging.models import Account, Connection
from messaging.protocol.codes import CloseCode
from messaging.reading import RECEIPTS


@dataclass(frozen=True, slots=True)
class Claim:
    """What a connection asks for: to be the one of `user`, from `device`, on server process `node`.

    `token_version` is that of the access token; `replaces` lets it take the place of another device's connection.
    """

    user: int
    connection: str
    device: str
    node: str
    token_version: int
    replaces: bool = False


def take_claim(claim: Claim) -> bool:
    """Take the claim, for an active user and this token version; tell whether we have it now.

    It succeeds where there is none, where the present one is of the same device, or where it `replaces`.
    """
    user = get_user_model()._meta
    sql = f"""
        INSERT INTO messaging_connection (user_id, connection, device, node_id, since)
        SELECT u.{user.pk.column}, %s, %s, %s, {sql_now()} FROM {user.db_table} u
        LEFT JOIN messaging_account a ON a.user_id = u.{user.pk.column}
        WHERE u.{user.pk.column} = %s AND u.is_active AND COALESCE(a.token_version, 0) = %s
        ON CONFLICT (user_id) DO UPDATE
        SET connection = excluded.connection, device = excluded.device, node_id = excluded.node_id, since = excluded.since
        WHERE messaging_connection.device = excluded.device OR %s
    """
    params = [claim.connection, claim.device, claim.node, claim.user, claim.token_version, claim.replaces]
    return execute(sql, params) == 1


def retake_claims(claims: Iterable[Claim]) -> int:
    """Take claims again after a sweep, in one statement: only where the user has none at all. Return how many.

    Whether a user may still be here is not asked: the connection is open, and is ended for what its standing says.
    """
    user = get_user_model()._meta
    sql = f"""
        INSERT INTO messaging_connection (user_id, connection, device, node_id, since)
        SELECT r.user_id, r.connection, r.device, r.node_id, {sql_now()}
        FROM {sql_rows(user_id=int, connection=str, device=str, node_id=str)}
        JOIN {user.db_table} u ON u.{user.pk.column} = r.user_id ORDER BY r.user_id
        ON CONFLICT (user_id) DO NOTHING
    """
    # Of two connections of one user the newer: the older is one that was replaced and is about to end.
    newest = {claim.user: claim for claim in claims}
    rows = [
        {"user_id": claim.user, "connection": claim.connection, "device": claim.device, "node_id": claim.node}
        for claim in newest.values()
    ]
    return execute(sql, [as_json(rows)]) if rows else 0


def release_claim(connection: str) -> None:
    """Give the claim of this very connection back; a claim that took its place is left alone."""
    remove_claims("connection = %s", [connection])


def remove_claims(which: str, params: Sequence[Any]) -> None:
    """Remove the claims for which an SQL condition holds, and note that their users were seen until now.

    A claim that another connection of its user has taken over is not there any more: that is no leaving.
    """
    delete = f"DELETE FROM messaging_connection WHERE {which} RETURNING user_id"
    if is_postgresql():
        execute(f"WITH gone AS ({delete}) {_sql_note_leaving('gone')}", params)
        return
    # SQLite deletes nothing inside WITH.
    with transaction.atomic():
        gone = [{"user_id": user} for (user,) in fetch(delete, params)]
        if gone:
            execute(_sql_note_leaving(sql_rows(user_id=int)), [as_json(gone)])


def _sql_note_leaving(users: str) -> str:
    return f"""
        INSERT INTO messaging_account (user_id, token_version, display_name, preferences, last_seen_at)
        SELECT user_id, 0, '', '{{}}', {sql_now()} FROM {users} WHERE true ORDER BY user_id
        ON CONFLICT (user_id) DO UPDATE SET last_seen_at = excluded.last_seen_at
    """


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks for a ticket, as REST framework's user: the device it is connected from, if it is, and its chats."""

    pk: int
    connected_from: str | None
    chats: list[int]

    is_authenticated = True


def find_applicant(user: int, *, token_version: int) -> Applicant:
    """Return an active user of this token version, all in one statement; raises TokenInvalid.

    Uses index membership_of_user.
    """
    users = get_user_model()._meta
    sql = f"""
        SELECT c.device, m.chat_id FROM {users.db_table} u
        LEFT JOIN messaging_account a ON a.user_id = u.{users.pk.column}
        LEFT JOIN messaging_connection c ON c.user_id = u.{users.pk.column}
        LEFT JOIN messaging_membership m ON m.user_id = u.{users.pk.column} AND m.left_seq IS NULL
        WHERE u.{users.pk.column} = %s AND u.is_active AND COALESCE(a.token_version, 0) = %s
        ORDER BY m.chat_id
    """
    rows = fetch(sql, [user, token_version])
    if not rows:
        raise TokenInvalid
    return Applicant(user, rows[0][0], [chat for _, chat in rows if chat is not None])


def token_version_of(user: int) -> int:
    """Return the version below which every token of the user is void."""
    return Account.objects.filter(pk=user).values_list("token_version", flat=True).first() or 0


def raise_token_version(user: int) -> None:
    """Make every token of the user void."""
    sql = """
        INSERT INTO messaging_account (user_id, token_version, display_name, preferences) VALUES (%s, 1, '', '{}')
        ON CONFLICT (user_id) DO UPDATE SET token_version = messaging_account.token_version + 1
    """
    execute(sql, [user])


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database says of a claim that is there, and of its user."""

    active: bool
    token_version: int
    hears_receipts: bool = True


def read_standings(*, node: str | None = None, connection: str | None = None) -> dict[str, Standing]:
    """Return how the claims of a server process, or the one of a connection, stand, by connection id."""
    user = get_user_model()._meta
    column, value = ("c.node_id", node) if node is not None else ("c.connection", connection)
    sql = f"""
        SELECT c.connection, u.is_active, COALESCE(a.token_version, 0), {sql_preference(RECEIPTS, account="a")}
        FROM messaging_connection c JOIN {user.db_table} u ON u.{user.pk.column} = c.user_id
        LEFT JOIN messaging_account a ON a.user_id = c.user_id
        WHERE {column} = %s
    """
    return {
        connection: Standing(bool(active), version, bool(receipts))
        for connection, active, version, receipts in fetch(sql, [value])
    }


def check_standing(claim: Claim) -> CloseCode | None:
    """Tell why the connection of `claim` may not live on, or None where it may.

    A user without any claim was swept: whether this connection gets it back is for the beat to find out.
    """
    standing = read_standings(connection=claim.connection).get(claim.connection)
    if standing is None and not Connection.objects.filter(user_id=claim.user).exists():
        return None
    return reason_to_end(claim, standing)


def reason_to_end(claim: Claim, standing: Standing | None) -> CloseCode | None:
    """Tell why a connection may not live on, or None where it may; `standing` is None where its claim is gone."""
    if standing is None:
        return CloseCode.REPLACED
    if not standing.active:
        return CloseCode.ACCOUNT_DISABLED
    return CloseCode.SIGNED_OUT if standing.token_version > claim.token_version else None
