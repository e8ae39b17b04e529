"""The metrics that every service has. A service adds its own to the same registry."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from scalelab.contracts import metric_names

DURATION_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)


class ServiceMetrics:
    """One registry of one process, with the request metrics in it."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.before_scrape: list[Callable[[], None]] = []
        """Called before each scrape: counts that are kept elsewhere are brought in here."""
        self.requests = Counter(
            metric_names.REQUESTS_TOTAL,
            "Answers of this process.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        self.duration = Histogram(
            metric_names.REQUEST_DURATION_SECONDS,
            "First byte in to last byte out.",
            ["route"],
            buckets=DURATION_BUCKETS_S,
            registry=self.registry,
        )
        self.in_flight = Gauge(
            metric_names.REQUESTS_IN_FLIGHT, "Requests being answered now.", registry=self.registry
        )

    def count(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A counter that is kept elsewhere: read before each scrape, and never lower than before."""
        counter, told = Counter(name, text, registry=self.registry), [0.0]

        def bring_in() -> None:
            total = max(told[0], read())
            counter.inc(total - told[0])
            told[0] = total

        self.before_scrape.append(bring_in)

    def exposition(self) -> bytes:
        """The registry in Prometheus' text format."""
        for bring_in in self.before_scrape:
            bring_in()
        return generate_latest(self.registry)
