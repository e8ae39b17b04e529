"""A percentile over repeated runs, from their histograms merged; its interval from the spread between runs. Pure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scalelab.lab.analysis.latency import is_estimable
from scalelab.lab.analysis.statistics import DEFAULT_CONFIDENCE, LEAST_RUNS, Interval, t_interval
from scalelab.lab.results.hdr_histogram import HdrHistogram, highest_us_of
from scalelab.lab.results.histogram_log import US_PER_S

RESAMPLES = 500


def percentile_over_runs(histograms: Sequence[HdrHistogram], percent: float) -> float | None:
    """Of all samples of all runs together, in seconds; None when they are too few. Percentiles are never averaged."""
    counts, values_s = _on_one_grid(histograms)
    total = int(counts.sum())
    return _percentile(counts.sum(axis=0), values_s, percent) if total and is_estimable(total, percent) else None


def percentile_interval(
    histograms: Sequence[HdrHistogram], percent: float, seed: int, confidence: float = DEFAULT_CONFIDENCE
) -> Interval | None:
    """Its interval: the wider of a hierarchical bootstrap (runs, then samples in them) and Student's t on the runs.

    None with fewer than two runs, or when one of them is too short for the percentile.
    """
    counts, values_s = _on_one_grid(histograms)
    totals = counts.sum(axis=1)
    if len(histograms) < LEAST_RUNS or not all(is_estimable(int(total), percent) for total in totals):
        return None
    value = _percentile(counts.sum(axis=0), values_s, percent)
    generator = np.random.default_rng(seed)
    draws = [_percentile(_resample(counts, totals, generator), values_s, percent) for _ in range(RESAMPLES)]
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    over_runs = t_interval([_percentile(row, values_s, percent) for row in counts], confidence)
    bootstrap = Interval(value, min(float(low), value), max(float(high), value), confidence)
    return bootstrap.hull(over_runs) if over_runs is not None else bootstrap


def _on_one_grid(histograms: Sequence[HdrHistogram]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Counts (run x value) and the values in seconds, of the values that any run has."""
    if not histograms:
        return np.zeros((1, 0), dtype=np.int64), np.zeros(0)
    counts = np.array([histogram.counts for histogram in histograms], dtype=np.int64)
    used = np.nonzero(counts.sum(axis=0))[0]
    values_us = [highest_us_of(int(bucket)) for bucket in used]
    return counts[:, used], np.asarray(values_us, dtype=float) / US_PER_S


def _resample(counts: NDArray[Any], totals: NDArray[Any], generator: np.random.Generator) -> NDArray[Any]:
    chosen = generator.integers(len(counts), size=len(counts))
    drawn = [generator.multinomial(int(totals[run]), counts[run] / totals[run]) for run in chosen]
    return np.asarray(np.sum(drawn, axis=0))


def _percentile(counts: NDArray[Any], values_s: NDArray[Any], percent: float) -> float:
    cumulated = np.cumsum(counts)
    rank = max(1, int(np.ceil(percent / 100 * cumulated[-1] - 1e-9)))
    return float(values_s[int(np.searchsorted(cumulated, rank))])
