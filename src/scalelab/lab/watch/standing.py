"""What binds a running stack just now, as far as looking once a second can tell. Pure.

Slots, connections and cores are counted; users who think, and services that merely take their time, are not seen. So
the sentence says what is busiest, and that something binds only where it is busy nearly all the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from scalelab.lab.watch import readings as of
from scalelab.lab.watch.sampling import NodeSample, Sample

SPAN_SAMPLES = 10
"""So many seconds are looked at."""
BINDS_FROM = 0.9
"""Busy share from which something binds."""
NOT_YET = "No verdict yet: it takes ten seconds under load."


@dataclass(frozen=True)
class _Busy:
    """One kind of place over the span: busy share, and requests that waited for it."""

    name: str
    share: float
    waiting: float | None = None


def standing_verdict(samples: Sequence[Sample], cores: int) -> str:
    """One sentence or two.

    Args:
        samples: the newest last; older ones than the span do not count.
        cores: of the machine that all parts share.
    """
    span = list(samples)[-SPAN_SAMPLES:]
    rates = [sample.totals.answers_per_s for sample in span]
    asked = [rate for rate in rates if rate]
    if len(asked) < SPAN_SAMPLES:
        return NOT_YET
    found = [busy for busy in (*_places(span), _cores(span, cores)) if busy is not None]
    if not found:
        return NOT_YET
    busiest = max(found, key=lambda busy: busy.share)
    measured = f"{fmean(asked):,.1f} answers/s over the last ten seconds"
    if busiest.share < BINDS_FROM:
        return (
            f"Nothing that is counted binds: {measured}, and the busiest are {busiest.name}, {busiest.share:.0%} of "
            f"the time. More of them would hardly raise this rate."
        )
    waiting = f", and {busiest.waiting:,.0f} requests wait for them" if busiest.waiting else ""
    return f"{busiest.name.capitalize()} bind: busy {busiest.share:.0%} of the time{waiting}. {measured}."


def _places(span: Sequence[Sample]) -> tuple[_Busy | None, ...]:
    return (
        _gauged(span, "the upstream slots", "api_gateway", of.SLOTS_IN_USE, of.SLOTS_LIMIT, of.SLOT_QUEUE),
        _gauged(span, "the database connections", "database", of.POOL_IN_USE, of.POOL_SIZE, of.POOL_QUEUE),
    )


def _gauged(span: Sequence[Sample], name: str, service: str, used: str, limit: str, queue: str) -> _Busy | None:
    """None where nobody counts them, or there is no bound."""
    shares, waiting = [], []
    for sample in span:
        nodes = [node for node in sample.nodes if node.service == service]
        places = _total(nodes, limit)
        if places:
            shares.append(_total(nodes, used) / places)
            waiting.append(_total(nodes, queue))
    return _Busy(name, fmean(shares), fmean(waiting)) if shares else None


def _total(nodes: Sequence[NodeSample], gauge: str) -> float:
    return sum(node.gauges.get(gauge, 0.0) for node in nodes)


def _cores(span: Sequence[Sample], cores: int) -> _Busy | None:
    used = [sample.totals.cpu_cores for sample in span if sample.totals.cpu_cores is not None]
    return _Busy("the machine's cores", fmean(used) / cores) if used else None
