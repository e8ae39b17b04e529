"""Tasks held against what the system says that it did."""

import pytest

from scalelab.lab.correctness.task_defects import with_task_defects
from scalelab.lab.results.run_record import TaskCheck, TaskOutcomes


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
    assert with_task_defects(defects, TaskCheck(handed_in=handed_in, executed=executed)) == found


@pytest.mark.parametrize(("lost", "found"), [(0, {"torn": 1}), (2, {"torn": 1, "lost": 2})])
def test_what_was_acknowledged_and_is_unknown_is_lost(lost, found):
    """However the others ended; what is still under way is not lost."""
    outcomes = TaskOutcomes(acknowledged=20, looked_up=15, succeeded=9, given_up=1, lost=lost)

    tasks = TaskCheck(handed_in=20, executed=None, outcomes=outcomes)

    assert with_task_defects({"torn": 1}, tasks) == found
    assert outcomes.unfinished == 5 - lost
