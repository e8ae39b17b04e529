"""Whether a body comes on."""

import pytest

from scalelab.stack.load_balancer.python_engine.body_pace import BodyPace


@pytest.mark.parametrize(
    ("now_s", "came_bytes", "expected"),
    [(110.0, 5999, True), (110.0, 6000, False), (101.0, 1400, True), (101.0, 1600, False), (100.0, 1000, False)],
)
def test_five_hundred_bytes_a_second(now_s, came_bytes, expected):
    """Since the window began, at 100 s with 1,000 bytes."""
    assert BodyPace(100.0, 1000).is_too_slow(now_s, came_bytes) is expected
