"""Faults in the report: a row for each, and what the columns mean."""

import pytest

from scalelab.lab.report.fault_content import FAULTS_HEAD, fault_rows, fault_sentences
from scalelab.lab.results.run_record import FaultOutcome

FROZEN = FaultOutcome(
    what="freeze api_gateway-1 for 5 s",
    began_s=18.02,
    ended_s=23.31,
    noticed_after_s=0.61,
    failed=0,
    recovered_after_s=0.9,
    quick_after_s=5.2,
    slowest_s=5.0,
)


def row_of(record, outcome):
    (row,) = fault_rows([record(faults=(outcome,))])
    return dict(zip(FAULTS_HEAD, row, strict=True))


def test_a_fault_and_what_it_cost(record):
    """Times from its beginning, and how long clients felt it."""
    row = row_of(record, FROZEN)

    assert (row["Fault"], row["At"], row["Undone after"]) == ("freeze api_gateway-1 for 5 s", "18.0 s", "5.29 s")
    assert (row["Noticed after"], row["Requests lost"]) == ("0.61 s", "0")
    assert (row["Full rate after"], row["Quick again after"]) == ("0.90 s", "5.20 s")
    assert row["Slowest answer (ms)"] == "5,000"
    assert row["Hit ratio back after"] == "-"


@pytest.mark.parametrize(
    ("changes", "column", "text"),
    [
        ({"recovered_after_s": 0.0}, "Full rate after", "never otherwise"),
        ({"recovered_after_s": None}, "Full rate after", "not before the end"),
        ({"recovered_after_s": None, "slowest_s": None, "failed": None}, "Full rate after", "-"),
        ({"failed": None}, "Requests lost", "-"),
        ({"hit_ratio_before": 0.8, "hits_back_after_s": 3.2}, "Hit ratio back after", "3.20 s"),
        ({"hit_ratio_before": 0.8, "hits_back_after_s": None}, "Hit ratio back after", "not before the end"),
        ({"noticed_after_s": None}, "Noticed after", "not noticed"),
    ],
)
def test_what_did_not_happen_or_is_not_known_is_no_number(record, changes, column, text):
    """Never felt, never over, not counted: three different things."""
    assert row_of(record, FROZEN.model_copy(update=changes))[column] == text


def test_each_run_has_its_own_row(record):
    """With its number, from the second on."""
    rows = fault_rows([record(faults=(FROZEN,)), record(repetition=2, faults=(FROZEN, FROZEN))])

    assert [row[0] for row in rows] == ["1 gateway, miss", "1 gateway, miss (run 2)", "1 gateway, miss (run 2)"]


def test_a_fault_that_went_wrong_is_told(record):
    """With the reason; without faults nothing is said."""
    failed = FROZEN.model_copy(update={"trouble": "api_gateway-1 did not come back within 30 s"})

    assert fault_sentences([record()]) == ()
    assert fault_sentences([record(faults=(failed,))])[1] == (
        "1 gateway, miss: freeze api_gateway-1 for 5 s: api_gateway-1 did not come back within 30 s."
    )
