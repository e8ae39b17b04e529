"""Whether, and from when on, a per-second series is steady: MSER-5 truncation and a trend test. Pure.

"Never" and "too short to say" are answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

BATCH_SIZE = 5
LEAST_BATCHES = 4
LEAST_POINTS = 10
SIGNIFICANCE = 0.01


@dataclass(frozen=True)
class Trend:
    """A straight line through a series."""

    drift: float
    """Change from the first point to the last, in the series' unit."""
    mean: float
    p_value: float
    """Chance of such a slope in a series without one; autocorrelation taken into account."""

    @property
    def is_significant(self) -> bool:
        """Whether chance is a poor explanation."""
        return self.p_value < SIGNIFICANCE


def steady_from(series: Sequence[float], batch_size: int = BATCH_SIZE) -> int | None:
    """Index of the first point that belongs to the steady part, by the MSER-m rule.

    The truncation that minimises the squared standard error of what remains, on batch means.

    Returns:
        None when the rule cuts into the second half, or the series is too short: steadiness was never shown.

    Source: White, "An effective truncation heuristic for bias reduction in simulation output" (1997); Spratt (1998).
    """
    batches = _batch_means(np.asarray(series, dtype=float), batch_size)
    if len(batches) < LEAST_BATCHES:
        return None
    last = len(batches) // 2
    errors = [float(np.var(batches[cut:])) / (len(batches) - cut) for cut in range(len(batches) - 1)]
    cut = int(np.argmin(errors))
    return cut * batch_size if cut <= last else None


def trend_of(series: Sequence[float]) -> Trend | None:
    """The trend of a series of equally spaced points; None when there are too few to say (under ten)."""
    values: NDArray[Any] = np.asarray(series, dtype=float)
    count = len(values)
    if count < LEAST_POINTS:
        return None
    times = np.arange(count, dtype=float) - (count - 1) / 2
    slope = float(times @ values / (times @ times))
    mean = float(values.mean())
    residuals = values - mean - slope * times
    return Trend(drift=slope * (count - 1), mean=mean, p_value=_slope_p_value(slope, times, residuals))


def _slope_p_value(slope: float, times: NDArray[Any], residuals: NDArray[Any]) -> float:
    """Student's t on the slope, with as many points as the residuals' first autocorrelation leaves independent."""
    count = len(residuals)
    squares = float(residuals @ residuals)
    if squares <= 1e-18 * max(1.0, slope * slope * float(times @ times)):
        return 1.0 if slope == 0 else 0.0
    correlation = min(max(float(residuals[1:] @ residuals[:-1]) / squares, 0.0), 0.99)
    independent = max(3.0, count * (1 - correlation) / (1 + correlation))
    variance = squares / (independent - 2)
    error = np.sqrt(variance / (float(times @ times)))
    return float(2 * stats.t.sf(abs(slope) / error, independent - 2))


def _batch_means(values: NDArray[Any], batch_size: int) -> NDArray[Any]:
    whole = len(values) // batch_size
    means: NDArray[Any] = values[: whole * batch_size].reshape(whole, batch_size).mean(axis=1)
    return means
