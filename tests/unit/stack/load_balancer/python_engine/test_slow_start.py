"""The share of a member that has just come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.load_balancer.python_engine.slow_start import ramped_weight


@pytest.mark.parametrize(
    ("age_s", "weight"), [(-1.0, 0.4), (0.0, 0.4), (2.5, 1.3), (5.0, 2.2), (10.0, 4.0), (99.0, 4.0)]
)
def test_a_straight_line_from_a_tenth_to_all(age_s, weight):
    """Over ten seconds, of a weight of four."""
    assert ramped_weight(4.0, age_s, 10.0) == pytest.approx(weight)


@given(st.floats(1, 256), st.floats(0, 1000))
def test_without_a_slow_start_all_at_once(weight, age_s):
    """From the first moment on."""
    assert ramped_weight(weight, age_s, 0.0) == weight
