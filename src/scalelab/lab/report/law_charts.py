"""Throughput against load or size, with the law that fits and the band where a new point is expected. Pure."""

from collections.abc import Iterator, Sequence

from scalelab.lab.analysis.laws.fitting import band
from scalelab.lab.analysis.laws.measured_points import FitError
from scalelab.lab.laws.drawing import law_layers, law_words
from scalelab.lab.laws.measurements import Series
from scalelab.lab.laws.telling import FittedSeries, fit_series
from scalelab.lab.report import figures as shown
from scalelab.lab.report.chart_style import NamedChart, heading, styled
from scalelab.lab.report.comparisons import Comparison, comparisons_of
from scalelab.lab.report.scenario_figures import ScenarioFigures
from scalelab.lab.report.table import Table

LEAST_SIZES = 4
"""Fewer are no curve: every law would fit them."""


def law_charts(scenarios: Sequence[ScenarioFigures]) -> tuple[NamedChart, ...]:
    """One for each series of valid scenarios that differ in one number only, four of them at least."""
    valid = [scenario for scenario in scenarios if scenario.is_valid and scenario.rates_per_s]
    return tuple(_charts(comparisons_of(valid)))


def _charts(comparisons: Sequence[Comparison]) -> Iterator[NamedChart]:
    for number, comparison in enumerate(filter(_is_curve, comparisons), start=1):
        series = Series(
            comparison.factor,
            tuple(
                float(one.first.factors[comparison.factor]) for one in comparison.scenarios for _ in one.rates_per_s
            ),
            tuple(rate for one in comparison.scenarios for rate in one.rates_per_s),
        )
        try:
            fitted = fit_series(series)
        except FitError:
            continue
        title = f"Throughput against {comparison.factor}"
        chart = law_layers(fitted, comparison.factor, "Throughput (requests/s)").properties(
            width=600,
            height=320,
            title=heading(title, [law_words(fitted), *_others(comparison)]),
        )
        pairs = zip(series.sizes, series.rates, strict=True)
        points = "; ".join(f"{size:g}: {shown.rate(rate)}/s" for size, rate in pairs)
        name = f"law_{number}_{comparison.factor.replace('.', '_')}"
        table = _table(comparison.factor, series, fitted)
        yield NamedChart(name, styled(chart), title, f"{title}. {points}", table)


def _table(factor: str, series: Series, fitted: FittedSeries) -> Table:
    """What was measured, and the law and its band there."""
    best = fitted.best
    ends = band(best, series.sizes)
    bands = [f"{shown.rate(max(0.0, low))} to {shown.rate(high)}" for low, high in ends]
    points = zip(series.sizes, series.rates, bands or [shown.ABSENT] * len(series.sizes), strict=True)
    return Table(
        (factor, "Measured (requests/s)", f"By the law {best.law.name}", "95 % of new measurements"),
        tuple((f"{size:g}", shown.rate(rate), shown.rate(best.at(size)), told) for size, rate, told in points),
    )


def _is_curve(comparison: Comparison) -> bool:
    values = [scenario.first.factors[comparison.factor] for scenario in comparison.scenarios]
    is_numeric = all(isinstance(value, int | float) and not isinstance(value, bool) and value > 0 for value in values)
    return is_numeric and len(set(values)) >= LEAST_SIZES


def _others(comparison: Comparison) -> list[str]:
    """The factors that stayed, of the first scenario as of all."""
    kept = {name: value for name, value in comparison.baseline.first.factors.items() if name != comparison.factor}
    return [", ".join(f"{name} = {value}" for name, value in kept.items())] if kept else []
