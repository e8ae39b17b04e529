"""What a load leaves."""

import csv
import json

from scalelab.lab.load.files import CSV_COLUMNS, seconds_as_csv, write_histogram_log, write_json
from scalelab.lab.load.recorder import SecondRow
from scalelab.lab.load.result import result_of
from scalelab.lab.results.histogram_log import read_histograms


def row(second, completed):
    return SecondRow(
        start_s=second,
        end_s=second + 1.0,
        sent=completed,
        completed=completed,
        failed=0,
        timed_out=0,
        latency_sum_s=completed * 0.1,
        in_flight=0,
        cpu_s=0.01,
    )


def test_every_column_has_its_unit_and_nothing_is_made_up():
    """A second without an answer has no mean, not a mean of 0."""
    lines = list(csv.DictReader(seconds_as_csv([row(0, 10), row(1, 0)]).splitlines()))

    assert tuple(lines[0]) == CSV_COLUMNS
    assert (lines[0]["latency_mean_s"], lines[0]["completed_per_s"]) == ("0.100000", "10.000")
    assert lines[1]["latency_mean_s"] == ""


def test_json_holds_the_promised_keys(tmp_path, outcome_of):
    """Others rely on them."""
    file = tmp_path / "result.json"

    write_json(file, result_of(outcome_of(completed=[0.1] * 30)))

    result = json.loads(file.read_text())
    assert {
        "offered", "sent", "completed", "failed", "timed_out", "censored", "validity", "latency_intended_s",
        "latency_actual_s",
    } <= result.keys()  # fmt: skip
    assert {"p50", "p90", "p99", "p99_9", "max", "mean"} <= result["latency_actual_s"].keys()
    assert result["latency_actual_s"]["p99"] is None


def test_the_histogram_log_can_be_read_again(tmp_path, outcome_of):
    """By the package's reader, with every sample."""
    file = tmp_path / "load.hlog"

    write_histogram_log(file, outcome_of(completed=[0.1] * 30, timed_out=[1.0] * 2).tally, ["GET /"], 0.0, 10.0)

    histograms = read_histograms(file)
    assert histograms["intended:GET /:completed"].count == 30
    assert histograms["intended:GET /:timed_out"].count == 2
