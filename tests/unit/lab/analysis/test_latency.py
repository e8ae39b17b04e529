"""Latency summaries: exact where they can be, silent where samples are too few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.analysis.latency import (
    LatencyTotals,
    add_totals,
    is_estimable,
    merge_histograms,
    percentile_s,
    summarize_histogram,
    summarize_latency,
)
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.histogram_log import record


def totals_of(values, out_of_range=0):
    return LatencyTotals(
        count=len(values),
        sum_s=sum(values),
        min_s=min(values, default=None),
        max_s=max(values, default=None),
        out_of_range=out_of_range,
    )


def histogram_of(values):
    histogram = HdrHistogram()
    for value in values:
        record(histogram, value)
    return histogram


def summary_of(values):
    return summarize_latency(totals_of(values), histogram_of(values))


ENOUGH_FOR = {50: 20, 90: 100, 99: 1000, 99.9: 10_000}


@pytest.mark.parametrize(("percent", "enough"), ENOUGH_FOR.items())
def test_a_percentile_needs_ten_samples_beyond_it(percent, enough):
    """n (1 - p) >= 10."""
    assert is_estimable(enough, percent)
    assert not is_estimable(enough - 1, percent)


def test_eight_samples_have_a_mean_and_a_maximum_only():
    """Never the maximum in the place of a percentile."""
    summary = summary_of([0.1] * 7 + [0.9])

    assert summary.mean_s == pytest.approx(0.2)
    assert summary.max_s == 0.9
    assert (summary.p50_s, summary.p90_s, summary.p99_s, summary.p99_9_s) == (None, None, None, None)


def test_no_samples_have_nothing():
    """Null, never 0."""
    summary = summary_of([])

    assert summary.count == 0
    assert summary.mean_s is None
    assert summary.max_s is None


def test_one_request_of_575_ms_is_not_rounded():
    """Mean and maximum are exact whatever the histogram's resolution."""
    assert summary_of([0.575123456]).max_s == 0.575123456


def test_a_value_beyond_the_range_takes_the_percentiles_away():
    """It is counted, it is in mean and maximum, and no percentile pretends."""
    values = [0.1] * 1999 + [4000.0]

    summary = summarize_latency(totals_of(values, out_of_range=1), histogram_of(values))

    assert summary.count == 2000
    assert summary.max_s == 4000.0
    assert summary.p50_s is None


def test_a_histogram_that_lost_samples_gives_no_percentiles():
    """The file was torn: fewer samples than the exact count."""
    assert summarize_latency(totals_of([0.1] * 100), histogram_of([0.1] * 50)).p50_s is None
    assert summarize_latency(totals_of([0.1] * 100), None).mean_s == pytest.approx(0.1)


def test_histograms_are_merged_not_averaged():
    """One fast and one slow worker: the median of both is not the mean of the medians."""
    fast, slow = [0.001] * 300, [1.0] * 100
    merged = merge_histograms([histogram_of(fast), histogram_of(slow)])

    summary = summarize_latency(add_totals([totals_of(fast), totals_of(slow)]), merged)

    assert summary.p50_s == pytest.approx(0.001)
    assert summary.p90_s == pytest.approx(1.0, rel=0.001)
    assert summary.mean_s == pytest.approx(0.25075)


def test_a_histogram_alone_is_as_exact_as_its_digits():
    """And with values out of range, neither mean nor maximum is known."""
    summary = summarize_histogram(histogram_of([0.2] * 100))
    assert summary.mean_s == pytest.approx(0.2, rel=0.001)
    assert summary.p90_s == pytest.approx(0.2, rel=0.001)

    doubtful = summarize_histogram(histogram_of([0.2] * 100), out_of_range=1)
    assert (doubtful.count, doubtful.mean_s, doubtful.max_s, doubtful.p50_s) == (101, None, None, None)


def test_known_uncorrected_percentiles():
    """10,000 samples of 1 ms and one of 100 s: p99 is 1 ms; raw stays raw (HdrHistogram's own test)."""
    values = [0.001] * 10_000 + [100.0]

    assert percentile_s(totals_of(values), histogram_of(values), 99.0) == pytest.approx(0.001)


@given(st.lists(st.floats(0.000001, 3000), min_size=20, max_size=300))
def test_percentiles_are_ordered_and_within_the_extremes(values):
    """min <= p50 <= p90 <= max."""
    totals, histogram = totals_of(values), histogram_of(values)
    known = [found for percent in (50, 90) if (found := percentile_s(totals, histogram, percent)) is not None]

    assert known == sorted(known)
    assert all(totals.min_s <= value <= totals.max_s for value in known)
