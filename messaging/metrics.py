"""Every metric of the server, in one file; labels come from closed sets only (docs/monitoring).

What is counted for each frame is bound to its labels here, once: looking a label up costs more than counting.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any, get_args

from prometheus_client import Counter, Gauge, Histogram

from messaging.protocol.frames import AnyCommand
from messaging.protocol.kinds import Kind

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

# Connections

# Where several processes share a folder of metrics, those that have ended count no more.
CONNECTIONS = Gauge("chat_connections", "Open WebSocket connections.", multiprocess_mode="livesum")
HANDSHAKES = Counter("chat_handshakes_total", "Handshakes by outcome.", ["outcome"])
CLOSES = Counter("chat_closes_total", "Connections ended by us, by close code.", ["code"])
SLOW_READERS = Gauge(
    "chat_slow_readers", "Waits for a peer that has much to read and does not.", multiprocess_mode="livesum"
)
LIMITS_HIT = Counter("chat_limits_hit_total", "Limits reached by name.", ["limit"])
RATE_LIMITED = LIMITS_HIT.labels("commands_per_second")

# Commands and requests

COMMANDS = Counter("chat_commands_total", "Commands received by type.", ["type"])
ANSWERS = Counter(
    "chat_answers_total", "Answers to commands by type and code, which is ok or that of an error.", ["type", "code"]
)
HTTP_RESPONSES = Counter("chat_http_responses_total", "Responses to HTTP requests by class of status.", ["status"])
HTTP_ERRORS = Counter("chat_http_errors_total", "Errors answered over HTTP by code.", ["code"])
THROTTLE_FAILURES = Counter("chat_throttle_failures_total", "HTTP requests let through because the cache was away.")

# The log

EVENTS = Counter("chat_events_total", "Events written by kind.", ["kind"])
COMMIT_WRITES = Histogram("chat_commit_writes", "Writes per commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
COMMIT_SECONDS = Histogram("chat_commit_seconds", "Seconds per commit.", buckets=_SECONDS)
TRANSACTIONS_RETRIED = Counter(
    "chat_transactions_retried_total", "Transactions that the database undid for another or a migration."
)
DATABASE_WAIT_SECONDS = Histogram(
    "chat_database_wait_seconds", "Seconds that work waited for a database thread.", buckets=_SECONDS
)

# Delivery

DELIVERIES = Counter("chat_deliveries_total", "What the channel layer brought to connections.", ["what"])
DELIVERY_SECONDS = Histogram(
    "chat_delivery_seconds",
    "Seconds from a command to its event at the connections of a process; a sample.",
    buckets=_SECONDS,
)
PUBLISH_FAILURES = Counter("chat_publish_failures_total", "Publications that the channel layer did not take.")
PUBLISH_DROPS = Counter("chat_publish_drops_total", "Publications dropped because too many were waiting.")
JOIN_FAILURES = Counter("chat_join_failures_total", "Group joins that the channel layer did not take.")
LAYER_FORGERIES = Counter("chat_layer_forgeries_total", "Messages of the channel layer that no process of ours sent.")
LAYER_DEAF = Gauge(
    "chat_layer_deaf",
    "How many processes do not hear what is published, themselves included.",
    multiprocess_mode="livesum",
)
HOLES = Counter("chat_holes_total", "Holes seen in a stream, by how they closed.", ["closed_by"])
TAIL_CATCHES = Counter("chat_tail_catches_total", "What the layer lost and the tail watcher found.", ["what"])

# Background work

TAIL_FAILURES = Counter("chat_tail_failures_total", "Looks at the tail of the log that the database did not answer.")
PRESENCE_FAILURES = Counter(
    "chat_presence_failures_total", "Looks at who came and went that the database did not answer."
)
BEATS_MISSED = Counter("chat_beats_missed_total", "Beats that the database did not answer.")
NODES_SWEPT = Counter("chat_nodes_swept_total", "Dead server processes whose claims were removed.")

COMMANDS_OF = {command: COMMANDS.labels(command.__struct_config__.tag) for command in get_args(AnyCommand)}
EVENTS_OF: dict[str, Counter] = {kind: EVENTS.labels(kind) for kind in Kind}
_EVENTS_DELIVERED = DELIVERIES.labels("event")
_SIGNALS_DELIVERED = DELIVERIES.labels("signal")

OK = "ok"
# Of a frame that is no command.
NO_COMMAND = "none"


def count_answer(command: type[AnyCommand] | None, code: str) -> None:
    """Count the answer to a command of that type, or to a frame that was none."""
    _answers(NO_COMMAND if command is None else str(command.__struct_config__.tag), code).inc()


@cache
def _answers(type_: str, code: str) -> Counter:
    return ANSWERS.labels(type_, code)


def count_delivery(message: dict[str, Any], receivers: int) -> None:
    """Count a layer message that so many connections were given; one that says when it was sent is timed."""
    if not receivers:
        return
    if "frames" in message:
        _EVENTS_DELIVERED.inc(receivers * len(message["frames"]))
        if (sent_at := message.get("sent_at")) is not None:
            # Another machine's clock may be ahead.
            DELIVERY_SECONDS.observe(max(time.time() - sent_at, 0.0))
    elif "frame" in message:
        _SIGNALS_DELIVERED.inc(receivers)
