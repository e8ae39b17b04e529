"""Long tasks in the report: what became of them."""

from scalelab.lab.report.task_content import TASKS_HEAD, task_rows
from scalelab.lab.results.run_record import TaskCheck, TaskOutcomes

OUTCOMES = TaskOutcomes(acknowledged=1206, looked_up=1200, succeeded=1190, given_up=1, lost=2)


def row_of(record, **fields):
    (row,) = task_rows([record(), record(**fields)])
    return dict(zip(TASKS_HEAD, row, strict=True))


def test_a_run_with_tasks_is_a_row(record):
    """And no other is."""
    row = row_of(record, tasks=TaskCheck(handed_in=1209, executed=None, outcomes=OUTCOMES), defects={"done twice": 1})

    assert list(row.values()) == [
        "1 gateway, miss",
        *("1,209", "1,206", "1,200", "1,190", "1", "7", "2", "1"),
    ]


def test_what_was_not_looked_for_is_no_number(record):
    """A dash, never 0."""
    row = row_of(record, tasks=TaskCheck(handed_in=5, executed=5))

    assert (row["Handed in"], row["Succeeded"], row["Lost"], row["Done twice"]) == ("5", "-", "-", "0")
