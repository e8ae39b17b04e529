"""Latency summaries that say what they do not know: a percentile with too few samples is None, never NaN."""

from typing import Final

from scalelab.contracts.model import Contract
from scalelab.lab.load.histogram import LatencyHistogram

_LEAST_BEYOND: Final = 10
"""Samples that must lie beyond a percentile, so that it is more than the whim of one or two."""
_PER_MILLE = 1000
PERCENTILES: Final = {"p50": 500, "p90": 900, "p95": 950, "p99": 990, "p99.9": 999}
"""Name -> per mille."""


def samples_needed(per_mille: int) -> int:
    """Fewest samples that support a percentile: n (1 - p) >= 10."""
    return -(-_LEAST_BEYOND * _PER_MILLE // (_PER_MILLE - per_mille))


def percentile_s(histogram: LatencyHistogram, per_mille: int) -> float | None:
    """In seconds; None when too few samples support it."""
    if histogram.count < samples_needed(per_mille):
        return None
    return histogram.at_rank(-(-histogram.count * per_mille // _PER_MILLE))


class LatencyFigures(Contract):
    """Of one time base, in seconds. Null: not estimable."""

    count: int
    mean: float | None
    min: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    p99_9: float | None
    max: float | None
    out_of_range: int = 0
    """Of the count: longer than an hour."""


def figures_of(histogram: LatencyHistogram) -> LatencyFigures:
    """The usual figures of a histogram."""
    has_any = histogram.count > 0
    return LatencyFigures(
        count=histogram.count,
        mean=histogram.mean_s,
        min=histogram.min_s if has_any else None,
        p50=percentile_s(histogram, 500),
        p90=percentile_s(histogram, 900),
        p95=percentile_s(histogram, 950),
        p99=percentile_s(histogram, 990),
        p99_9=percentile_s(histogram, 999),
        max=histogram.max_s if has_any else None,
        out_of_range=histogram.out_of_range,
    )
