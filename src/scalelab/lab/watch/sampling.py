"""From two looks at each service to what the system does: rates, shares, percentiles, states. Pure.

What could not be measured is None, never 0: a first look, a process that was started again, a silent service.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from scalelab.contracts.stack_view import ServiceView
from scalelab.lab.watch import readings as of
from scalelab.lab.watch.percentiles import percentile_s
from scalelab.lab.watch.readings import Figures

FROZEN, NO_TRAFFIC, SILENT = "frozen", "no traffic", "silent"
STALE_AFTER_S = 2.5
"""A service whose newest answer is older says nothing of now."""
_GAUGES = (
    of.SLOTS_IN_USE, of.SLOTS_LIMIT, of.SLOT_QUEUE, of.POOL_IN_USE, of.POOL_SIZE, of.POOL_QUEUE, of.TASKS_RUNNING,
    of.TASK_QUEUE,
)  # fmt: skip
_Key = TypeVar("_Key")


@dataclass(frozen=True)
class Reading:
    """What one service said, and when, on the monotonic clock."""

    at_s: float
    figures: Figures


@dataclass(frozen=True)
class Use:
    """What its processes had used at that moment."""

    at_s: float
    cpu_s: float
    rss_bytes: int
    is_stopped: bool


@dataclass(frozen=True)
class Look:
    """One instance: the two newest readings of the process that it is now; fewer when there are not so many yet."""

    service: ServiceView
    readings: tuple[Reading, ...] = ()
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True)
class NodeSample:
    """What one instance does. `gauges` has what only its kind of service has."""

    instance: str
    service: str
    state: str
    pid: int
    requests_per_s: float | None
    in_flight: float | None
    cpu_cores: float | None
    rss_bytes: int | None
    gauges: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Totals:
    """What the system does as a whole."""

    answers_per_s: float | None
    """Of the balancer, server errors aside."""
    errors_per_s: float | None
    """Answers with a 5xx, of the balancer."""
    p50_s: float | None
    """As the gateways time it."""
    p90_s: float | None
    p99_s: float | None
    hit_ratio: float | None
    slot_queue: float | None
    pool_queue: float | None
    task_queue: float | None
    cpu_cores: float | None
    """Of all processes that may be looked at."""


@dataclass(frozen=True)
class Sample:
    """One moment, as viewers see it."""

    unix_s: float
    totals: Totals
    nodes: tuple[NodeSample, ...]


@dataclass(frozen=True)
class _Span:
    """What one service said of the time between its two newest answers."""

    is_silent: bool = False
    rates: Mapping[str, float] | None = None
    """Growth a second, of counters; None: it cannot be told."""
    durations: Mapping[float, float] = field(default_factory=dict)
    gauges: Mapping[str, float] = field(default_factory=dict)
    members: Mapping[str, bool] | None = None

    def rate(self, *names: str) -> float | None:
        """Their sum; a counter that was never told has not grown."""
        return None if self.rates is None else sum(self.rates.get(name, 0.0) for name in names)


def sample_of(unix_s: float, now_s: float, looks: Sequence[Look]) -> Sample:
    """What the system does.

    Args:
        unix_s: of the sample.
        now_s: the same on the clock of the readings.
        looks: at every instance there is.
    """
    spans = [_span(look, now_s) for look in looks]
    members = next((span.members for span in spans if span.members is not None), None)
    gateways = [span for look, span in zip(looks, spans, strict=True) if look.service.name == "api_gateway"]
    balancers = [span for look, span in zip(looks, spans, strict=True) if look.service.name == "load_balancer"]
    lookups_per_s = _sum(_lookups_per_s(span) for span in gateways)
    nodes = tuple(_node(look, span, members, lookups_per_s) for look, span in zip(looks, spans, strict=True))
    return Sample(unix_s, _totals(balancers, gateways, nodes), nodes)


def _span(look: Look, now_s: float) -> _Span:
    if not look.readings or now_s - look.readings[-1].at_s > STALE_AFTER_S:
        return _Span(is_silent=bool(look.service.admin_url))
    latest = look.readings[-1]
    said = _Span(gauges=latest.figures.values, members=latest.figures.members)
    if len(look.readings) == 1:
        return said
    before = look.readings[-2]
    length_s = latest.at_s - before.at_s
    growth = _growth(before.figures.values, latest.figures.values)
    return _Span(
        rates={name: step / length_s for name, step in growth.items()},
        durations=_growth(before.figures.durations, latest.figures.durations),
        gauges=said.gauges,
        members=said.members,
    )


def _growth(before: Mapping[_Key, float], now: Mapping[_Key, float]) -> dict[_Key, float]:
    """Of counters. One that has sunk began anew meanwhile, as HAProxy's do when its policy is changed."""
    return {
        name: value - before.get(name, 0.0) if value >= before.get(name, 0.0) else value
        for name, value in now.items()
    }


