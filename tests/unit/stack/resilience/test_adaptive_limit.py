"""The limit finds what a service bears, steps back when it is slow, and never so far that it learns nothing."""

import heapq
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scalelab.stack.resilience.adaptive_limit import AdaptiveLimit, AdaptiveRule

RULE = AdaptiveRule(least=2, most=64)


def no_jitter():
    return 0.0


def settled_limits(places, hold_s, answers=20_000, draws=None, slower_by=0.0):
    """A service of so many places behind a gateway that is always full: the limit over the second half."""
    draws = draws or Random(3)
    limit, now_s, busy, waiting, told = AdaptiveLimit(RULE, draws.random), 0.0, [], [], []
    in_flight = 0
    for number in range(answers):
        hold_s *= 1 + slower_by
        while in_flight < limit.limit:
            in_flight += 1
            if len(busy) < places:
                heapq.heappush(busy, (now_s + hold_s * draws.uniform(0.95, 1.05), now_s))
            else:
                waiting.append(now_s)
        now_s, began_s = heapq.heappop(busy)
        limit.note(now_s - began_s, in_flight, is_good=True)
        in_flight -= 1
        if waiting:
            heapq.heappush(busy, (now_s + hold_s * draws.uniform(0.95, 1.05), waiting.pop(0)))
        if number > answers / 2:
            told.append(limit.limit)
    return told


@pytest.mark.parametrize("places", [4, 8, 24])
def test_it_finds_what_a_service_bears(places):
    """Enough to keep all places busy, and a queue of half as many at most."""
    limits = settled_limits(places, hold_s=0.1)

    mean = sum(limits) / len(limits)
    assert 0.9 * places <= mean <= 1.7 * places


@pytest.mark.parametrize("slower_by", [0.00005, -0.00003])
def test_a_service_that_slowly_changes_does_not_carry_it_away(slower_by):
    """B26: 2.7 times as slow at the end, or half as slow: what was learned before is forgotten in time."""
    limits = settled_limits(8, hold_s=0.1, slower_by=slower_by)

    mean = sum(limits) / len(limits)
    assert 0.9 * 8 <= mean <= 1.7 * 8
    assert max(limits) <= 3 * 8


def test_gateways_learn_anew_at_different_times():
    """B27: each halves its limit for a moment, and they must not do so together."""

    def halved_at(draw):
        limit = AdaptiveLimit(RULE, lambda: draw)
        limit.note(0.1, 1, is_good=True)
        before = limit.limit
        return next(number for number in range(2000) if limit.note(0.11, 1, is_good=True) < before)

    assert halved_at(0.0) < halved_at(0.5) < halved_at(1.0)


def test_in_a_healthy_time_little_is_taken_away():
    """B27: of fifty thousand answers of a full service few find a limit that is well below its places."""
    limits = settled_limits(24, hold_s=0.1, answers=100_000)

    assert sum(limit < 0.75 * 24 for limit in limits) < len(limits) / 10


def test_an_idle_limit_does_not_grow():
    """Three requests at a time say nothing about sixty."""
    limit = AdaptiveLimit(RULE, no_jitter)
    before = limit.limit

    for _ in range(1000):
        limit.note(0.1, 3, is_good=True)

    assert limit.limit == before


def test_answers_that_were_under_way_together_count_once():
    """A burst of slow answers is one queue, not thirty."""
    limit = AdaptiveLimit(RULE, no_jitter)
    limit.note(0.1, 32, is_good=True)

    for _ in range(20):
        limit.note(1.0, 32, is_good=True)

    assert limit.limit == 28


def test_faults_step_back_too():
    """And teach no latency: a refusal is quick."""
    limit = AdaptiveLimit(RULE, no_jitter)
    for _ in range(2000):
        limit.note(0.0001, 32, is_good=False)
    at_least = limit.limit
    for _ in range(200):
        limit.note(0.1, 64, is_good=True)

    assert at_least == RULE.least
    assert limit.limit > RULE.least


def test_a_service_that_has_become_slower_is_learned_anew():
    """From 100 to 200 ms for good: after a thousand answers that is its latency."""
    limit = AdaptiveLimit(RULE, no_jitter)
    limit.note(0.1, 64, is_good=True)
    lowest = min(limit.note(0.2, 64, is_good=True) for _ in range(1100))
    for _ in range(900):
        limit.note(0.2, 64, is_good=True)

    assert lowest == RULE.least
    assert limit.limit > 30


@given(
    st.lists(
        st.tuples(st.floats(0.0, 10.0), st.integers(0, 200), st.booleans()),
        max_size=300,
    )
)
def test_it_never_leaves_its_bounds(answers):
    """Whatever comes."""
    limit = AdaptiveLimit(RULE)

    limits = [limit.note(latency_s, in_flight, is_good=is_good) for latency_s, in_flight, is_good in answers]

    assert all(RULE.least <= one <= RULE.most for one in limits)
