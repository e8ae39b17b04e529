import math

import pytest

from scalelab.lab.watch.percentiles import percentile_s

TEN_EACH = {0.01: 10.0, 0.1: 20.0, math.inf: 20.0}
"""Ten answers below 10 ms, ten more below 100 ms."""


@pytest.mark.parametrize(("share", "expected_s"), [(0.25, 0.005), (0.5, 0.01), (0.75, 0.055), (1.0, 0.1)])
def test_answers_are_spread_evenly_inside_a_bucket(share, expected_s):
    """The rank's place in its bucket is its place between the bounds."""
    assert percentile_s(TEN_EACH, share) == pytest.approx(expected_s)


def test_nothing_is_said_of_no_answers():
    """Null, not 0."""
    assert percentile_s({}, 0.5) is None
    assert percentile_s({0.01: 0.0, math.inf: 0.0}, 0.5) is None


def test_beyond_the_last_bound_nothing_is_known():
    """Of twenty answers two took longer than the last bound: p99 is one of them, p50 is not."""
    durations = {0.01: 18.0, math.inf: 20.0}

    assert percentile_s(durations, 0.99) is None
    assert percentile_s(durations, 0.5) is not None
