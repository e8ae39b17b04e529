"""What became of the long tasks, as a reader finds it. Pure."""

from collections.abc import Sequence

from scalelab.lab.correctness.task_defects import DONE_TWICE
from scalelab.lab.report import figures as shown
from scalelab.lab.results.run_record import RunRecord, TaskCheck

TASKS_HEAD = (
    "Scenario",
    "Handed in",
    "Acknowledged",
    "Looked up afterwards",
    "Succeeded",
    "Given up",
    "Still under way",
    "Lost",
    "Done twice",
)


def task_rows(records: Sequence[RunRecord]) -> tuple[tuple[str, ...], ...]:
    """One for each run with tasks."""
    return tuple(
        (shown.run_title(record), *_figures(record.tasks, record.defects.get(DONE_TWICE, 0)))
        for record in records
        if record.tasks is not None
    )


def _figures(tasks: TaskCheck, done_twice: int) -> tuple[str, ...]:
    outcomes = tasks.outcomes
    if outcomes is None:
        return (shown.whole(tasks.handed_in), *[shown.ABSENT] * 6, shown.whole(done_twice))
    found = (outcomes.succeeded, outcomes.given_up, outcomes.unfinished, outcomes.lost)
    return tuple(map(shown.whole, (tasks.handed_in, outcomes.acknowledged, outcomes.looked_up, *found, done_twice)))
