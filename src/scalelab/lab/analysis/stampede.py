"""Whether answers get slow in step with the cache's time to live: what ends together is fetched together. Pure.

The seconds of the window are laid over one another with the TTL as their period. What hangs on the place in the
period, and not on chance, shows as phases whose means differ more than those of the same seconds in random order.
"""

import numpy as np
from numpy.typing import NDArray

from scalelab.lab.analysis.evidence import Evidence
from scalelab.lab.analysis.validity_rules import Finding, finding_of

LEAST_TTL_S = 3.0
LEAST_PERIODS = 3
LEAST_SPIKE_RATIO = 2.0
"""The slowest phase against the median one."""
SHUFFLES = 999
MOST_CHANCE = 0.005
"""Share of random orders in which phases differ as much."""
SEED = 1


def ttl_stampede(evidence: Evidence) -> Finding | None:
    """Response times have spikes with the period of the TTL."""
    ttl_s = evidence.cache_ttl_s
    rows = [row for row in evidence.window_rows if row.completed > 0]
    if ttl_s is None or ttl_s < LEAST_TTL_S or len(rows) < LEAST_PERIODS * ttl_s:
        return None
    phases = np.array([int(row.second % ttl_s) for row in rows])
    responses = np.array([row.latency_sum_s / row.completed for row in rows])
    means = _phase_means(responses, phases)
    ratio = float(means.max() / np.median(means)) if np.median(means) > 0 else 0.0
    if ratio < LEAST_SPIKE_RATIO or chance(responses, phases) > MOST_CHANCE:
        return None
    return finding_of(
        None,
        f"Every {ttl_s:g} s, as long as entries of the cache live, answers take {ratio:.1f} times as long as in "
        f"between ({1000 * means.max():.0f} ms): entries that were stored together end together.",
        "Spread their ends with api_gateway.cache_ttl_jitter, for example 0.2; simultaneous misses of one entry are "
        "fetched once already.",
        kind="ttl-stampede",
    )


def chance(responses: NDArray[np.float64], phases: NDArray[np.int64], seed: int = SEED) -> float:
    """How often the same values in random order have phases that differ as much, or more."""
    draws = np.random.default_rng(seed)
    spread = _spread(responses, phases)
    others = [_spread(draws.permutation(responses), phases) for _ in range(SHUFFLES)]
    return (1 + sum(other >= spread for other in others)) / (1 + SHUFFLES)


def _phase_means(values: NDArray[np.float64], phases: NDArray[np.int64]) -> NDArray[np.float64]:
    counts = np.bincount(phases)
    sums = np.bincount(phases, weights=values)
    return np.asarray(sums[counts > 0] / counts[counts > 0])


def _spread(values: NDArray[np.float64], phases: NDArray[np.int64]) -> float:
    return float(_phase_means(values, phases).var())
