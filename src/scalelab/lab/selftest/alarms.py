"""How often the comparison finds a difference between runs of one and the same. Pure; every draw comes from a seed.

Real runs of one server are dealt into two hands, again and again, and compared as `scalelab compare` does.
"""

from collections.abc import Callable, Sequence
from random import Random

from scalelab.lab.analysis.statistics import DEFAULT_CONFIDENCE, ratio_of_runs
from scalelab.lab.comparison import DEFAULT_SMALLEST_EFFECT, HIGHER_IS_BETTER, METRICS, verdict_of
from scalelab.lab.load.result import LoadResult

_RESAMPLES = 2000
_FIGURES: dict[str, Callable[[LoadResult], float | None]] = {
    "throughput": lambda result: result.rate_per_s,
    "mean": lambda result: result.latency_intended_s.mean,
    "p99": lambda result: result.latency_intended_s.p95,  # short runs have no p99
}


def count_false_alarms(results: Sequence[LoadResult], comparisons: int, runs: int, seed: int = 1) -> int:
    """Of so many comparisons of `runs` against `runs`, in how many anything was better or worse.

    Args:
        results: of runs that differ by chance only; at least twice `runs`.
        comparisons: how often to deal.
        runs: on each side.
        seed: of the deals.
    """
    draws = Random(seed)  # noqa: S311  a sequence that can be had again
    return sum(_differs(draws.sample(list(results), 2 * runs), runs, seed + deal) for deal in range(comparisons))


def _differs(dealt: Sequence[LoadResult], runs: int, seed: int) -> bool:
    confidence = 1 - (1 - DEFAULT_CONFIDENCE) / len(METRICS)
    for metric in METRICS:
        values = [_FIGURES[metric](result) for result in dealt]
        if any(value is None for value in values):
            continue
        known = [value for value in values if value is not None]
        ratio = ratio_of_runs(known[:runs], known[runs:], seed, resamples=_RESAMPLES, confidence=confidence)
        if ratio is None:
            continue
        verdict, _ = verdict_of(ratio, DEFAULT_SMALLEST_EFFECT, is_higher_better=metric in HIGHER_IS_BETTER)
        if verdict != "undecided":
            return True
    return False
