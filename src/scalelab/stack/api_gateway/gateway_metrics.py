"""The gateway's own metrics, in the registry of the service. Labels are route templates and fault kinds only."""

from prometheus_client import Counter, Gauge
from starlette.requests import Request

from scalelab.contracts import metric_names
from scalelab.contracts.priorities import PRIORITIES
from scalelab.stack.api_gateway.hot_path.hot_table import HotTable
from scalelab.stack.api_gateway.upstream_slots import UpstreamSlots
from scalelab.stack.cache import FaultKind
from scalelab.stack.service_kit.metrics import ServiceMetrics


class CacheMetrics:
    """Hits, misses and faults. A request that asks the cache to stand aside is neither hit nor miss."""

    def __init__(self, metrics: ServiceMetrics) -> None:
        registry = metrics.registry
        self._hits = Counter(metric_names.CACHE_HITS_TOTAL, "Answers from the cache.", ["route"], registry=registry)
        self._misses = Counter(
            metric_names.CACHE_MISSES_TOTAL, "Looked up and not found.", ["route"], registry=registry
        )
        self._faults = Counter(
            metric_names.CACHE_FAULTS_TOTAL, "Calls that met a fault.", ["kind"], registry=registry
        )

    def hit(self, request: Request) -> None:
        """An answer came from the cache."""
        self._hits.labels(_route(request)).inc()

    def hits_of(self, route: str, number: int) -> None:
        """So many answers of a route came from this gateway's own memory."""
        self._hits.labels(route).inc(number)

    def miss(self, request: Request) -> None:
        """The cache had none."""
        self._misses.labels(_route(request)).inc()

    def fault(self, kind: FaultKind) -> None:
        """The cache did not do its part."""
        self._faults.labels(kind).inc()


def expose_slots(slots: UpstreamSlots, metrics: ServiceMetrics, *, has_classes: bool) -> None:
    """Gauges that read the slots when they are scraped."""
    registry = metrics.registry
    limit = Gauge(metric_names.UPSTREAM_SLOTS_LIMIT, "Upstream slots; 0 = unbounded.", registry=registry)
    limit.set_function(lambda: slots.limit)
    in_use = Gauge(metric_names.UPSTREAM_SLOTS_IN_USE, "Slots in use.", registry=registry)
    in_use.set_function(lambda: slots.in_use)
    queue = Gauge(metric_names.UPSTREAM_QUEUE_LENGTH, "Requests waiting for a slot.", registry=registry)
    queue.set_function(lambda: slots.queue_length)
    held, waiting = slots.held, slots.waiting
    metrics.count(metric_names.UPSTREAM_SLOTS_BUSY_SECONDS_TOTAL, "Slot-seconds held.", lambda: held.seconds_total)
    metrics.count(
        metric_names.UPSTREAM_QUEUE_SECONDS_TOTAL, "Seconds waited for a slot.", lambda: waiting.seconds_total
    )
    metrics.count(metric_names.REQUESTS_SHED_TOTAL, "Refused for a full queue.", slots.shed.total)
    if has_classes:
        metrics.count_by(
            metric_names.REQUESTS_SHED_OF_CLASS_TOTAL,
            "The same by class.",
            "priority",
            lambda: {name: slots.shed[name] for name in PRIORITIES},
        )


def expose_hot_table(table: HotTable, metrics: ServiceMetrics, cache_metrics: CacheMetrics) -> None:
    """Brings the answers of the hit path into the counters of all answers, when they are scraped."""
    registry = metrics.registry
    answers = Counter(
        metric_names.HIT_PATH_ANSWERS_TOTAL, "Answers from the gateway's memory.", ["route"], registry=registry
    )
    size = Gauge(metric_names.HIT_PATH_BYTES, "Memory that these answers take.", registry=registry)
    size.set_function(lambda: table.held_bytes)

    def bring_in() -> None:
        for route, durations in table.counted_hits().items():
            number = durations.number
            answers.labels(route).inc(number)
            metrics.requests.durations(route).add(durations)
            metrics.requests.answers(route, "GET", 200).number += number
            cache_metrics.hits_of(route, number)

    metrics.before_scrape.append(bring_in)


def _route(request: Request) -> str:
    return str(getattr(request.scope.get("route"), "path", "unmatched"))
