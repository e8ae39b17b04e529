"""What the worker process tells Prometheus about its members, read when it is asked."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from scalelab.contracts import metric_names
from scalelab.stack.load_balancer.python_engine.pool import MemberPool


class MemberMeasures(Collector):
    """A member that was removed takes its series with it."""

    def __init__(self, pool: MemberPool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        """Labelled by member, but for the last."""
        requests = CounterMetricFamily(
            metric_names.MEMBER_REQUESTS_TOTAL, "Attempts of requests at the member.", labels=["member"]
        )
        in_flight = GaugeMetricFamily(
            metric_names.MEMBER_REQUESTS_IN_FLIGHT, "Requests the member has now.", labels=["member"]
        )
        is_up = GaugeMetricFamily(metric_names.MEMBER_UP, "1: takes traffic.", labels=["member"])
        ejections = CounterMetricFamily(
            metric_names.MEMBER_EJECTIONS_TOTAL, "Times that it was left alone for its failures.", labels=["member"]
        )
        for pooled in self._pool.members:
            labels = [pooled.name]
            requests.add_metric(labels, pooled.answered)
            in_flight.add_metric(labels, pooled.in_flight)
            is_up.add_metric(labels, pooled.takes_traffic)
            ejections.add_metric(labels, pooled.ejected)
        is_in_panic = GaugeMetricFamily(
            metric_names.BALANCER_IN_PANIC, "1: all are used, whatever their checks say.", self._pool.is_in_panic
        )
        yield from (requests, in_flight, is_up, ejections, is_in_panic)
