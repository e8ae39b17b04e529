"""Steadiness of per-second series."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.analysis.steady_state import steady_from, trend_of


def noise(count, seed=1, mean=100.0, spread=5.0):
    return list(np.random.default_rng(seed).normal(mean, spread, count))


def test_a_ramp_is_cut_off():
    """Ten seconds of ramp before fifty steady ones: cut at the ramp's end, to a batch."""
    series = list(np.linspace(0, 100, 10)) + noise(50)

    assert steady_from(series) == pytest.approx(10, abs=5)


def test_a_series_that_keeps_growing_never_gets_steady():
    """The rule cuts into the second half: never is the answer."""
    assert steady_from(list(range(60))) is None


def test_a_steady_series_is_steady_from_the_start():
    """Nothing to cut."""
    assert steady_from([7.0] * 40) == 0


@pytest.mark.parametrize("count", [0, 1, 19])
def test_a_short_series_shows_nothing(count):
    """Fewer than four batches."""
    assert steady_from([1.0] * count) is None


def test_a_drift_is_found():
    """From 100 to 130 over 48 s through noise."""
    series = [value + 30 * second / 47 for second, value in enumerate(noise(48))]

    trend = trend_of(series)

    assert trend.is_significant
    assert trend.drift == pytest.approx(30, abs=6)


def test_noise_is_no_drift():
    """At most a few of two hundred steady series look as if they drifted."""
    alarms = sum(trend_of(noise(48, seed)).is_significant for seed in range(200))

    assert alarms <= 8


def test_slow_waves_are_not_taken_for_a_drift():
    """Autocorrelation leaves fewer independent points: alarms stay rare."""
    alarms = 0
    for seed in range(200):
        steps = np.random.default_rng(seed).normal(0, 1, 60)
        wave = [0.0]
        for step in steps:
            wave.append(0.7 * wave[-1] + step)
        alarms += trend_of(wave[1:]).is_significant

    assert alarms <= 16


@pytest.mark.parametrize("count", [0, 9])
def test_too_few_points_give_no_trend(count):
    """None, not a guess."""
    assert trend_of([1.0] * count) is None


def test_a_constant_series_has_no_trend():
    """No division by zero."""
    assert not trend_of([5.0] * 20).is_significant


@given(st.lists(st.floats(-1e6, 1e6), min_size=10, max_size=80))
def test_a_trend_is_always_a_number(series):
    """Whatever the series."""
    trend = trend_of(series)

    assert 0 <= trend.p_value <= 1
    assert np.isfinite([trend.drift, trend.mean]).all()
