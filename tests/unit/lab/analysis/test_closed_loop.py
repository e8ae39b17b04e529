"""Closed systems: bounds and exact machine repair."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.analysis.closed_loop import asymptotic_bounds, machine_repair

# (users, think time, service time, servers) -> (rate, response): closed M/M/c, worked out independently.
MACHINE_REPAIR = [
    ((10, 1, 0.1, 1), (7.854177, 0.273208)),
    ((20, 1, 0.1, 2), (16.547906, 0.208612)),
    ((50, 1.5, 0.104, 1), (9.615385, 3.700000)),
    ((50, 1.5, 0.104, 3), (27.441266, 0.322073)),
]


@pytest.mark.parametrize(("system", "expected"), MACHINE_REPAIR)
def test_known_machine_repair_models(system, expected):
    """To six digits."""
    point = machine_repair(*system)

    assert (point.throughput_per_s, point.response_s) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_bounds_of_a_known_system():
    """20 users, demands 9.2 and 8 s, think time 120 s: at most 0.108696/s, at least 64 s."""
    bounds = asymptotic_bounds(20, [9.2, 8.0], 120)

    assert bounds.throughput_upper_per_s == pytest.approx(0.108696, abs=1e-6)
    assert bounds.response_lower_s == pytest.approx(64)


def test_five_thousand_users_are_no_trouble():
    """8 slots of 0.125 s saturate at 64/s; the probabilities neither overflow nor lose digits."""
    point = machine_repair(5000, 1.5, 0.125, 8)

    assert point.throughput_per_s == pytest.approx(64.0, rel=1e-9)
    assert point.response_s == pytest.approx(5000 / 64 - 1.5, rel=1e-9)
    assert point.utilization == pytest.approx(1.0)


def test_without_think_time_everybody_is_in_the_system():
    """The rate is that of the busy servers."""
    assert machine_repair(3, 0, 0.5, 8).throughput_per_s == pytest.approx(6.0)
    assert machine_repair(30, 0, 0.5, 8).in_system_mean == pytest.approx(30)


@pytest.mark.parametrize("system", [(0, 1, 0.1, 1), (1, -1, 0.1, 1), (1, 1, 0, 1), (1, 1, 0.1, 0)])
def test_impossible_systems_are_refused(system):
    """With the values in the message."""
    with pytest.raises(ValueError, match="must be"):
        machine_repair(*system)


def test_a_system_without_limits_has_no_bound():
    """Neither demand nor think time."""
    with pytest.raises(ValueError, match="no bound"):
        asymptotic_bounds(10, [0.0], 0)


@given(st.integers(1, 400), st.floats(0, 20), st.floats(0.001, 5), st.integers(1, 64))
def test_the_exact_model_keeps_the_laws(users, think_s, service_s, servers):
    """Little's law, the asymptotic bounds of c servers, and a response of at least one service."""
    point = machine_repair(users, think_s, service_s, servers)

    assert point.throughput_per_s * (point.response_s + think_s) == pytest.approx(users)
    assert point.throughput_per_s <= servers / service_s * (1 + 1e-9)
    assert point.throughput_per_s <= users / (think_s + service_s) * (1 + 1e-9)
    assert point.response_s >= service_s * (1 - 1e-6) - 1e-9
    assert math.isfinite(point.in_system_mean)
