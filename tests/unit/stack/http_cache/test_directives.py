"""Cache-Control as a list with quoted strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.http_cache.directives import MAX_DELTA_S, parse_directives


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("max-age=60", 60),
        ("MaX-AgE=60", 60),
        ("max-age=003600", 3600),
        ('max-age="60"', 60),
        ("max-age='60'", 0),
        ("max-age=-60", 0),
        ("max-age=60.0", 0),
        ("max-age=60a", 0),
        ("max-age", 0),
        ("max-age=60;x", 0),
        ("max-age=99999999999", MAX_DELTA_S),
        ("public, max-age=60, extension", 60),
        ('extension="max-age=3600", max-age=1', 1),
        ('max-age=1, extension="max-age=3600"', 1),
        ('extension="max-age=3600"', None),
        ("public", None),
        ("max-age=100, max-age=1", 1),
        ("max-age=1, max-age=100", 1),
        ("", None),
        (",,, max-age=5,,", 5),
    ],
)
def test_a_time_is_read_as_rfc_9111_means_it(line, seconds):
    """Digits count; quoted digits count; anything else is stale; commas in strings do not separate."""
    assert parse_directives([line]).delta_s("max-age") == seconds


def test_a_member_aimed_at_another_cache_does_not_count():
    """Surrogate-Control's parameter names the caches that are meant."""
    mine = parse_directives(["max-age=10;scalelab, no-store;other"], target="scalelab")

    assert mine.delta_s("max-age") == 10
    assert "no-store" not in mine


@given(st.lists(st.text(max_size=40), max_size=4))
def test_no_line_breaks_the_parser(lines):
    """Whatever an origin sends, directives come out, and a time is never negative."""
    directives = parse_directives(lines)

    assert (directives.delta_s("max-age") or 0) >= 0
