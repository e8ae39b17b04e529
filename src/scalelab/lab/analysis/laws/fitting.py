"""Fits the laws to measurements, and says which of them the data support. Pure; no random draw.

Least squares on X itself (not on a transformed axis, which would weigh the points by accident), within physical
bounds, from several starts. A parameter that lies on its bound is said to, and has a one-sided interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product, repeat

import numpy as np
from scipy import optimize, stats

from scalelab.lab.analysis.laws.measured_points import checked, runs_test
from scalelab.lab.analysis.laws.models import LAWS, Law, Name, Numbers, peak_of

CONFIDENCE = 0.95
MUCH_BETTER = 2.0
"""A law with more parameters is taken when its AICc is lower by at least so much."""
FEW_RUNS_P = 0.05
_ON_BOUND = 1e-7
_STARTS = ((0.0, 0.01, 0.1, 0.5), (0.0, 1e-4, 1e-2, 0.1))


@dataclass(frozen=True)
class Parameter:
    """One fitted number. At a bound the standard error is None and the interval one-sided."""

    name: str
    value: float
    standard_error: float | None
    low: float
    high: float
    is_at_bound: bool


@dataclass(frozen=True)
class Fit:
    """One law and how well it holds."""

    law: Law
    parameters: tuple[Parameter, ...]
    sizes: tuple[float, ...]
    rates: tuple[float, ...]
    residuals: tuple[float, ...]
    squared_error: float
    degrees_of_freedom: int
    aicc: float
    """Corrected Akaike criterion; the lower the better. Infinite with too few points for so many parameters."""
    runs_p: float | None
    """Chance of so few changes of sign among the residuals; None when there are too few of one sign."""

    @property
    def values(self) -> tuple[float, ...]:
        """Of the parameters, in their order."""
        return tuple(parameter.value for parameter in self.parameters)

    @property
    def residual_error(self) -> float | None:
        """Standard error of the residuals, in the unit of X."""
        return float(np.sqrt(self.squared_error / self.degrees_of_freedom)) if self.degrees_of_freedom > 0 else None

    @property
    def is_autocorrelated(self) -> bool:
        """Whether the residuals hang together: the law misses a shape that the data have."""
        return self.runs_p is not None and self.runs_p < FEW_RUNS_P

    @property
    def peak_size(self) -> float | None:
        """Where a USL is greatest; None for the other laws, and for one that never falls."""
        return peak_of(self.values[1], self.values[2]) if self.law.name == "usl" else None

    @property
    def ceiling(self) -> float | None:
        """What X stays below for any N; None where there is no such thing.

        Never g / a of a USL that falls: that lies beyond its peak, where nobody will ever be.
        """
        match self.law.name, self.values:
            case "asymptote", (_, ceiling):
                return ceiling
            case "amdahl", (gamma, alpha) if alpha > 0:
                return gamma / alpha
            case "usl", (gamma, alpha, beta) if beta == 0 and alpha > 0:
                return gamma / alpha
        peak = self.peak_size
        return None if peak is None else self.at(peak)

    def at(self, size: float) -> float:
        """X at this size."""
        return float(self.law.function(np.array([size], dtype=float), self.values)[0])


def fit_law(
    name: Name, sizes: Sequence[float], rates: Sequence[float], weights: Sequence[float] | None = None
) -> Fit:
    """Fit one law.

    Args:
        name: of `LAWS`.
        sizes: N, above 0.
        rates: X at these sizes, above 0; several at one size are replications.
        weights: one over the standard deviation of each rate; None weighs all alike.

    Raises:
        FitError: the measurements do not support a fit.
    """
    n, x = checked(sizes, rates)
    law = LAWS[name]
    weigh = np.ones_like(x) if weights is None else np.asarray(weights, dtype=float)
    values = _best_asymptote(n, x, weigh) if name == "asymptote" else _least_squares(law, n, x, weigh)
    return _described(law, values, n, x, weigh)


def fit_all(
    sizes: Sequence[float], rates: Sequence[float], weights: Sequence[float] | None = None
) -> tuple[Fit, ...]:
    """Every law, the one that the data support best first: simpler ones before others that are hardly better.

    Raises:
        FitError: see `fit_law`.
    """
    fits = [fit_law(name, sizes, rates, weights) for name in LAWS]
    best_aicc = min(fit.aicc for fit in fits)
    good = [fit for fit in fits if fit.aicc <= best_aicc + MUCH_BETTER]
    best = min(good, key=lambda fit: (len(fit.parameters), fit.aicc))
    rest = sorted((fit for fit in fits if fit is not best), key=lambda fit: fit.aicc)
    return (best, *rest)


def band(fit: Fit, sizes: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Where a new measurement is expected with 95 %, at each size: the law's doubt and the scatter of the points.

    Empty where the fit has no degrees of freedom left.
    """
    error = fit.residual_error
    if error is None:
        return ()
    n = np.asarray(fit.sizes)
    covariance = _covariance(fit.law, fit.values, n, np.ones_like(n)) * error**2
    wanted = np.asarray(sizes, dtype=float)
    slopes = _slopes(fit.law, fit.values, wanted)
    variance = np.einsum("ij,jk,ik->i", slopes, covariance, slopes) + error**2
    half = stats.t.ppf((1 + CONFIDENCE) / 2, fit.degrees_of_freedom) * np.sqrt(variance)
    middle = fit.law.function(wanted, fit.values)
    return tuple((float(low), float(high)) for low, high in zip(middle - half, middle + half, strict=True))


