"""Plain numbers come out as the metrics that the library would have made."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from scalelab.contracts import metric_names
from scalelab.stack.service_kit.request_counts import DURATION_BUCKETS_S, RequestCounts


@given(durations_s=st.lists(st.one_of(st.floats(0, 200), st.sampled_from(DURATION_BUCKETS_S)), max_size=20))
def test_durations_are_those_of_a_histogram(durations_s):
    """Bucket by bucket, count and sum."""
    counts, registry, theirs = RequestCounts(), CollectorRegistry(), CollectorRegistry()
    registry.register(counts)
    histogram = Histogram(
        metric_names.REQUEST_DURATION_SECONDS, "text", ["route"], buckets=DURATION_BUCKETS_S, registry=theirs
    )
    for duration_s in durations_s:
        counts.durations("/data").observe(duration_s)
        histogram.labels("/data").observe(duration_s)

    assert samples(registry) == samples(theirs)


def test_answers_are_counted_by_route_method_and_status():
    """Each has a number of its own, which is the same one each time."""
    counts, registry = RequestCounts(), CollectorRegistry()
    registry.register(counts)
    for status in (200, 200, 404):
        counts.answers("/data", "GET", status).number += 1
    counts.in_flight += 1

    labels = {"route": "/data", "method": "GET"}
    assert registry.get_sample_value("scalelab_requests_total", {**labels, "status": "200"}) == 2
    assert registry.get_sample_value("scalelab_requests_total", {**labels, "status": "404"}) == 1
    assert registry.get_sample_value("scalelab_requests_in_flight") == 1


def samples(registry):
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if line.startswith("scalelab_request_duration") and "_created" not in line]
