"""HTTP dates, strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.http_cache.http_dates import format_http_date, parse_http_date

EXAMPLE_S = 784_111_777  # RFC 9110 section 5.6.7: Sun, 06 Nov 1994 08:49:37 GMT in three formats
NOW_S = 1_700_000_000.0


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_the_three_formats_mean_the_same(text):
    """RFC 9110's own example."""
    assert parse_http_date(text, NOW_S) == EXAMPLE_S


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun,  06 Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sat, 01 Jan 0000 00:00:00 GMT",
        "Sun, 06 Nov \u0661994 08:49:37 GMT",
    ],
)
def test_what_is_no_date_is_none(text):
    """An invalid date makes a response stale rather than fresh by guessing."""
    assert parse_http_date(text, NOW_S) is None


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_what_is_written_reads_back(unix_time_s):
    """Formatting and parsing agree on every second."""
    assert parse_http_date(format_http_date(unix_time_s), NOW_S) == unix_time_s
