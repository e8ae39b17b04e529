"""Objectives of a scenario: kept, violated, or not to be told."""

import pytest

from scalelab.lab.objectives import parse_objectives
from scalelab.lab.report.objective_verdicts import judge_objectives, objectives_text
from scalelab.lab.report.scenario_figures import figures_of


def judged(records, **slo):
    return judge_objectives(parse_objectives(slo), figures_of(records)[0])


@pytest.mark.parametrize(
    ("slo", "verdict"),
    [
        ({"mean": "< 15 s"}, "met"),
        ({"mean": "< 14 s"}, "violated"),
        ({"p99": "<= 17 s"}, "met"),
        ({"p99": "< 200 ms"}, "violated"),
        ({"errors": "< 0.1 %"}, "met"),
        ({"rate": "> 60 /s"}, "met"),
        ({"rate": "> 70 /s"}, "violated"),
        ({"p99_9": "< 1 s"}, "undecided"),
    ],
)
def test_a_bound_holds_or_does_not(record, slo, verdict):
    """14.1 s mean, 16.92 s p99, 63.7/s, no failure; p99.9 has too few samples."""
    assert [told.verdict for told in judged([record()], **slo)] == [verdict]


def test_requests_without_an_answer_cannot_help_to_keep_an_objective(record):
    """The mean of the good ones is below the bound, but 986 are missing from it."""
    books = record().books.model_copy(update={"censored": 986})

    (told,) = judged([record(books=books)], mean="< 15 s")

    assert told.verdict == "undecided"
    assert "986 requests had no answer" in told.sentence


def test_failures_count(record):
    """99 of 9900 ended badly."""
    books = record().books.model_copy(update={"completed": 9801, "failed": 99})

    (told,) = judged([record(books=books)], errors="< 0.1 %")

    assert told.verdict == "violated"
    assert "errors is 1.0%" in told.sentence


def test_an_interval_over_the_bound_is_told(record):
    """62 and 66/s: the mean of 64/s is above 63/s, but more runs are needed to know it."""
    records = [record(throughput_per_s=62.0), record(repetition=2, throughput_per_s=66.0)]

    (told,) = judged(records, rate="> 63 /s")

    assert told.verdict == "met"
    assert "both sides" in told.sentence


def test_the_cell_names_what_is_not_met(record):
    """And nothing else."""
    told = judged([record()], mean="< 14 s", rate="> 60 /s")

    assert objectives_text(told) == "violated: mean < 14 s"
    assert objectives_text(told[1:]) == "met"
