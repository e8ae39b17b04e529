"""The metrics that every service has. A service adds its own to the same registry."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from scalelab.stack.service_kit.request_counts import RequestCounts


class ServiceMetrics:
    """One registry of one process, with the request metrics in it."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.before_scrape: list[Callable[[], None]] = []
        """Called before each scrape: counts that are kept elsewhere are brought in here."""
        self.requests = RequestCounts()
        self.registry.register(self.requests)

    def count(self, name: str, text: str, read: Callable[[], float]) -> None:
        """A counter that is kept elsewhere: read before each scrape, and never lower than before."""
        counter, told = Counter(name, text, registry=self.registry), [0.0]

        def bring_in() -> None:
            total = max(told[0], read())
            counter.inc(total - told[0])
            told[0] = total

        self.before_scrape.append(bring_in)

    def count_by(self, name: str, text: str, label: str, read: Callable[[], Mapping[str, float]]) -> None:
        """A counter of several, told apart by one label of few values: likewise read before each scrape."""
        counter, told = Counter(name, text, [label], registry=self.registry), dict[str, float]()

        def bring_in() -> None:
            for value, total in read().items():
                counter.labels(value).inc(max(0.0, total - told.get(value, 0.0)))
                told[value] = max(total, told.get(value, 0.0))

        self.before_scrape.append(bring_in)

    def exposition(self) -> bytes:
        """The registry in Prometheus' text format."""
        for bring_in in self.before_scrape:
            bring_in()
        return generate_latest(self.registry)
