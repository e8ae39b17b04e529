"""Percentiles over runs: merged, never averaged; intervals from the spread between runs."""

import random

import pytest

from scalelab.lab.analysis.run_quantile import percentile_interval, percentile_over_runs
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.histogram_log import record


def histogram_of(values_s):
    histogram = HdrHistogram()
    for value in values_s:
        record(histogram, value)
    return histogram


def test_a_fast_and_a_slow_run_are_merged():
    """1000 x 10 ms and 1000 x 1 s: p90 is 1 s, not the mean of both."""
    runs = [histogram_of([0.01] * 1000), histogram_of([1.0] * 1000)]

    assert percentile_over_runs(runs, 90.0) == pytest.approx(1.0, rel=0.001)


def test_too_few_samples_have_no_percentile():
    """A p99 takes a thousand."""
    assert percentile_over_runs([histogram_of([0.1] * 999)], 99.0) is None
    assert percentile_over_runs([], 99.0) is None


def test_one_run_has_no_interval():
    """However many samples it has."""
    assert percentile_interval([histogram_of([0.1] * 5000)], 99.0, seed=1) is None


def test_the_interval_holds_the_spread_between_runs():
    """Runs whose p90 lies 20 % apart: far wider than the samples of one run say."""
    draws = random.Random(1)
    runs = [histogram_of(draws.uniform(0.9, 1.0) * scale for _ in range(2000)) for scale in (0.9, 1.0, 1.1)]

    interval = percentile_interval(runs, 90.0, seed=1)

    assert interval.low < 0.9 * 0.99
    assert interval.high > 1.1 * 0.99
    assert interval == percentile_interval(runs, 90.0, seed=1)
