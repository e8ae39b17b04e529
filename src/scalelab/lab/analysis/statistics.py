"""Intervals over repeated runs. Pure; every random draw comes from a seed that is an argument.

The unit of replication is the run: samples within one run share its circumstances, so their spread says nothing
about what the next run will show.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

DEFAULT_CONFIDENCE = 0.95
DEFAULT_RESAMPLES = 2000
LEAST_RUNS = 2
_NO_SPREAD = 1e-12

Samples = Sequence[float]
Runs = Sequence[Samples]
Statistic = Callable[[NDArray[Any]], float]


@dataclass(frozen=True)
class Interval:
    """A value and the interval around it, in the unit of the samples."""

    value: float
    low: float
    high: float
    confidence: float = DEFAULT_CONFIDENCE

    @property
    def half_width(self) -> float:
        """Half its length."""
        return (self.high - self.low) / 2

    def hull(self, other: "Interval") -> "Interval":
        """This value with the interval that holds both."""
        return Interval(self.value, min(self.low, other.low), max(self.high, other.high), self.confidence)


def t_interval(values: Samples, confidence: float = DEFAULT_CONFIDENCE) -> Interval | None:
    """Mean of one value a run, with Student's t; None with fewer than two runs: one run has no error bar."""
    count = len(values)
    if count < LEAST_RUNS:
        return None
    array = np.asarray(values, dtype=float)
    mean = float(array.mean())
    quantile = float(stats.t.ppf((1 + confidence) / 2, count - 1))
    half = quantile * float(array.std(ddof=1)) / float(np.sqrt(count))
    return Interval(value=mean, low=mean - half, high=mean + half, confidence=confidence)


def run_level_interval(runs: Runs, confidence: float = DEFAULT_CONFIDENCE) -> Interval | None:
    """Mean over runs of several samples each: Student's t on the runs' means; None with fewer than two runs.

    Source: Kalibera and Jones, "Rigorous benchmarking in reasonable time" (2013).
    """
    return t_interval([float(np.mean(run)) for run in runs if len(run) > 0], confidence)


def bootstrap_quantile(
    runs: Runs,
    quantile: float,
    seed: int,
    *,
    resamples: int = DEFAULT_RESAMPLES,
    confidence: float = DEFAULT_CONFIDENCE,
) -> Interval | None:
    """A quantile (0..1) of all samples, its interval from a hierarchical bootstrap: runs, then samples within them.

    None with fewer than two runs.
    """
    statistic = _quantile_of(quantile)
    full = _filled(runs)
    if len(full) < LEAST_RUNS:
        return None
    draws = _draws(full, statistic, np.random.default_rng(seed), resamples)
    return _percentile_interval(statistic(np.concatenate(full)), draws, confidence)


def bootstrap_ratio(
    numerator: Runs,
    denominator: Runs,
    seed: int,
    *,
    statistic: Statistic = lambda samples: float(np.mean(samples)),
    resamples: int = DEFAULT_RESAMPLES,
    confidence: float = DEFAULT_CONFIDENCE,
) -> Interval | None:
    """Ratio of a statistic of two sets of runs, from a hierarchical bootstrap of each; by default of the means.

    None with fewer than two runs on a side, or a denominator of 0.
    """
    above, below = _filled(numerator), _filled(denominator)
    if min(len(above), len(below)) < LEAST_RUNS:
        return None
    generator = np.random.default_rng(seed)
    tops = _draws(above, statistic, generator, resamples)
    bottoms = _draws(below, statistic, generator, resamples)
    base = statistic(np.concatenate(below))
    if base == 0 or bool(np.any(bottoms == 0)):
        return None
    return _percentile_interval(statistic(np.concatenate(above)) / base, tops / bottoms, confidence)


def ratio_of_runs(
    numerators: Samples,
    denominators: Samples,
    seed: int,
    *,
    resamples: int = DEFAULT_RESAMPLES,
    confidence: float = DEFAULT_CONFIDENCE,
) -> Interval | None:
    """Ratio of the means of two sets of runs, one positive value a run.

    The wider of a bootstrap over runs and Welch's t on logarithms: with a handful of runs a bootstrap alone is too
    narrow (it never draws what it has not seen).

    None with fewer than two runs on a side, or a value that is not above 0.
    """
    above, below = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    if min(len(above), len(below)) < LEAST_RUNS or bool(np.any(above <= 0)) or bool(np.any(below <= 0)):
        return None
    generator = np.random.default_rng(seed)
    tops, bottoms = (
        generator.choice(values, size=(resamples, len(values))).mean(axis=1) for values in (above, below)
    )
    value = float(above.mean() / below.mean())
    bootstrap = _percentile_interval(value, tops / bottoms, confidence)
    return bootstrap.hull(_welch_ratio(above, below, confidence))


def _welch_ratio(above: NDArray[Any], below: NDArray[Any], confidence: float) -> Interval:
    """The ratio of geometric means, by Welch's t."""
    logs = np.log(above), np.log(below)
    shares = [float(values.var(ddof=1)) / len(values) for values in logs]
    middle = float(logs[0].mean() - logs[1].mean())
    error = float(np.sqrt(sum(shares)))
    if error <= _NO_SPREAD:
        return Interval(float(np.exp(middle)), float(np.exp(middle)), float(np.exp(middle)), confidence)
    degrees = sum(shares) ** 2 / sum(share**2 / (len(values) - 1) for share, values in zip(shares, logs, strict=True))
    half = float(stats.t.ppf((1 + confidence) / 2, degrees)) * error
    return Interval(float(np.exp(middle)), float(np.exp(middle - half)), float(np.exp(middle + half)), confidence)


def _filled(runs: Runs) -> list[NDArray[Any]]:
    return [np.asarray(run, dtype=float) for run in runs if len(run) > 0]


def _quantile_of(quantile: float) -> Statistic:
    return lambda samples: float(np.quantile(samples, quantile))


def _draws(
    runs: list[NDArray[Any]], statistic: Statistic, generator: np.random.Generator, resamples: int
) -> NDArray[Any]:
    return np.array([statistic(_resample(runs, generator)) for _ in range(resamples)])


def _resample(runs: list[NDArray[Any]], generator: np.random.Generator) -> NDArray[Any]:
    chosen = generator.integers(len(runs), size=len(runs))
    return np.concatenate([generator.choice(runs[index], size=len(runs[index])) for index in chosen])


def _percentile_interval(value: float, draws: NDArray[Any], confidence: float) -> Interval:
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value), confidence=confidence)
