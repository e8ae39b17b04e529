"""Whether tasks were done twice or not at all, by what the system says after the load. Pure.

Never invents one: a task that was named may have been refused, and then hides one that was done twice.
"""

from collections.abc import Mapping

from scalelab.lab.correctness.proofs import Defect
from scalelab.lab.results.run_record import TaskCheck

DONE_TWICE: Defect = "done twice"
LOST: Defect = "lost"


def with_task_defects(defects: Mapping[str, int], tasks: TaskCheck) -> dict[str, int]:
    """The defects found in answers, and those that only show afterwards.

    A name that became two tasks is among the answers and among the executions, so the larger number holds all.
    """
    surplus = 0 if tasks.executed is None else max(0, tasks.executed - tasks.handed_in)
    twice = max(defects.get(DONE_TWICE, 0), surplus)
    lost = tasks.outcomes.lost if tasks.outcomes is not None else 0
    found = {DONE_TWICE: twice, LOST: lost}
    return {**defects, **{defect: number for defect, number in found.items() if number}}
