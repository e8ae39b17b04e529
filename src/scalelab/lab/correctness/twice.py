"""Whether tasks were done twice, by how often workers did their work to its end. Pure, and told after the load only.

Never invents one: a task that was named may have been refused, and then hides one that was done twice.
"""

from collections.abc import Mapping

from scalelab.lab.correctness.proofs import Defect

DONE_TWICE: Defect = "done twice"


def with_executions(defects: Mapping[str, int], handed_in: int, executed: int | None) -> dict[str, int]:
    """The defects found in answers, and those that only the workers' counts show.

    Args:
        defects: as the load counted them.
        handed_in: names under which tasks were handed in; each is one task at most.
        executed: executions to the end, of all workers, since the load began; None when not known.

    A name that became two tasks is in both counts, so the larger one holds all.
    """
    surplus = 0 if executed is None else max(0, executed - handed_in)
    twice = max(defects.get(DONE_TWICE, 0), surplus)
    return {**defects, DONE_TWICE: twice} if twice else dict(defects)
