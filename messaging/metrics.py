"""Every metric of the server, in one file; labels come from closed sets only."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

CONNECTIONS = Gauge("chat_connections", "Open WebSocket connections of this process.")
HANDSHAKES = Counter("chat_handshakes_total", "Handshakes by outcome.", ["outcome"])
COMMANDS = Counter("chat_commands_total", "Commands received by type.", ["type"])
ERRORS = Counter("chat_errors_total", "Errors answered by code.", ["code"])
CLOSES = Counter("chat_closes_total", "Connections ended by us, by close code.", ["code"])
EVENTS = Counter("chat_events_total", "Events written by kind.", ["kind"])
COMMIT_WRITES = Histogram("chat_commit_writes", "Writes per commit.", buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
COMMIT_SECONDS = Histogram("chat_commit_seconds", "Seconds per commit.")
PUBLISH_FAILURES = Counter("chat_publish_failures_total", "Publications that the channel layer did not take.")
PUBLISH_DROPS = Counter("chat_publish_drops_total", "Publications dropped because too many were waiting.")
JOIN_FAILURES = Counter("chat_join_failures_total", "Group joins that the channel layer did not take.")
LAYER_FORGERIES = Counter("chat_layer_forgeries_total", "Messages of the channel layer that no process of ours sent.")
LAYER_DEAF = Gauge("chat_layer_deaf", "1 while this process does not hear what is published, itself included.")
HOLES = Counter("chat_holes_total", "Holes seen in a stream, by how they closed.", ["closed_by"])
TAIL_CATCHES = Counter("chat_tail_catches_total", "What the layer lost and the tail watcher found.", ["what"])
TAIL_FAILURES = Counter("chat_tail_failures_total", "Looks at the tail of the log that the database did not answer.")
PRESENCE_FAILURES = Counter(
    "chat_presence_failures_total", "Looks at who came and went that the database did not answer."
)
LIMITS_HIT = Counter("chat_limits_hit_total", "Limits reached by name.", ["limit"])
TRANSACTIONS_RETRIED = Counter("chat_transactions_retried_total", "Transactions that the database undid for another.")
BEATS_MISSED = Counter("chat_beats_missed_total", "Beats that the database did not answer.")
NODES_SWEPT = Counter("chat_nodes_swept_total", "Dead server processes whose claims were removed.")
THROTTLE_FAILURES = Counter("chat_throttle_failures_total", "HTTP requests let through because the cache was away.")
