"""Too few are left."""

import pytest

from scalelab.stack.load_balancer.panic import is_panic


@pytest.mark.parametrize(
    ("taking_traffic", "members", "panic_share", "expected"),
    [
        (3, 4, 0.5, False),
        (2, 4, 0.5, True),
        (0, 4, 0.5, True),
        (0, 4, 0.0, False),
        (0, 0, 0.5, False),
        (4, 4, 1.0, False),
        (3, 4, 1.0, True),
    ],
)
def test_at_or_below_the_share(taking_traffic, members, panic_share, expected):
    """Only where there is somebody who could be used beside those that are."""
    assert is_panic(taking_traffic, members, panic_share) is expected