def _node(look: Look, span: _Span, members: Mapping[str, bool] | None, lookups_per_s: float | None) -> NodeSample:
    service = look.service
    return NodeSample(
        instance=service.instance,
        service=service.name,
        state=_state(look, span, members),
        pid=service.pid,
        requests_per_s=lookups_per_s if service.name == "cache" else span.rate(of.ANSWERS),
        in_flight=span.gauges.get(of.IN_FLIGHT),
        cpu_cores=_cpu_cores(look.uses),
        rss_bytes=look.uses[-1].rss_bytes if look.uses else None,
        gauges={name: span.gauges[name] for name in _GAUGES if name in span.gauges},
    )


def _state(look: Look, span: _Span, members: Mapping[str, bool] | None) -> str:
    service = look.service
    if look.uses and look.uses[-1].is_stopped:
        return FROZEN
    if service.state != "ready":
        return service.state
    if span.is_silent and look.readings:  # it has answered before
        return SILENT
    # Only where the balancer calls its members what we call them: with containers it does not.
    if service.name == "api_gateway" and members and not members.get(service.instance, _knows_none(members)):
        return NO_TRAFFIC
    return service.state


def _knows_none(members: Mapping[str, bool]) -> bool:
    return not any(name.startswith("api_gateway-") for name in members)


def _cpu_cores(uses: Sequence[Use]) -> float | None:
    if len(uses) < 2:  # noqa: PLR2004  it takes two to tell a rate
        return None
    before, latest = uses[-2:]
    return max(0.0, latest.cpu_s - before.cpu_s) / (latest.at_s - before.at_s)


def _lookups_per_s(gateway: _Span) -> float | None:
    """How often it asked the shared cache; answers from its own memory count as hits, too."""
    looked_up, from_memory = gateway.rate(of.HITS, of.MISSES), gateway.rate(of.FROM_MEMORY)
    return None if looked_up is None or from_memory is None else max(0.0, looked_up - from_memory)


def _totals(balancers: Sequence[_Span], gateways: Sequence[_Span], nodes: Sequence[NodeSample]) -> Totals:
    answers, errors = _sum(span.rate(of.ANSWERS) for span in balancers), _sum(s.rate(of.ERRORS) for s in balancers)
    hits, misses = _sum(span.rate(of.HITS) for span in gateways), _sum(span.rate(of.MISSES) for span in gateways)
    durations: Counter[float] = Counter()
    for span in gateways:
        durations.update(span.durations)
    return Totals(
        answers_per_s=None if answers is None or errors is None else answers - errors,
        errors_per_s=errors,
        p50_s=percentile_s(durations, 0.5),
        p90_s=percentile_s(durations, 0.9),
        p99_s=percentile_s(durations, 0.99),
        hit_ratio=hits / (hits + misses) if hits is not None and misses is not None and hits + misses > 0 else None,
        slot_queue=_sum(node.gauges.get(of.SLOT_QUEUE) for node in nodes if node.service == "api_gateway"),
        pool_queue=_sum(node.gauges.get(of.POOL_QUEUE) for node in nodes if node.service == "database"),
        task_queue=_sum(node.gauges.get(of.TASK_QUEUE) for node in nodes if node.service == "worker"),
        cpu_cores=_sum(node.cpu_cores for node in nodes),
    )


def _sum(values: Iterable[float | None]) -> float | None:
    """Of those that could be measured; None when none could."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
