"""Executions held against what was handed in."""

import pytest

from scalelab.lab.correctness.twice import with_executions


@pytest.mark.parametrize(
    ("defects", "handed_in", "executed", "found"),
    [
        ({}, 10, 10, {}),
        ({}, 10, 13, {"done twice": 3}),
        ({}, 10, 8, {}),
        ({}, 10, None, {}),
        ({"torn": 1}, 10, 11, {"torn": 1, "done twice": 1}),
        ({"done twice": 2}, 10, 12, {"done twice": 2}),
        ({"done twice": 2}, 10, 13, {"done twice": 3}),
        ({"done twice": 2}, 10, None, {"done twice": 2}),
    ],
)
def test_what_was_done_more_often_than_handed_in_was_done_twice(defects, handed_in, executed, found):
    """Fewer executions prove nothing: a task may have been refused. Nothing is counted in both ways."""
    assert with_executions(defects, handed_in, executed) == found
