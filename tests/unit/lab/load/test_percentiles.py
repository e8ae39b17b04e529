"""Percentiles that are not supported are None."""

import pytest

from scalelab.lab.load.histogram import LatencyHistogram
from scalelab.lab.load.percentiles import figures_of, percentile_s, samples_needed


def filled(number):
    histogram = LatencyHistogram()
    for value in range(1, number + 1):
        histogram.enter(value / 1000)
    return histogram


@pytest.mark.parametrize(("per_mille", "needed"), [(500, 20), (900, 100), (950, 200), (990, 1000), (999, 10_000)])
def test_ten_samples_must_lie_beyond(per_mille, needed):
    """One sample fewer, and there is no percentile."""
    assert samples_needed(per_mille) == needed
    assert percentile_s(filled(needed), per_mille) == pytest.approx(needed * per_mille / 1_000_000, rel=0.001)
    assert percentile_s(filled(needed - 1), per_mille) is None


def test_nothing_measured_is_nothing_shown():
    """No zeros where there was no sample (locust 1292)."""
    figures = figures_of(LatencyHistogram())

    assert figures.count == 0
    assert {figures.mean, figures.min, figures.max, figures.p50, figures.p99} == {None}


def test_one_request_has_its_own_value():
    """One of 575 ms: minimum, mean and maximum are 575 ms (locust 254)."""
    histogram = LatencyHistogram()
    histogram.enter(0.575)

    figures = figures_of(histogram)

    assert (figures.min, figures.mean, figures.max, figures.p50) == (0.575, 0.575, 0.575, None)