def _least_squares(law: Law, n: Numbers, x: Numbers, weigh: Numbers) -> tuple[float, ...]:
    """The best of several starts. X is scaled to 1, so that all parameters are of ordinary size."""
    scale = float(np.max(x / n))
    starts = product((1.0,), *_STARTS[: len(law.parameters) - 1])
    found = [
        optimize.least_squares(
            lambda values: weigh * (law.function(n, values) - x / scale),
            start,
            bounds=(law.lower, law.upper),
            xtol=1e-15,
            ftol=1e-15,
            gtol=1e-15,
            x_scale="jac",
        )
        for start in starts
    ]
    best = min(found, key=lambda result: result.cost).x
    values = [0.0 if value < _ON_BOUND else float(value) for value in best]
    return (values[0] * scale, *values[1:])


def _best_asymptote(n: Numbers, x: Numbers, weigh: Numbers) -> tuple[float, ...]:
    """Exact: for each place of the knee the best line before it and the best level after it."""
    order = np.argsort(n, kind="stable")
    n, x, squared = n[order], x[order], weigh[order] ** 2
    best, least = (float(np.sum(squared * n * x) / np.sum(squared * n * n)), float(np.max(x))), np.inf
    for knee in range(1, len(n)):
        before, after = slice(0, knee), slice(knee, None)
        gamma = float(np.sum((squared * n * x)[before]) / np.sum((squared * n * n)[before]))
        ceiling = float(np.sum((squared * x)[after]) / np.sum(squared[after]))
        error = float(np.sum(squared * (np.minimum(gamma * n, ceiling) - x) ** 2))
        if error < least:
            best, least = (gamma, ceiling), error
    return best


def _described(law: Law, values: tuple[float, ...], n: Numbers, x: Numbers, weigh: Numbers) -> Fit:
    residuals = x - law.function(n, values)
    squared = float(np.sum((weigh * residuals) ** 2))
    count, used = len(n), len(values)
    order = np.argsort(n, kind="stable")
    return Fit(
        law=law,
        parameters=_parameters(law, values, n, x, weigh, squared),
        sizes=tuple(n.tolist()),
        rates=tuple(x.tolist()),
        residuals=tuple(residuals.tolist()),
        squared_error=squared,
        degrees_of_freedom=count - used,
        aicc=_aicc(squared, count, used + 1),
        runs_p=runs_test([float(residuals[place]) for place in order]),
    )


def _aicc(squared: float, count: int, used: int) -> float:
    if count - used - 1 <= 0:
        return float("inf")
    return count * float(np.log(max(squared, 1e-300) / count)) + 2 * used + 2 * used * (used + 1) / (count - used - 1)


def _parameters(
    law: Law, values: tuple[float, ...], n: Numbers, x: Numbers, weigh: Numbers, squared: float
) -> tuple[Parameter, ...]:
    at_bound = [place > 0 and value == law.lower[place] for place, value in enumerate(values)]
    degrees = len(n) - len(values)
    if degrees <= 0:
        nan = float("nan")
        return tuple(map(Parameter, law.parameters, values, repeat(None), repeat(nan), repeat(nan), at_bound))
    errors = np.sqrt(np.diag(_covariance(law, values, n, weigh)) * squared / degrees)
    half_widths = float(stats.t.ppf((1 + CONFIDENCE) / 2, degrees)) * errors
    return tuple(
        Parameter(name, value, None, value, _one_sided(law, place, values, n, x, weigh, squared), is_at_bound=True)
        if at_bound[place]
        else Parameter(
            name,
            value,
            float(errors[place]),
            value - float(half_widths[place]),
            value + float(half_widths[place]),
            is_at_bound=False,
        )
        for place, (name, value) in enumerate(zip(law.parameters, values, strict=True))
    )


def _one_sided(
    law: Law, place: int, values: tuple[float, ...], n: Numbers, x: Numbers, weigh: Numbers, squared: float
) -> float:
    """How large the parameter may be before the error grows beyond chance: from its profile."""
    degrees = max(1, len(n) - len(values))
    allowed = squared * (1 + float(stats.t.ppf(CONFIDENCE, degrees)) ** 2 / degrees)
    scale = float(np.max(x / n))
    others = [other for other in range(len(values)) if other != place]

    def error_beyond(value: float) -> float:
        def residuals(free: Numbers) -> Numbers:
            whole = np.insert(free, place, value)
            return np.asarray(weigh * (law.function(n, whole) * scale - x))

        start = [values[other] / (scale if other == 0 else 1) for other in others]
        bounds = ([law.lower[other] for other in others], [law.upper[other] for other in others])
        found = optimize.least_squares(residuals, np.maximum(start, 1e-12), bounds=bounds)
        return float(2 * found.cost) - allowed

    high = 1e-6
    while error_beyond(high) < 0 and high < 1:
        high *= 4
    return float(optimize.brentq(error_beyond, 0.0, high, xtol=1e-10)) if error_beyond(0.0) < 0 else high


def _slopes(law: Law, values: tuple[float, ...], n: Numbers) -> Numbers:
    """Of X by each parameter, by central differences."""
    columns = []
    for place, value in enumerate(values):
        step = 1e-6 * max(abs(value), 1e-4)
        above, below = list(values), list(values)
        above[place], below[place] = value + step, value - step
        columns.append((law.function(n, above) - law.function(n, below)) / (2 * step))
    return np.stack(columns, axis=1)


def _covariance(law: Law, values: tuple[float, ...], n: Numbers, weigh: Numbers) -> Numbers:
    """Of all parameters, for residuals of variance 1. One at its bound counts as free: it may well lie above it."""
    slopes = _slopes(law, values, n) * weigh[:, None]
    return np.asarray(np.linalg.pinv(slopes.T @ slopes))
