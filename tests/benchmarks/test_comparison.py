"""Rounds, ratios and goals."""

import pytest
from benchmarks.comparison import Figure, Goal, Row, alternate, ratio


def test_rounds_alternate_their_direction():
    """Whoever goes last in one round goes first in the next, so that a drift favours nobody."""
    order = []

    alternate({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)

    assert order == ["a", "b", "b", "a", "a", "b"]


def test_results_stay_with_their_contestant_in_order_of_the_rounds():
    """A value measured backwards is still the value of its contestant and round."""
    numbers = iter(range(4))

    results = alternate({"a": lambda: next(numbers), "b": lambda: next(numbers)}, 2)

    assert results == {"a": [0, 3], "b": [1, 2]}


def test_a_ratio_is_formed_within_each_round():
    """A round in which the whole machine was half as fast changes no ratio."""
    assert ratio([10, 5], [5, 2.5]) == Figure(2, 2, 2)


@pytest.mark.parametrize(
    ("goal", "value", "is_met"),
    [
        (Goal(1.2), 1.2, True),
        (Goal(1.2), 1.19, False),
        (Goal(5, "at most"), 5, True),
        (Goal(5, "at most"), 5.1, False),
        (Goal(20, "below"), 20, False),
        (Goal(20, "below"), 19.9, True),
    ],
)
def test_a_goal_knows_its_own_bound(goal, value, is_met):
    """`at least` and `at most` include the bound, `below` does not."""
    assert goal.is_met(value) is is_met


def test_the_median_decides_and_no_goal_means_no_verdict():
    """One lucky round meets nothing."""
    lucky = Row("x", Figure.of([0.5, 0.6, 9]), "x", Goal(1))
    plain = Row("x", Figure.of([1]), "x")

    assert lucky.verdict == "not met"
    assert plain.verdict == ""
