"""Byte ranges of a complete body."""

import pytest

from scalelab.stack.http_cache.ranges import ByteRange, parse_range


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("bytes=0-1", ByteRange(0, 1)),
        ("bytes=2-", ByteRange(2, 9)),
        ("bytes=-3", ByteRange(7, 9)),
        ("bytes=-30", ByteRange(0, 9)),
        ("bytes=5-99", ByteRange(5, 9)),
        ("bytes=5-" + "9" * 5000, ByteRange(5, 9)),
        ("bytes=" + "9" * 5000 + "-", None),
        ("bytes=-" + "9" * 5000, ByteRange(0, 9)),
        ("bytes=" + "0" * 5000 + "5-", ByteRange(5, 9)),
        ("bytes=10-", None),
        ("bytes=3-2", None),
        ("bytes=-", None),
        ("bytes=-0", None),
        ("bytes=0-1,3-4", None),
        ("lines=0-1", None),
        (None, None),
    ],
)
def test_a_single_range_of_ten_bytes(value, expected):
    """First and last byte are included; what cannot be satisfied or is several gets the whole."""
    assert parse_range(value, 10) == expected
