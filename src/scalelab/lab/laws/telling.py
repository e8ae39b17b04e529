"""A fit in words and as a document: which law, its numbers with their doubt, and what they mean. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scalelab.lab.analysis.laws.fitting import Fit, Parameter, fit_all
from scalelab.lab.analysis.laws.measured_points import caveats_of, weights_of
from scalelab.lab.laws.measurements import Series

_MEANINGS = {
    "linear": "each unit adds the same: nothing that the measurements reach is shared",
    "amdahl": "a share of the work is done one after the other, and in the end sets the limit",
    "usl": "units wait for one another: beyond the peak more of them make it slower",
    "asymptote": "each unit adds the same until something else is full",
}


@dataclass(frozen=True)
class FittedSeries:
    """One series, every law, the best one first."""

    series: Series
    fits: tuple[Fit, ...]
    caveats: tuple[str, ...]
    is_weighted: bool = False
    """Whether sizes weigh by the scatter of their repetitions."""

    @property
    def best(self) -> Fit:
        """The law that the measurements support."""
        return self.fits[0]


def fit_series(series: Series) -> FittedSeries:
    """Fit all laws.

    Raises:
        FitError: the measurements do not support a fit.
    """
    weights = weights_of(series.sizes, series.rates)
    fits = fit_all(series.sizes, series.rates, weights)
    caveats = (*caveats_of(series.sizes, series.rates), *_caveats_of_fit(fits[0]))
    return FittedSeries(series, fits, caveats, is_weighted=weights is not None)


def sentences_of(fitted: FittedSeries) -> tuple[str, ...]:
    """What a person wants to know."""
    best = fitted.best
    told = [f"{best.law.name} describes it best ({best.law.formula}): {_MEANINGS[best.law.name]}."]
    if best.peak_size is not None:
        told.append(f"Throughput is greatest at N = {best.peak_size:.3g}, with {best.at(best.peak_size):.4g}.")
        if best.peak_size > max(best.sizes):
            told.append(f"That lies beyond the largest size measured, {max(best.sizes):g}: measure there first.")
    elif best.ceiling is not None:
        told.append(f"Throughput stays below {best.ceiling:.4g}, however large N is.")
    nxt = max(best.sizes) + 1
    gain = best.at(nxt) - best.at(max(best.sizes))
    told.append(f"One more than the {max(best.sizes):g} measured would add {gain:.3g}, to {best.at(nxt):.4g}.")
    if fitted.is_weighted:
        told.append("Sizes weigh by the scatter of their repetitions.")
    return (*told, *(f"Caution: {caveat}." for caveat in fitted.caveats))


def document_of(fitted: FittedSeries) -> dict[str, Any]:
    """For scripts. `model` is the law that the data support; what follows is of the USL, whichever that is.

    `alpha`: contention, `beta`: crosstalk, `gamma`: X of one unit alone; each with `_ci95`, low and high, null where
    there is none. `peak_n`, `peak_x`: null when it never falls. `limit_x`: gamma / alpha, which lies beyond the peak
    and is no optimum; null without contention. `fits` has every law.
    """
    usl = next(fit for fit in fitted.fits if fit.law.name == "usl")
    named = {parameter.name: parameter for parameter in usl.parameters}
    peak_n, alpha = usl.peak_size, named["alpha"].value
    return {
        "series": fitted.series.name,
        "model": fitted.best.law.name,
        **{name: parameter.value for name, parameter in named.items()},
        **{f"{name}_ci95": [_finite(one.low), _finite(one.high)] for name, one in named.items()},
        "peak_n": peak_n,
        "peak_x": None if peak_n is None else usl.at(peak_n),
        "limit_x": named["gamma"].value / alpha if alpha > 0 else None,
        "n": list(fitted.series.sizes),
        "x": list(fitted.series.rates),
        "best": fitted.best.law.name,
        "weighted": fitted.is_weighted,
        "fits": [_fit_document(fit) for fit in fitted.fits],
        "caveats": list(fitted.caveats),
    }


def documents_of(fitted: Sequence[FittedSeries]) -> dict[str, Any]:
    """Of all series; of a single one its keys stand at the top, too."""
    documents = [document_of(one) for one in fitted]
    return {**(documents[0] if len(documents) == 1 else {}), "series": documents}


def parameter_text(parameter: Parameter) -> str:
    """Value and interval: `0.0277 (0.0024 to 0.0531)`, or what its bound is."""
    if parameter.is_at_bound:
        return f"{parameter.value:.4g} (at its bound; below {parameter.high:.2g})"
    if parameter.standard_error is None:
        return f"{parameter.value:.4g} (no interval: as many parameters as points)"
    return f"{parameter.value:.4g} ({parameter.low:.3g} to {parameter.high:.3g})"


def _caveats_of_fit(fit: Fit) -> Sequence[str]:
    told = []
    if fit.is_autocorrelated:
        told.append(
            f"the residuals hang together (chance {fit.runs_p:.2g}): the law misses a shape of the measurements"
        )
    if fit.residual_error is None:
        told.append("there are as many parameters as points: the curve goes through them whatever they are")
    return told


def _fit_document(fit: Fit) -> dict[str, Any]:
    return {
        "law": fit.law.name,
        "formula": fit.law.formula,
        "parameters": {
            parameter.name: {
                "value": parameter.value,
                "standard_error": parameter.standard_error,
                "low": _finite(parameter.low),
                "high": _finite(parameter.high),
                "at_bound": parameter.is_at_bound,
            }
            for parameter in fit.parameters
        },
        "degrees_of_freedom": fit.degrees_of_freedom,
        "residual_standard_error": fit.residual_error,
        "aicc": _finite(fit.aicc),
        "runs_test_p": fit.runs_p,
        "peak_n": fit.peak_size,
        "ceiling_x": fit.ceiling,
        "residuals": list(fit.residuals),
    }


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None
