"""Intervals over runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.analysis.statistics import (
    bootstrap_quantile,
    bootstrap_ratio,
    ratio_of_runs,
    run_level_interval,
    t_interval,
)

KALIBERA = [[9, 5, 8, 3], [10, 6, 7, 11], [1, 12, 2, 4]]
"""Four samples in each of three runs (Kalibera and Jones)."""


def test_the_unit_of_replication_is_the_run():
    """Mean 6.5, half width 4.689 at 95 %."""
    interval = run_level_interval(KALIBERA)

    assert interval.value == 6.5
    assert interval.half_width == pytest.approx(4.689, abs=0.001)


def test_the_naive_interval_over_samples_is_twice_too_narrow():
    """2.291: what must not be reported."""
    assert t_interval([sample for run in KALIBERA for sample in run]).half_width == pytest.approx(2.291, abs=0.001)


@pytest.mark.parametrize("runs", [[], [[1.0, 2.0, 3.0]], [[], [1.0]]])
def test_one_run_has_no_error_bar(runs):
    """Not even one of width 0."""
    assert run_level_interval(runs) is None
    assert bootstrap_quantile(runs, 0.5, seed=1) is None
    assert bootstrap_ratio(runs, KALIBERA, seed=1) is None


def test_a_bootstrap_repeats_with_its_seed():
    """The same seed, the same interval."""
    assert bootstrap_quantile(KALIBERA, 0.5, seed=3) == bootstrap_quantile(KALIBERA, 0.5, seed=3)


def test_a_bootstrap_sees_the_spread_between_runs():
    """Runs that agree within and differ between have a wide interval."""
    apart = bootstrap_quantile([[1.0] * 50, [2.0] * 50, [3.0] * 50], 0.5, seed=1)
    alike = bootstrap_quantile([[2.0] * 50, [2.0] * 50, [2.0] * 50], 0.5, seed=1)

    assert (apart.low, apart.high) == (1.0, 3.0)
    assert alike.half_width == 0.0


def test_a_ratio_of_three_is_found():
    """Rates of 192 against 64, a percent of noise between runs."""
    three = [[190.0, 192.0], [193.0, 192.0], [191.0, 194.0]]
    one = [[64.0, 63.5], [64.2, 64.4], [63.8, 64.1]]

    interval = bootstrap_ratio(three, one, seed=1)

    assert interval.low < 3.0 < interval.high
    assert interval.half_width < 0.05


def test_a_ratio_to_nothing_is_refused():
    """None, not infinity."""
    assert bootstrap_ratio(KALIBERA, [[0.0], [0.0]], seed=1) is None


@given(st.lists(st.lists(st.floats(0.1, 100), min_size=1, max_size=5), min_size=2, max_size=5), st.floats(0.05, 0.95))
def test_an_interval_holds_its_value(runs, quantile):
    """low <= value <= high."""
    interval = bootstrap_quantile(runs, quantile, seed=1, resamples=50)

    assert interval.low <= interval.value <= interval.high


def test_a_ratio_of_runs_covers_the_truth_with_three_runs_a_side():
    """Where a bootstrap alone would not: 95 % of the intervals hold the true ratio of 3."""
    draws = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        below, above = draws.normal(10, 0.5, 3), draws.normal(30, 1.5, 3)
        interval = ratio_of_runs(above, below, seed=1, resamples=200)
        hits += interval.low <= 3 <= interval.high

    assert hits >= 186


def test_a_ratio_of_runs_without_spread_has_no_width():
    """No division by zero."""
    interval = ratio_of_runs([3.0, 3.0], [1.0, 1.0], seed=1)

    assert (interval.low, interval.value, interval.high) == pytest.approx((3.0, 3.0, 3.0))


@pytest.mark.parametrize(("above", "below"), [([1.0], [1.0, 1.0]), ([1.0, 1.0], []), ([0.0, 1.0], [1.0, 1.0])])
def test_too_few_runs_or_a_zero_have_no_ratio(above, below):
    """Never an interval of width 0."""
    assert ratio_of_runs(above, below, seed=1) is None
