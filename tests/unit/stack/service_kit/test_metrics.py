"""Every service exposes the same request metrics under the names of the contract."""

from prometheus_client.parser import text_string_to_metric_families

from scalelab.contracts import metric_names
from scalelab.stack.service_kit.metrics import ServiceMetrics


def _samples(metrics):
    text = metrics.exposition().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_names_are_those_of_the_contract():
    """What was counted is found under the contract's names."""
    metrics = ServiceMetrics()
    metrics.requests.answers("/data", "GET", 200).number += 1
    metrics.requests.durations("/data").observe(0.1)
    metrics.requests.in_flight += 1

    samples = _samples(metrics)

    labels = (("method", "GET"), ("route", "/data"), ("status", "200"))
    assert samples[metric_names.REQUESTS_TOTAL, labels] == 1
    assert samples[metric_names.REQUEST_DURATION_SECONDS + "_count", (("route", "/data"),)] == 1
    assert samples[metric_names.REQUESTS_IN_FLIGHT, ()] == 1


def test_a_duration_on_a_bound_falls_into_that_bucket():
    """Bounds are inclusive: 100 ms counts as at most 0.1 s."""
    metrics = ServiceMetrics()

    metrics.requests.durations("/data").observe(0.1)

    samples = _samples(metrics)
    bucket = metric_names.REQUEST_DURATION_SECONDS + "_bucket"
    assert samples[bucket, (("le", "0.05"), ("route", "/data"))] == 0
    assert samples[bucket, (("le", "0.1"), ("route", "/data"))] == 1


def test_two_services_in_one_process_share_nothing():
    """A registry belongs to one service."""
    first, second = ServiceMetrics(), ServiceMetrics()

    first.requests.in_flight += 1

    assert _samples(second)[metric_names.REQUESTS_IN_FLIGHT, ()] == 0


def test_a_count_that_is_kept_elsewhere_is_up_to_date_at_each_scrape():
    """It is read before each, and a counter never falls."""
    metrics, kept, told = ServiceMetrics(), [0.0], []
    metrics.count("held_seconds_total", "Held.", lambda: kept[0])

    for value in (6.0, 12.5, 12.0):
        kept[0] = value
        metrics.exposition()
        told.append(metrics.registry.get_sample_value("held_seconds_total"))

    assert told == [6.0, 12.5, 12.5]


def test_counts_of_several_are_told_apart_by_a_label():
    """Each by itself; none ever falls."""
    metrics, kept = ServiceMetrics(), {"a": 1.0, "b": 5.0}
    metrics.count_by("shed_total", "Shed.", "priority", lambda: kept)
    metrics.exposition()

    kept.update(a=3.0, b=4.0)
    metrics.exposition()

    told = {name: metrics.registry.get_sample_value("shed_total", {"priority": name}) for name in "ab"}
    assert told == {"a": 3.0, "b": 5.0}
