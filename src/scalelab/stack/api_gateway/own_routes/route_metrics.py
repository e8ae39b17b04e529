"""What routes of one's own did, as plain numbers by path. A route that is gone takes its series with it.

Their answers by status, and durations, are those of all routes (`scalelab_requests_total`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from scalelab.contracts import metric_names
from scalelab.stack.api_gateway.upstream_slots import UpstreamSlots
from scalelab.stack.service_kit.metrics import ServiceMetrics


class RouteCounts:
    """Of the routes of one path; one that is changed goes on counting."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        """By `X-Cache`."""
        self.asked = 0
        """Attempts at its service."""
        self.limited = 0
        self.without_slot = 0
        self.slots: UpstreamSlots | None = None


class RouteMetrics(Collector):
    """Of one gateway."""

    def __init__(self, metrics: ServiceMetrics) -> None:
        self._counts: dict[str, RouteCounts] = {}
        metrics.registry.register(self)

    def of(self, path: str) -> RouteCounts:
        """Where the routes of a path are counted."""
        return self._counts.setdefault(path, RouteCounts())

    def keep(self, paths: Iterable[str]) -> None:
        """There are no other routes now."""
        kept = frozenset(paths)
        for path in [path for path in self._counts if path not in kept]:
            del self._counts[path]

    def collect(self) -> Iterator[Metric]:
        """See `Collector`."""
        outcomes = CounterMetricFamily(
            metric_names.ROUTE_OUTCOMES_TOTAL, "Answers by X-Cache.", labels=["route", "outcome"]
        )
        asked = CounterMetricFamily(metric_names.ROUTE_ASKED_TOTAL, "Attempts at its service.", labels=["route"])
        limited = CounterMetricFamily(metric_names.ROUTE_LIMITED_TOTAL, "Refused by its limit.", labels=["route"])
        without = CounterMetricFamily(metric_names.ROUTE_WITHOUT_SLOT_TOTAL, "No slot came free.", labels=["route"])
        in_use = GaugeMetricFamily(metric_names.ROUTE_SLOTS_IN_USE, "Open towards its service.", labels=["route"])
        for path, counts in self._counts.items():
            for outcome, number in counts.outcomes.items():
                outcomes.add_metric([path, outcome], number)
            asked.add_metric([path], counts.asked)
            limited.add_metric([path], counts.limited)
            without.add_metric([path], counts.without_slot)
            in_use.add_metric([path], 0 if counts.slots is None else counts.slots.in_use)
        yield from (outcomes, asked, limited, without, in_use)
