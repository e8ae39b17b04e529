"""Chosen metrics out of any text."""

from hypothesis import given
from hypothesis import strategies as st

from scalelab.lab.probes.exposition import busy_metrics, labelled_samples, metric_sums

TEXT = """# HELP scalelab_requests_total Answers of this process.
# TYPE scalelab_requests_total counter
scalelab_requests_total{method="GET",route="/data",status="200"} 3.0
scalelab_requests_total{method="GET",route="/process",status="200"} 4.0
scalelab_requests_total_created{method="GET"} 1.7e+09
scalelab_requests_in_flight 2.0
scalelab_upstream_queue_length 0.0
haproxy_frontend_current_sessions{proxy="public"} 9
scalelab_broken NaN
"""


def test_labels_are_summed_and_absent_metrics_are_left_out():
    """Two routes make one number; what is not there is not 0."""
    sums = metric_sums(TEXT, ["scalelab_requests_total", "scalelab_requests_in_flight", "scalelab_not_there"])

    assert sums == {"scalelab_requests_total": 7.0, "scalelab_requests_in_flight": 2.0}


def test_samples_come_with_their_labels():
    """Also those that have none; what is no number is passed over, and so is what was not asked for."""
    samples = list(labelled_samples(TEXT, ["scalelab_requests_total", "scalelab_requests_in_flight"]))

    assert samples == [
        ("scalelab_requests_total", {"method": "GET", "route": "/data", "status": "200"}, 3.0),
        ("scalelab_requests_total", {"method": "GET", "route": "/process", "status": "200"}, 4.0),
        ("scalelab_requests_in_flight", {}, 2.0),
    ]


def test_busy_metrics_are_those_above_zero():
    """A queue of 0 is quiet."""
    names = ["scalelab_requests_in_flight", "scalelab_upstream_queue_length"]

    assert busy_metrics(TEXT, names) == {"scalelab_requests_in_flight": 2.0}


@given(st.text())
def test_any_text_is_survived(text):
    """A process may answer with anything."""
    metric_sums(text, ["scalelab_requests_total"])
