"""Where the time of a server goes, from the samples of a profiler."""

from __future__ import annotations

from bench.profiling import summarize

STACKS = [
    "run (asyncio/base_events.py:5);serve (daphne/server.py:7) 1",
    "run (asyncio/base_events.py:5);append (messaging/log/append.py:40);execute (psycopg/cursor.py:90) 2",
    "run (asyncio/base_events.py:5);offer (consumers/stream.py:10) 3",
    "run (asyncio/base_events.py:5);offer (consumers/stream.py:12) 3",
    "wait (threading.py:1) 1",
]


def test_a_sample_counts_for_its_innermost_known_layer():
    layers, _ = summarize(STACKS)
    assert layers == {
        "streams and outlet": 0.6,
        "server program": 0.1,
        "Django and psycopg": 0.2,
        "threads and the rest": 0.1,
    }


def test_lines_of_one_function_are_counted_together():
    _, functions = summarize(STACKS)
    assert functions["offer (consumers/stream.py)"] == 0.6
    assert sum(functions.values()) == 1
