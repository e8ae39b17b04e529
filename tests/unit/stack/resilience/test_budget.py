"""So many further attempts for so many first ones."""

import pytest

from scalelab.stack.resilience.budget import RESERVE, Budget


def spent(budget, firsts):
    count = 0
    for _ in range(firsts):
        budget.bring()
        count += budget.spend()
    return count


def test_a_tenth_in_the_long_run():
    """1,000 first attempts that all fail: 100 further ones, and what was saved before."""
    assert spent(Budget(0.1), 1000) == pytest.approx(100 + RESERVE, abs=1)


def test_a_quiet_time_saves_no_more_than_its_reserve():
    """A thousand good answers do not pay for a thousand retries."""
    budget = Budget(0.1)
    for _ in range(1000):
        budget.bring()

    assert sum(budget.spend() for _ in range(100)) == RESERVE


def test_a_ratio_of_zero_is_no_budget():
    """Every one may be made: that is how storms begin."""
    assert spent(Budget(0.0), 1000) == 1000
