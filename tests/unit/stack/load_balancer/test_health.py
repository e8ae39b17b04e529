"""Hysteresis over health checks."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.load_balancer.health import Health, HealthRule


def _verdicts(checks, rule, health=None):
    health = health or Health()
    verdicts = ""
    for check in checks:
        health = health.after(check == "+", rule)
        verdicts += "U" if health.is_up else "d"
    return verdicts


@pytest.mark.parametrize(
    ("fall", "rise", "checks", "verdicts"),
    [
        (2, 1, "+-+--+", "UUUUdU"),
        (3, 2, "+-++-+--+---", "dddUUUUUUUUd"),
        (1, 1, "+-+-", "UdUd"),
        (2, 2, "+-+-+-", "dddddd"),
    ],
)
def test_verdicts(fall, rise, checks, verdicts):
    """Only checks in a row change the verdict."""
    assert _verdicts(checks, HealthRule(fall, rise)) == verdicts


@given(st.text("+-", max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_changes_are_bounded(checks, fall, rise):
    """A whole cycle down and up again takes at least fall + rise checks."""
    verdicts = "d" + _verdicts(checks, HealthRule(fall, rise))

    changes = sum(before != after for before, after in pairwise(verdicts))

    assert changes <= 2 * len(checks) / (fall + rise) + 1
