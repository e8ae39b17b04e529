"""The report as data."""

import re

from scalelab.lab.report.content import make_content
from scalelab.lab.results.hdr_histogram import HdrHistogram
from scalelab.lab.results.run_record import Caveat


def test_the_table_has_the_classic_columns_and_ours(classic, manifest):
    """Scenario, response, rate, failures; then prediction, Little, hits, validity."""
    content = make_content(manifest(classic), classic, ())

    assert content.summary.head[:4] == ("Scenario", "Avg Response Time (ms)", "Requests/s", "Failures")
    assert content.summary.rows[0] == (
        "1 gateway, miss",
        "14,100",
        "63.7",
        "0",
        "16,920",
        "64.0",
        "994 / 1,000",
        "0.0%",
        "valid",
    )
    assert content.is_valid


def test_a_caveat_that_concerns_several_scenarios_is_told_once(record):
    """With all their titles."""
    caveat = Caveat(kind="machine-busy", text="Busy.", advice="More cores.")

    content = make_content(None, [record(1, caveats=(caveat,)), record(3, caveats=(caveat,))], ())

    assert [doubt.scenarios for doubt in content.doubts] == [("1 gateway, miss", "3 gateways, miss")]


def test_what_is_missing_makes_the_report_not_valid(classic, manifest):
    """Even if everything that is there is valid."""
    assert not make_content(manifest(classic), classic, ("run.json is missing",)).is_valid


def test_nothing_at_all_is_a_report_too():
    """Without manifest and records."""
    content = make_content(None, (), ("manifest.json is missing",))

    assert content.summary.rows == ()
    assert not content.is_valid


def test_zero_requests_are_dashes(nothing):
    """Never 0 ms."""
    row = make_content(None, [nothing()], ()).summary.rows[0]

    assert row == ("1 gateway, miss", "-", "-", "0", "-", "-", "- / 1,000", "-", "no-data")


def test_several_runs_have_error_bars(record):
    """In the cell, and explained."""
    records = [record(repetition=number, throughput_per_s=62.0 + number) for number in (1, 2, 3)]

    content = make_content(None, records, ())

    assert content.summary.rows[0][2] == "64.0 ± 2.5"
    assert any("95 % interval over runs" in line for line in content.method)


def test_one_run_says_that_it_has_none(record):
    """A few percent mean nothing."""
    assert any("no error bar" in line for line in make_content(None, [record()], ()).method)


def test_p99_over_several_runs_has_an_interval_with_both_ends(record):
    """From the runs' histograms, merged."""
    histograms = {("results_1_gateway_miss", number): histogram_of(number) for number in (1, 2, 3)}
    records = [record(repetition=number) for number in (1, 2, 3)]

    cell = make_content(None, records, (), histograms).summary.rows[0][4]

    assert re.fullmatch(r"1,0[0-9]{2} \([0-9,]+ to [0-9,]+\)", cell)


def test_runs_in_random_order_are_told_in_the_order_of_the_experiment(classic, manifest):
    """Scenario by scenario."""
    planned = manifest(classic).model_copy(update={"scenarios": tuple(record.scenario for record in classic)})

    content = make_content(planned, [classic[2], classic[0], classic[3], classic[1]], ())

    assert [row[0] for row in content.summary.rows] == [record.title for record in classic]


def test_objectives_stand_in_the_table_and_in_sentences(record, manifest):
    """Before the validity; without objectives there is no such column."""
    planned = manifest([record()]).model_copy(update={"experiment_as_run": {"slo": {"mean": "< 1 s"}}})

    content = make_content(planned, [record()], ())

    assert content.summary.head[-2:] == ("SLO", "Validity")
    assert content.summary.rows[0][-2] == "violated: mean < 1 s"
    assert content.objective_lines == ("1 gateway, miss: mean < 1 s: violated, mean is 14,100 ms.",)
    assert content.has_objective("violated")


def test_why_an_open_number_of_repetitions_ended_is_told(record, manifest):
    """Narrow enough, or the budget."""
    planned = manifest([record()]).model_copy(update={"until": "every interval is narrow", "ended": "ended at last"})

    method = make_content(planned, [record()], ()).method

    assert "Repeated until every interval is narrow: ended at last." in method


def histogram_of(number):
    histogram = HdrHistogram()
    histogram.record(1_000_000 + 10_000 * number, 9000)
    return histogram
