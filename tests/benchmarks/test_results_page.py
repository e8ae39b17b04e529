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


def test_what_was_not_measured_anew_stays_with_its_date():
    """One section of two again: the other keeps its figures, its place, its date and its revision."""
    how = "## How it was measured\n\nsomehow"
    other = Section("Other", (Row("twice", Figure.of([2]), "s"),))
    before = results_page(MACHINE, how, [SECTION, other])
    later = replace(MACHINE, measured_at="2026-02-02T00:00:00+00:00", revision="def")

    page = results_page(later, how, [Section("Work", (Row("now", Figure.of([3]), "s"),))], before)
    again = results_page(later, how, [Section("Work", (Row("now", Figure.of([3]), "s"),))], page)

    assert page == again
    assert page.index("| now | 3 |") < page.index("## Other") < page.index("| twice | 2 |")
    assert "ours / theirs" not in page
    assert page.count("## How it was measured") == 1
    assert "Measured 2026-01-01T00:00:00+00:00, revision abc." in page
    assert page.count("revision def") == 2


def test_a_page_without_dates_of_sections_gives_them_its_own():
    """Pages of an earlier form had one date, at the top."""
    head = "# Benchmark results\n\n- Measured 2025-05-05T00:00:00+00:00, revision aaa\n"
    old = f"{head}\n## Old\n\n| a |\n\n## How it was measured\n"

    page = results_page(MACHINE, "## How it was measured\n", [SECTION], old)

    assert (
        page.index("## Old") < page.index("Measured 2025-05-05T00:00:00+00:00, revision aaa.") < page.index("## Work")
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.07774, "0.0777"), (1.5, "1.5"), (144.7, "145"), (12_933.4, "12,933"), (0, "0"), (99.96, "100")],
)
def test_numbers_have_the_digits_that_count(value, text):
    """Three of them; whole from a hundred on."""
    assert number(value) == text
