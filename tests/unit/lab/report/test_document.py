"""A report for programs."""

import json

from scalelab.lab.report.content import make_content
from scalelab.lab.report.document import document_of


def test_figures_are_unrounded_and_what_is_unknown_is_null(classic, manifest):
    """Seconds and requests a second; no interval with single runs."""
    document = json.loads(json.dumps(document_of(make_content(manifest(classic), classic, ()))))

    first = document["scenarios"][0]
    assert (first["scenario"], first["response_mean_s"], first["throughput_per_s"]) == (
        "results_1_gateway_miss",
        14.1,
        63.7,
    )
    assert first["throughput_interval_per_s"] is None
    assert first["percentiles_s"]["p99.9"] is None
    assert first["validity"] == ["valid"]
    assert document["is_valid"]
    assert len(document["answer"]) == 2


def test_an_interval_has_two_ends_around_its_figure(record):
    """95 %, over runs."""
    runs = [record(repetition=number, throughput_per_s=rate) for number, rate in enumerate((63.0, 64.0, 65.0), 1)]

    (scenario,) = document_of(make_content(None, runs, ()))["scenarios"]

    low, high = scenario["throughput_interval_per_s"]
    assert scenario["runs"] == 3
    assert low < scenario["throughput_per_s"] == 64.0 < high
