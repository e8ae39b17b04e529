"""What can be said of measured sizes and rates without any law: do they support one, how do they scatter? Pure."""

from collections.abc import Sequence
from itertools import pairwise
from math import comb

import numpy as np

from scalelab.lab.analysis.laws.models import Numbers

LEAST_SIZES = 3
LEAST_REPETITIONS = 3
"""At every size, for the sizes to weigh by their scatter."""


class FitError(ValueError):
    """Raised when nothing can be fitted; the message says what is missing."""


def weights_of(sizes: Sequence[float], rates: Sequence[float]) -> tuple[float, ...] | None:
    """One over the scatter at each size, from its repetitions; their squares have the mean 1.

    With a handful of repetitions a standard deviation is itself uncertain, so each variance is drawn halfway towards
    the mean of all. None with fewer than three repetitions at any size: then all weigh alike.
    """
    n, x = checked(sizes, rates)
    groups = [x[n == size] for size in n]
    if min(len(group) for group in groups) < LEAST_REPETITIONS:
        return None
    variances = np.array([float(np.var(group, ddof=1)) for group in groups])
    moderated = (variances + variances.mean()) / 2
    if not moderated.mean():
        return None
    weights = 1 / np.sqrt(moderated)
    return tuple(float(weight) for weight in weights / np.sqrt(np.mean(weights**2)))


def caveats_of(sizes: Sequence[float], rates: Sequence[float]) -> tuple[str, ...]:
    """What a reader of the fit should know of the measurements."""
    n, x = checked(sizes, rates)
    order = np.argsort(n, kind="stable")
    n, x = n[order], x[order]
    told = []
    if n[0] > 1:
        told.append(f"there is no measurement at N = 1 (the least is {n[0]:g}): gamma is an extrapolation")
    per_unit = x / n
    if per_unit.max() > 1.05 * per_unit[0]:
        place = n[int(np.argmax(per_unit))]
        told.append(
            f"throughput per unit grows up to N = {place:g}: faster than linear, which no law here describes; the "
            "first points may be cold, or limited by the generator"
        )
    return tuple(told)


def checked(sizes: Sequence[float], rates: Sequence[float]) -> tuple[Numbers, Numbers]:
    """As arrays.

    Raises:
        FitError: no law can be fitted to them.
    """
    n, x = np.asarray(sizes, dtype=float), np.asarray(rates, dtype=float)
    if len(n) != len(x):
        raise FitError(f"{len(n)} sizes and {len(x)} rates do not belong together")
    for name, values in (("N", n), ("X", x)):
        bad = values[~(np.isfinite(values) & (values > 0))]
        if len(bad):
            raise FitError(f"{name} must be above 0, not {bad[0]:g}")
    distinct = len(set(n.tolist()))
    if distinct < LEAST_SIZES:
        raise FitError(f"a law needs at least {LEAST_SIZES} different sizes N, not {distinct}")
    return n, x


def runs_test(residuals: Sequence[float]) -> float | None:
    """Wald and Wolfowitz: the exact chance of as few runs of one sign, or fewer, if signs came in random order."""
    signs = [residual > 0 for residual in residuals if residual != 0]
    above, below = sum(signs), len(signs) - sum(signs)
    if min(above, below) < 2:  # noqa: PLR2004  one of a kind cannot come in runs
        return None
    runs = 1 + sum(first != second for first, second in pairwise(signs))

    def ways(number: int) -> int:
        half, odd = divmod(number, 2)
        if not odd:
            return 2 * comb(above - 1, half - 1) * comb(below - 1, half - 1)
        return comb(above - 1, half) * comb(below - 1, half - 1) + comb(above - 1, half - 1) * comb(below - 1, half)

    return sum(map(ways, range(2, runs + 1))) / comb(above + below, above)
