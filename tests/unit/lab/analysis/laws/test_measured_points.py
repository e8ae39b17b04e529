"""What can be said of measurements without a law."""

import numpy as np
import pytest

from scalelab.lab.analysis.laws.measured_points import caveats_of, runs_test, weights_of


def test_a_missing_first_point_and_a_superlinear_start_are_told():
    """What no law here describes."""
    assert caveats_of([1, 18, 36, 72], [64.9, 995.9, 1652.4, 1853.2]) == ()
    assert "no measurement at N = 1" in caveats_of([2, 4, 8], [20, 38, 70])[0]
    assert "faster than linear" in caveats_of([1, 2, 4], [10, 30, 50])[0]


@pytest.mark.parametrize(
    ("signs", "chance"),
    [
        ([1, 1, 1, -1, -1, -1], 0.1),
        ([1, -1, 1, -1, 1, -1], 1.0),
        ([1, 1, 1, 1], None),
        ([1] * 8 + [-1] * 8, 2 / 12870),
    ],
)
def test_runs_of_one_sign(signs, chance):
    """The exact distribution: 2 of 20 orders have two runs."""
    assert runs_test(signs) == (None if chance is None else pytest.approx(chance))


def test_sizes_weigh_by_the_scatter_of_their_repetitions():
    """At N = 4 rates scatter ten times as much: but they weigh more than a tenth: three tell little of a variance."""
    sizes = [1, 1, 1, 2, 2, 2, 4, 4, 4]
    rates = [99, 100, 101, 199, 200, 201, 390, 400, 410]

    weights = weights_of(sizes, rates)

    assert np.mean(np.square(weights)) == pytest.approx(1.0)
    assert weights[0] / weights[-1] == pytest.approx(np.sqrt((100 + 34) / (1 + 34)), rel=0.01)


def test_few_repetitions_weigh_alike():
    """Two at one size say nothing of the scatter; nor do measurements that do not scatter."""
    assert weights_of([1, 1, 1, 2, 2, 4, 4, 4], [9, 10, 11, 20, 21, 39, 40, 41]) is None
    assert weights_of([1, 1, 1, 2, 2, 2, 4, 4, 4], [10.0] * 9) is None
