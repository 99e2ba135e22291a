"""The beat and the sweep of a server process: it says that it lives, learns what became of its claims, and frees the dead.

Each beat is one short transaction on a thread and a connection of its own. A process sweeps others only after it has
itself beaten without a miss for as long as it asks of them, so that an outage of the database frees nobody.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

from django.db import transaction

from messaging import metrics
from messaging.conf import get_limits
from messaging.connections.claims import Claim, Standing, read_standings, reason_to_end, remove_claims, retake_claims
from messaging.connections.local import LocalConnection, LocalConnections, send_away
from messaging.database import (
    as_json,
    check_isolation,
    close_lane,
    execute,
    fetch,
    make_lane,
    run_in_lane,
    sql_now,
    sql_rows,
    sql_seconds_ago,
)
from messaging.models import Node, Store
from messaging.tasks import end_tasks

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

# Answers to the beat that are further apart than so many beats: one of them was missed.
_BEATS_APART = 2


@dataclass(slots=True)
class BeatReport:
    """What one beat learned: the epoch, and how the claims of this process stand, by connection id."""

    epoch: str
    standings: dict[str, Standing]


class Beat:
    """Beats and sweeps for one server process, in the background, until it is stopped."""

    def __init__(self, local: LocalConnections) -> None:
        self.node = secrets.token_hex(16)
        self.epoch = ""
        self._local = local
        self._lane = make_lane("beat")
        self._registered = asyncio.Event()
        # Since when no beat was missed, None after one that was; and when the last one was answered.
        self._beaten_since: float | None = None
        self._beaten_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to beat and to sweep."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._beat_forever()), loop.create_task(self._sweep_forever())]

    async def stop(self) -> None:
        """Stop, and take this process's node and claims out of the database."""
        await end_tasks(self._tasks)
        try:
            await self._in_lane(remove_nodes, [self.node])
        except Exception:
            logger.warning("This process could not take itself out of the database; it will be swept.", exc_info=True)
        close_lane(self._lane)

    @property
    def answered(self) -> bool:
        """Whether the database answered of late."""
        return self._registered.is_set() and time.monotonic() - self._beaten_at <= _longest_pause()

    async def registered(self) -> str:
        """Return this process's node id, once the database knows it."""
        await self._registered.wait()
        return self.node

    async def _in_lane(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await run_in_lane(self._lane, function, *args, **kwargs)

    async def _beat_forever(self) -> None:
        while True:
            started = time.monotonic()
            try:
                await self._beat()
                self._note_beat()
            except Exception:
                self._beaten_since = None
                metrics.BEATS_MISSED.inc()
                logger.warning("The database did not answer this beat.", exc_info=True)
            await asyncio.sleep(max(0.0, get_limits().beat_seconds - (time.monotonic() - started)))

    def _note_beat(self) -> None:
        now = time.monotonic()
        # One that comes late was missed as well: where the database was away it was away for the others too.
        if self._beaten_since is None or now - self._beaten_at > _longest_pause():
            self._beaten_since = now
        self._beaten_at = now

    async def _beat(self) -> None:
        # Only those whose claim had committed before the beat began: a younger claim may not be in its snapshot.
        connections = list(self._local)
        report = await self._in_lane(beat_once, self.node, self._local.ids)
        if report is None:
            # Claims taken since this beat began were lost like all the others.
            connections = list(self._local)
            report = await self._begin_again(connections)
        self._registered.set()
        foreign, self.epoch = report.epoch != self.epoch, report.epoch
        for connection in connections:
            standing = report.standings.get(connection.claim.connection)
            if standing is not None:
                connection.hears_receipts = standing.hears_receipts
            code = reason_to_end(connection.claim, standing)
            if code:
                connection.end(code)
            elif foreign:
                # Another history of the store: what the connection streams is of the old one.
                send_away(connection)

    async def _begin_again(self, connections: Iterable[LocalConnection]) -> BeatReport:
        """Register under a new id, at the start and after a sweep, and claim again for those who are still here."""
        self.node = secrets.token_hex(16)
        for connection in connections:
            connection.claim = replace(connection.claim, node=self.node)
        return await self._in_lane(register_node, self.node, [connection.claim for connection in connections])

    async def _sweep_forever(self) -> None:
        while True:
            await asyncio.sleep(get_limits().sweep_seconds)
            try:
                swept = await self._in_lane(self._sweep)
            except Exception:
                self._beaten_since = None
                logger.warning("The database did not answer this sweep.", exc_info=True)
            else:
                metrics.NODES_SWEPT.inc(swept)

    def _sweep(self) -> int:
        # Asked here, in the lane, after a beat that may have had to wait for the database.
        now, silence = time.monotonic(), get_limits().node_silence_seconds
        if self._beaten_since is None or now - self._beaten_since < silence:
            return 0
        if now - self._beaten_at > _longest_pause():
            return 0
        return sweep_once(silence, own=self.node)


def register_node(node: str, claims: Iterable[Claim] = ()) -> BeatReport:
    """Make this server process known and take these claims again, all or none of it; report on them."""
    with transaction.atomic():
        check_isolation()
        execute(f"INSERT INTO messaging_node (id, started_at, beat_at) VALUES (%s, {sql_now()}, {sql_now()})", [node])
        retake_claims(claims)
        return _report(node)


def beat_once(node: str, local: Callable[[], Iterable[str]]) -> BeatReport | None:
    """Renew the node, release claims of it that have no connection, and report on the rest; None if it was swept.

    `local` is asked after the database: it knows every connection that a claim which stands there is of.
    """
    with transaction.atomic():
        if execute(f"UPDATE messaging_node SET beat_at = {sql_now()} WHERE id = %s", [node]) == 0:
            return None
        report = _report(node)
        _release_orphans(node, report.standings.keys() - set(local()))
        return report


def _report(node: str) -> BeatReport:
    return BeatReport(Store.objects.values_list("epoch", flat=True).get(pk=1), read_standings(node=node))


def _release_orphans(node: str, connections: Iterable[str]) -> None:
    orphans = [{"connection": connection} for connection in connections]
    if orphans:
        among = f"connection IN (SELECT r.connection FROM {sql_rows(connection=str)})"
        params = [node, get_limits().orphan_claim_seconds, as_json(orphans)]
        remove_claims(f"node_id = %s AND since < {sql_seconds_ago()} AND {among}", params)


def _longest_pause() -> float:
    return _BEATS_APART * get_limits().beat_seconds


def sweep_once(silence: float, *, own: str) -> int:
    """Remove the other server processes that have not beaten for `silence` seconds, and their claims; return how many.

    0 where the beat of `own` is late as well: the database was away while this was on its way there.
    """
    sql = f"""
        SELECT id FROM messaging_node WHERE beat_at < {sql_seconds_ago()} AND id <> %s AND EXISTS (
            SELECT 1 FROM messaging_node own WHERE own.id = %s AND own.beat_at >= {sql_seconds_ago()}
        )
        ORDER BY id
    """
    params = [silence, own, own, _longest_pause()]
    with transaction.atomic():
        silent = [node for (node,) in fetch(sql, params)]
        # Locked, and asked again under the lock: one that beats at this moment lives.
        rows = Node.objects.select_for_update().filter(pk__in=silent).order_by("pk") if silent else []
        still = [row.pk for row in rows if (row.pk,) in fetch(sql, params)]
        if still:
            logger.warning("Swept %d dead server processes.", len(still))
            _remove(still)
        return len(still)


def remove_nodes(nodes: list[str]) -> None:
    """Remove server processes and their claims."""
    with transaction.atomic():
        _remove(nodes)


def _remove(nodes: list[str]) -> None:
    among = f"node_id IN (SELECT r.node_id FROM {sql_rows(node_id=str)})"
    remove_claims(among, [as_json([{"node_id": node} for node in nodes])])
    Node.objects.filter(pk__in=nodes).delete()
