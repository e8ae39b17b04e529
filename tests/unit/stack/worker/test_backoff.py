"""Retries spread, grow and end."""

import random

from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.worker.backoff import RetryPolicy

POLICY = RetryPolicy(max_attempts=6, min_backoff_s=0.5, max_backoff_s=3.0)


def test_the_longest_wait_doubles_up_to_its_bound():
    """0.5, 1, 2, then never more than 3 s."""
    waits_s = [POLICY.retry_in_s(attempt, lambda: 1.0) for attempt in range(1, 6)]

    assert waits_s == [0.5, 1, 2, 3, 3]


def test_the_last_attempt_is_followed_by_none():
    """Nor is any later one."""
    assert POLICY.retry_in_s(6, lambda: 0.5) is None
    assert RetryPolicy(1, 0.5, 3).retry_in_s(1, lambda: 0.5) is None


def test_a_hundred_failures_at_once_are_retried_all_over_the_span():
    """E23: full jitter; each tenth of the span gets its share."""
    draws = random.Random(1)
    waits_s = [POLICY.retry_in_s(3, draws.random) for _ in range(1000)]
    shares = [sum(tenth <= wait_s * 5 < tenth + 1 for wait_s in waits_s) for tenth in range(10)]

    assert min(shares) > 60


@given(st.integers(1, 10**9), st.floats(0, 1, exclude_max=True))
def test_no_wait_is_out_of_bounds(attempt, drawn):
    """However often a task was tried."""
    wait_s = RetryPolicy(10**10, 0.5, 30).retry_in_s(attempt, lambda: drawn)

    assert 0 <= wait_s <= 30
