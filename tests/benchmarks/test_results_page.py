"""The page that a reader sees."""

from dataclasses import replace

import pytest
from benchmarks.comparison import Figure, Goal, Row, Section
from benchmarks.machine import Machine
from benchmarks.results_page import number, results_page

MACHINE = Machine(
    measured_at="2026-01-01T00:00:00+00:00",
    revision="abc",
    system="Linux",
    processor="a processor",
    memory_gib=8,
    load_average=(0.1, 0.2, 0.3),
    busy_share=0.02,
    versions=("one 1",),
)
SECTION = Section("Work", (Row("ours / theirs", Figure(1.234, 1.1, 1.3), "x", Goal(1.2), "busy"),), ("A note.",))


def test_a_row_shows_figure_goal_and_verdict():
    """All that one needs to judge stands in one line."""
    page = results_page(MACHINE, "how", [SECTION])

    assert "| ours / theirs | 1.23 | 1.1 | 1.3 | x | ≥ 1.2 | **met** | busy |" in page


def test_a_shared_machine_is_said_at_the_top():
    """Figures of a busy machine must not be taken for those of a quiet one."""
    quiet = results_page(MACHINE, "how", [])
    busy = results_page(replace(MACHINE, busy_share=0.5), "how", [])

    assert "shared" not in quiet
    assert "The machine was shared" in busy


def test_a_single_value_has_no_range():
    """What was measured once shows no least and greatest."""
    page = results_page(MACHINE, "how", [Section("Work", (Row("once", Figure.of([7]), "s"),))])

    assert "| once | 7 |  |  | s |  |  |  |" in page


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.07774, "0.0777"), (1.5, "1.5"), (144.7, "145"), (12_933.4, "12,933"), (0, "0"), (99.96, "100")],
)
def test_numbers_have_the_digits_that_count(value, text):
    """Three of them; whole from a hundred on."""
    assert number(value) == text
