"""The counts of one gateway."""

import pytest

from scalelab.stack.api_gateway.login_attempts import LocalLoginAttempts, LoginLimits

LIMITS = LoginLimits(per_account=3, per_peer=5, window_s=60.0)


@pytest.fixture
def clock(scripted):
    return scripted.clock(100.0)


@pytest.fixture
def attempts(clock):
    return LocalLoginAttempts(LIMITS, clock, max_counts=10)


async def test_the_table_is_bounded(attempts):
    """Names that nobody has cannot fill the memory."""
    for number in range(100):
        await attempts.judge(f"name{number}", "p", "failed")

    assert len(attempts._counts) <= 10


async def test_a_window_begins_with_its_first_failure(attempts, clock):
    """And ends at its time, whatever came in between."""
    for _ in range(3):
        await attempts.judge("a", "p", "failed")
        clock.now_s += 10.0

    assert await attempts.judge("a", "p", "asked") == 30.0
    clock.now_s += 30.0
    assert await attempts.judge("a", "p", "asked") == 0.0
