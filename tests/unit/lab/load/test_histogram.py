"""The histogram: exact where it says so, within 0.1 % elsewhere, nothing dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.load.histogram import LatencyHistogram, merged

LATENCIES = st.lists(st.floats(min_value=0, max_value=3000), min_size=1, max_size=60)


def filled(latencies):
    histogram = LatencyHistogram()
    for latency in latencies:
        histogram.enter(latency)
    return histogram


@given(LATENCIES)
def test_count_sum_and_ends_are_exact(latencies):
    """min and max are what was entered, and every rank lies between them (locust 254, 1563)."""
    histogram = filled(latencies)

    ranks = [histogram.at_rank(rank) for rank in range(1, len(latencies) + 1)]

    assert (histogram.count, histogram.min_s, histogram.max_s) == (len(latencies), min(latencies), max(latencies))
    assert histogram.mean_s == pytest.approx(sum(latencies) / len(latencies))
    assert ranks == sorted(ranks)
    assert ranks == pytest.approx(sorted(latencies), rel=0.0011, abs=2e-6)


@given(LATENCIES, LATENCIES)
def test_merging_is_recording_together(one, other):
    """Two generators' histograms are one, never averaged (artillery 898)."""
    together, parts = filled(one + other), merged([filled(one), filled(other)])

    assert (parts.count, parts.min_s, parts.max_s) == (together.count, together.min_s, together.max_s)
    assert [parts.at_rank(rank) for rank in range(1, parts.count)] == [
        together.at_rank(rank) for rank in range(1, parts.count)
    ]


@given(LATENCIES)
def test_it_survives_the_pipe(latencies):
    """As JSON and back, nothing changes."""
    histogram = filled(latencies)

    again = LatencyHistogram.from_json(histogram.as_json())

    assert again.as_json() == histogram.as_json()


def test_a_value_beyond_the_range_is_counted():
    """Two hours: in count, mean and maximum, and it ranks last (tropel 82)."""
    histogram = filled([0.1] * 9 + [7200.0])

    assert (histogram.count, histogram.out_of_range, histogram.max_s) == (10, 1, 7200.0)
    assert histogram.at_rank(10) == 7200.0
    assert histogram.at_rank(9) == pytest.approx(0.1, rel=0.001)
    assert histogram.as_hdr().count == 10


def test_what_stands_in_the_file_is_the_same():
    """Exported, it has the same counts and percentiles."""
    histogram = filled([number / 1000 for number in range(1, 1001)])

    hdr = histogram.as_hdr()

    assert hdr.count == 1000
    assert hdr.percentile_us(90) / 1e6 == pytest.approx(histogram.at_rank(900), rel=0.001)


def test_an_empty_one_has_no_figures():
    """No mean where nothing was measured; a sentence for people."""
    histogram = LatencyHistogram()

    assert histogram.mean_s is None
    assert repr(histogram) == "no latencies"
    assert histogram.count_above(1.0) == 0


def test_counting_above_a_limit():
    """How many took longer."""
    histogram = filled([0.1, 0.2, 0.3])

    assert histogram.count_above(0.2) == 1
    assert histogram.count_above(0.05) == 3
    assert histogram.count_above(1e9) == 0
