"""How guessing is slowed down."""

import pytest

from scalelab.stack.api_gateway.login_throttle import MAX_FAILURES, WINDOW_S, LoginThrottle


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def clock():
    return Clock()


def test_the_account_waits_for_its_window_to_end(clock):
    """Ten failures, then nothing until sixty seconds after the first of them."""
    throttle = LoginThrottle(clock)
    for _ in range(MAX_FAILURES):
        assert throttle.wait_s("alice") == 0
        throttle.failed("alice")
        clock.now_s += 1.0

    assert throttle.wait_s("alice") == WINDOW_S - MAX_FAILURES
    assert throttle.wait_s("bob") == 0
    clock.now_s = WINDOW_S
    assert throttle.wait_s("alice") == 0


def test_a_success_starts_anew(clock):
    """Nine failures and a success count as none."""
    throttle = LoginThrottle(clock)
    for _ in range(2):
        for _ in range(MAX_FAILURES - 1):
            throttle.failed("alice")
        throttle.succeeded("alice")

    assert throttle.wait_s("alice") == 0


def test_the_table_is_bounded(clock):
    """Made-up names push out the oldest, never grow the table."""
    throttle = LoginThrottle(clock, max_accounts=3)
    for number in range(100):
        throttle.failed(f"name{number}")

    assert len(throttle._windows) == 3
