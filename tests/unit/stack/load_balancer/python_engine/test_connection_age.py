"""How old connections become."""

import pytest

from scalelab.stack.load_balancer.python_engine.connection_age import greatest_age_s


@pytest.mark.parametrize(("draw", "age_s"), [(0.0, 54.0), (0.5, 60.0), (0.999, 65.988)])
def test_give_or_take_a_tenth(draw, age_s):
    """Those that began together do not end together."""
    assert greatest_age_s(60.0, draw) == pytest.approx(age_s)
