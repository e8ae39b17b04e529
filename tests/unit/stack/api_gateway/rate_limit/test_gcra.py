"""One number does what a bucket of tokens does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.api_gateway.rate_limit.gcra import RateRule, take

RULE = RateRule(rate_per_s=10.0, burst=3)


def standings(*times, rule=RULE):
    due_s, told = None, []
    for now_s in times:
        standing, due_s = take(rule, due_s, now_s)
        told.append(standing)
    return told


def test_a_burst_and_then_one_each_tenth_of_a_second():
    """Three at once, the fourth 100 ms later."""
    told = standings(0.0, 0.0, 0.0, 0.0, 0.1, 0.15, 0.2)

    assert [standing.is_allowed for standing in told] == [True, True, True, False, True, False, True]
    assert [standing.remaining for standing in told[:3]] == [2, 1, 0]
    assert told[3].retry_after_s == pytest.approx(0.1)
    assert told[5].retry_after_s == pytest.approx(0.05)


def test_after_a_pause_the_whole_burst_is_back():
    """And no more than that, however long the pause."""
    told = standings(0.0, 0.0, 0.0, 100.0, 100.0, 100.0, 100.0)

    assert [standing.is_allowed for standing in told[3:]] == [True, True, True, False]
    assert told[2].reset_s == pytest.approx(0.3)


def test_a_refused_request_costs_nothing():
    """Who hammers is let in when who waits would be."""
    told = standings(0.0, 0.0, 0.0, *[0.05] * 50, 0.1)

    assert [standing.is_allowed for standing in told[3:]] == [False] * 50 + [True]


@given(
    st.lists(st.floats(0, 0.5), min_size=1, max_size=200),
    st.floats(0.5, 50),
    st.integers(1, 10),
)
def test_it_is_a_token_bucket(pauses, rate_per_s, burst):
    """Beside a bucket of tokens: the same decisions, but for what rounding leaves open."""
    rule, tokens, now_s, before_s, due_s = RateRule(rate_per_s, burst), float(burst), 0.0, 0.0, None
    for pause_s in pauses:
        now_s += pause_s
        tokens = min(burst, tokens + (now_s - before_s) * rate_per_s)
        before_s = now_s
        standing, due_s = take(rule, due_s, now_s)
        if abs(tokens - 1) > 1e-6:
            assert standing.is_allowed == (tokens >= 1)
        tokens -= standing.is_allowed
