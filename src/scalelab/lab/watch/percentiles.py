"""Percentiles out of the buckets of a Prometheus histogram. Pure.

They are estimates: inside a bucket answers are taken to be spread evenly (what `histogram_quantile` does).
"""

import math
from collections.abc import Mapping


def percentile_s(durations: Mapping[float, float], share: float) -> float | None:
    """The latency below which `share` of the answers lie; None when there are none, or it lies beyond the last bound.

    Args:
        durations: upper bound in seconds -> answers that took no longer.
        share: 0.99 for p99.
    """
    bounds = sorted(durations)
    total = durations[bounds[-1]] if bounds else 0.0
    if total <= 0:
        return None
    rank, lower_s, below = share * total, 0.0, 0.0
    for bound_s in bounds:
        count = durations[bound_s]
        if count >= rank and count > below:
            return None if math.isinf(bound_s) else lower_s + (bound_s - lower_s) * (rank - below) / (count - below)
        lower_s, below = bound_s, count
    return None
