"""Where a stream begins after `hello`."""

from __future__ import annotations

import pytest

from consumers.starts import start_of


@pytest.mark.parametrize(
    ("cursor", "head", "joined", "most", "foreign", "expected"),
    [
        (None, 44, 0, 500, False, (45, False)),
        (40, 44, 0, 500, False, (41, False)),
        (44, 44, 0, 500, False, (45, False)),
        (0, 44, 0, 500, False, (1, False)),
        (10, 44, 30, 500, False, (30, False)),
        (0, 500, 0, 500, False, (1, False)),
        (0, 501, 0, 500, False, (502, False)),
        (40, 44, 0, 3, False, (45, False)),
        (44, 44, 0, 0, False, (45, False)),
        (45, 44, 0, 500, False, (45, True)),
        (40, 44, 0, 500, True, (45, True)),
        (None, 44, 0, 500, True, (45, True)),
    ],
)
def test_a_stream_begins_where_the_cursor_the_join_and_the_cap_say(cursor, head, joined, most, foreign, expected):
    assert start_of(cursor=cursor, head=head, joined_seq=joined, most=most, foreign=foreign) == expected
